#include "reward/number_literal.h"

#include <algorithm>
#include <string>
#include <utility>

namespace winnow::reward {
namespace {

constexpr uint32_t kMaxExponent = 10000;
constexpr size_t kMaxDigits = 4096;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// A cursor that reads one literal; every Take* moves only on success. Digits are only gathered
// while reading: their value costs more than their span, and a search needs the last value only.
class LiteralReader {
 public:
  LiteralReader(std::string_view text, size_t at) : text_(text), at_(at) {}

  // Sets all of the literal but its value.
  bool Read(NumberLiteral* literal) {
    literal->begin = at_;
    TakeSign(&negative_);
    TakeCurrency();
    if (!negative_) TakeSign(&negative_);
    if (!TakeBody()) return false;
    TakePercent();
    literal->end = at_;
    literal->form = form_;
    literal->percent = percent_;
    return true;
  }

  // REQUIRES: Read returned true.
  ExactNumber Value() const {
    ExactNumber value;
    value.negative = negative_;
    value.numerator = BigInteger::FromDigits(numerator_);
    value.denominator = BigInteger::FromDigits(denominator_);
    if (!whole_.empty()) {  // mixed: whole + numerator/denominator
      const BigInteger whole = BigInteger::FromDigits(whole_);
      value.numerator = value.numerator.Plus(whole.MultipliedBy(value.denominator));
    }
    BigInteger& scaled = negative_exponent_ ? value.denominator : value.numerator;
    scaled = scaled.TimesPowerOfTen(exponent_);
    value.denominator = value.denominator.TimesPowerOfTen(decimals_ + (percent_ ? 2 : 0));
    return value;
  }

 private:
  bool Take(std::string_view token) {
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  char At(size_t offset = 0) const {
    return at_ + offset < text_.size() ? text_[at_ + offset] : '\0';
  }
  void TakeSpaces() {
    while (At() == ' ') ++at_;
  }
  bool TakeSign(bool* negative) {
    if (Take("-") || Take("\xE2\x88\x92") || Take("\xE2\x80\x93")) {
      *negative = true;
      return true;
    }
    return Take("+");
  }
  void TakeCurrency() {
    // Dollar, euro, pound, yen.
    if (Take("\\$") || Take("$") || Take("\xE2\x82\xAC") || Take("\xC2\xA3") || Take("\xC2\xA5")) {
      TakeSpaces();
    }
  }
  bool TakeDigits(std::string* digits) {
    const size_t begin = at_;
    while (IsDigit(At())) ++at_;
    if (at_ - begin > kMaxDigits) return false;
    digits->append(text_.substr(begin, at_ - begin));
    return at_ > begin;
  }
  // One separator and three digits that no fourth follows.
  bool TakeThousands(std::string* digits) {
    const size_t begin = at_;
    const bool separator = Take("{,}") || Take(",\\!") || Take(",\\,") || Take("\\,") ||
                           Take("\\ ") || Take(",") || Take("\xE2\x80\xAF");
    if (separator && IsDigit(At()) && IsDigit(At(1)) && IsDigit(At(2)) && !IsDigit(At(3)) &&
        digits->size() < kMaxDigits) {
      digits->append(text_.substr(at_, 3));
      at_ += 3;
      return true;
    }
    at_ = begin;
    return false;
  }
  bool TakeSmallExponent() {
    const size_t begin = at_;
    bool negative = false;
    TakeSign(&negative);
    std::string digits;
    if (TakeDigits(&digits) && digits.size() <= 5 && std::stoul(digits) <= kMaxExponent) {
      exponent_ = static_cast<uint32_t>(std::stoul(digits));
      negative_exponent_ = negative;
      return true;
    }
    at_ = begin;
    return false;
  }
  // e-2, \times 10^{46}, x 10^5
  bool TakeExponent() {
    const size_t begin = at_;
    if ((Take("e") || Take("E")) && TakeSmallExponent()) {
      if (!IsLetter(At())) return true;
      exponent_ = 0;
    }
    at_ = begin;
    TakeSpaces();
    const bool times = Take("\\times") || Take("\\cdot") || Take("\xC3\x97") || Take("*") ||
                       Take("x") || Take("\xC2\xB7");
    TakeSpaces();
    if (times && (Take("10^") || Take("10**"))) {
      const bool braced = Take("{");
      if (TakeSmallExponent()) {
        if (!braced || Take("}")) return true;
        exponent_ = 0;
      }
    }
    at_ = begin;
    return false;
  }
  bool TakeFractionCommand() {
    return Take("\\frac") || Take("\\dfrac") || Take("\\tfrac") || Take("\\cfrac");
  }
  // \frac{a}{b}, \dfrac12: integers only.
  bool TakeLatexFraction(bool* negative) {
    const size_t begin = at_;
    bool over = false, under = false;
    std::string top, bottom;
    if (TakeFractionCommand() && TakeArgument(&top, &over) && TakeArgument(&bottom, &under)) {
      *negative = over != under;
      return SetFraction(top, bottom, begin);
    }
    at_ = begin;
    return false;
  }
  bool TakeArgument(std::string* digits, bool* negative) {
    TakeSpaces();
    if (IsDigit(At())) {
      digits->push_back(At());
      ++at_;
      return true;
    }
    if (!Take("{")) return false;
    TakeSign(negative);
    if (!TakeDigits(digits)) return false;
    while (TakeThousands(digits)) {
    }
    return Take("}");
  }
  // /12 behind the numerator; not 1/2/2024, not 5/x.
  bool TakeSlashDenominator(std::string* digits) {
    const size_t begin = at_;
    if (Take("/") && TakeDigits(digits) && !IsLetter(At()) && At() != '/') return true;
    at_ = begin;
    return false;
  }
  // Refuses a zero denominator and goes back to `begin`.
  bool SetFraction(const std::string& numerator, const std::string& denominator, size_t begin) {
    if (denominator.find_first_not_of('0') == std::string::npos) {
      at_ = begin;
      return false;
    }
    numerator_ = numerator;
    denominator_ = denominator;
    form_ = NumberForm::kFraction;
    return true;
  }
  bool TakeBody() {
    if (At() == '\\') {
      bool inner = false;
      if (!TakeLatexFraction(&inner)) return false;
      negative_ = negative_ != inner;
      return true;
    }
    std::string digits;
    if (At() == '0' && (At(1) == 'x' || At(1) == 'X') && IsDigit(At(2))) return false;
    if (!TakeDigits(&digits)) {
      if (At() != '.' || !IsDigit(At(1))) return false;
    } else if (digits.size() <= 3) {
      while (TakeThousands(&digits)) {
      }
    }
    return TakeMixed(digits) || TakeDecimal(std::move(digits));
  }
  // a/b, 2 1/2, 2\frac{1}{2}
  bool TakeMixed(const std::string& whole) {
    const size_t begin = at_;
    std::string numerator, denominator;
    if (whole.empty()) return false;
    if (TakeSlashDenominator(&denominator)) return SetFraction(whole, denominator, begin);
    while (At() == ' ' || (At() == '\\' && At(1) == ' ')) at_ += At() == ' ' ? 1 : 2;
    bool negative = false;
    const bool latex = At() == '\\' && TakeLatexFraction(&negative) && !negative;
    const bool plain = !latex && at_ == begin + 1 && IsDigit(At()) && TakeDigits(&numerator) &&
                       TakeSlashDenominator(&denominator) &&
                       SetFraction(numerator, denominator, begin);
    if (latex || plain) {
      whole_ = whole;
      return true;
    }
    numerator_.clear();
    denominator_ = "1";
    form_ = NumberForm::kInteger;
    at_ = begin;
    return false;
  }
  bool TakeDecimal(std::string digits) {
    if (At() == '.' && IsDigit(At(1))) {
      ++at_;
      const size_t before = digits.size();
      if (!TakeDigits(&digits)) return false;
      decimals_ = static_cast<uint32_t>(digits.size() - before);
      form_ = NumberForm::kDecimal;
    }
    numerator_ = std::move(digits);
    if (TakeExponent()) form_ = NumberForm::kScientific;
    return true;
  }
  void TakePercent() {
    const size_t begin = at_;
    while (At() == ' ' || (At() == '\\' && At(1) == ',')) at_ += At() == ' ' ? 1 : 2;
    percent_ = Take("%") || Take("\\%") || Take("percent");
    if (!percent_) at_ = begin;
  }

  const std::string_view text_;
  size_t at_;
  bool negative_ = false;
  std::string whole_;  // of a mixed number
  std::string numerator_;
  std::string denominator_ = "1";
  uint32_t decimals_ = 0;
  uint32_t exponent_ = 0;
  bool negative_exponent_ = false;
  bool percent_ = false;
  NumberForm form_ = NumberForm::kInteger;
};

// A sign at `at` belongs to the number only if nothing that could be a left operand stands before.
bool SignIsBinary(std::string_view text, size_t at) {
  if (at == 0) return false;
  const char adjacent = text[at - 1];
  if (IsLetter(adjacent)) return true;
  size_t before = at;
  while (before > 0 && (text[before - 1] == ' ' || text[before - 1] == '\t')) --before;
  if (before == 0) return false;
  const char c = text[before - 1];
  return IsDigit(c) || c == ')' || c == ']' || c == '}' || c == '-' || c == '+';
}

bool StartsInsideWord(std::string_view text, size_t at) {
  return at > 0 && (IsLetter(text[at - 1]) || text[at - 1] == '_' || text[at - 1] == '\\');
}

size_t SignSize(std::string_view text, size_t at) {
  const std::string_view rest = text.substr(at);
  if (rest.starts_with('-') || rest.starts_with('+')) return 1;
  if (rest.starts_with("\xE2\x88\x92") || rest.starts_with("\xE2\x80\x93")) return 3;
  return 0;
}

// The power of a unit or a variable: cm^2, x^{2}.
bool IsPowerOfWord(std::string_view text, size_t at) {
  if (at > 0 && text[at - 1] == '{') --at;
  if (at < 2 || text[at - 1] != '^') return false;
  const char base = text[at - 2];
  return IsLetter(base) || base == '}';
}

// The end of a run of digits and dots that is no number (digits of a word, a version 1.2.3).
size_t SkipWordDigits(std::string_view text, size_t at) {
  while (at < text.size() && (IsDigit(text[at]) || IsLetter(text[at]) || text[at] == '_')) ++at;
  return at;
}

bool MayStartBody(std::string_view text, size_t at) {
  const char c = text[at];
  if (IsDigit(c)) return true;
  if (c == '.') return at + 1 < text.size() && IsDigit(text[at + 1]);
  return c == '\\' &&
         (text.substr(at).starts_with("\\frac") || text.substr(at).starts_with("\\dfrac") ||
          text.substr(at).starts_with("\\tfrac") || text.substr(at).starts_with("\\cfrac"));
}

// Start of the literal whose body begins at `body`: currency and sign before it are taken in.
size_t StartOf(std::string_view text, size_t from, size_t body) {
  size_t start = body;
  const auto take_back = [&](std::string_view token) {
    if (start < from + token.size()) return false;
    if (text.substr(start - token.size(), token.size()) != token) return false;
    start -= token.size();
    return true;
  };
  const auto take_sign_back = [&] {
    for (std::string_view sign : {"-", "+", "\xE2\x88\x92", "\xE2\x80\x93"}) {
      const size_t at = start;
      if (!take_back(sign)) continue;
      if (!SignIsBinary(text, start)) return true;
      start = at;
    }
    return false;
  };
  if (take_sign_back()) {
    take_back("\\$") || take_back("$");
    return start;
  }
  const bool currency = take_back("\\$") || take_back("$") || take_back("\xE2\x82\xAC") ||
                        take_back("\xC2\xA3") || take_back("\xC2\xA5");
  if (currency) take_sign_back();
  return start;
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

// As NextNumber, without the value.
std::optional<NumberLiteral> NextSpan(std::string_view text, size_t from) {
  for (size_t at = from; at < text.size();) {
    if (!MayStartBody(text, at)) {
      ++at;
      continue;
    }
    if (text[at] != '\\' && (StartsInsideWord(text, at) || IsPowerOfWord(text, at))) {
      at = std::max(at + 1, SkipWordDigits(text, at));
      continue;
    }
    NumberLiteral literal;
    if (LiteralReader(text, StartOf(text, from, at)).Read(&literal)) return literal;
    at = std::max(at + 1, SkipWordDigits(text, at));
  }
  return std::nullopt;
}

void SetValue(std::string_view text, NumberLiteral* literal) {
  LiteralReader reader(text, literal->begin);
  reader.Read(literal);
  literal->value = reader.Value();
}

}  // namespace

std::optional<NumberLiteral> NextNumber(std::string_view text, size_t from) {
  std::optional<NumberLiteral> next = NextSpan(text, from);
  if (next) SetValue(text, &*next);
  return next;
}

std::optional<NumberLiteral> LastNumber(std::string_view text) {
  std::optional<NumberLiteral> last;
  for (std::optional<NumberLiteral> next = NextSpan(text, 0); next;
       next = NextSpan(text, next->end)) {
    last = next;
  }
  if (last) SetValue(text, &*last);
  return last;
}

std::optional<NumberLiteral> ReadNumber(std::string_view text) {
  text = Trimmed(text);
  if (text.size() > 2 && text.front() == '$' && text.back() == '$') {
    text = Trimmed(text.substr(1, text.size() - 2));
  }
  if (!text.empty() && text.back() == '.') text = Trimmed(text.substr(0, text.size() - 1));
  const size_t sign = text.empty() ? 0 : SignSize(text, 0);
  std::string joined;  // Owns the text of a detached sign.
  if (sign > 0 && sign < text.size() && text[sign] == ' ') {
    joined = std::string(text.substr(0, sign)) + std::string(Trimmed(text.substr(sign)));
    text = joined;
  }
  LiteralReader reader(text, 0);
  NumberLiteral literal;
  if (!reader.Read(&literal) || literal.end != text.size()) return std::nullopt;
  literal.value = reader.Value();
  return literal;
}

}  // namespace winnow::reward
