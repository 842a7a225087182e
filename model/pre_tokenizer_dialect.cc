#include "model/pre_tokenizer_dialect.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include "base/format.h"
#include "model/unicode.h"

namespace winnow::model {
namespace {

// General categories mean the same to both; scripts and binary properties may not.
constexpr std::array<std::string_view, 37> kProperties = {
    "L",  "Lu", "Ll", "Lt", "Lm", "Lo", "M",  "Mn", "Mc", "Me", "N",  "Nd", "Nl",
    "No", "P",  "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S",  "Sm", "Sc", "Sk",
    "So", "Z",  "Zs", "Zl", "Zp", "C",  "Cc", "Cf", "Cs", "Co", "Cn"};

bool IsAsciiPunctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Walks the pattern once and copies it; holds the position and the first error.
class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  Result<std::string> Run() {
    while (at_ < pattern_.size()) WINNOW_RETURN_IF_ERROR(Outside());
    return std::move(out_);
  }

 private:
  Status Refuse(std::string_view construct) const {
    return InvalidArgument(Format("pattern construct `{}` is not supported at byte {} of `{}`",
                                  construct, at_, pattern_));
  }
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0';
  }
  bool StartsWith(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }
  void Copy(size_t count) {
    out_ += pattern_.substr(at_, count);
    at_ += count;
  }

  // One construct outside of a class.
  Status Outside() {
    switch (Peek()) {
      case '\\': {
        WINNOW_RETURN_IF_ERROR(Escape(nullptr));
        return Status();
      }
      case '[':
        return Class();
      case '(':
        return Group();
      case '{':
        return Interval();
      default:
        Copy(DecodeUtf8(pattern_, at_).size_bytes);
        return Status();
    }
  }

  Status Group() {
    for (std::string_view opening : {"(?:", "(?i:", "(?=", "(?!", "(?<=", "(?<!", "(?>"}) {
      if (StartsWith(opening)) {
        Copy(opening.size());
        return Status();
      }
    }
    if (Peek(1) == '?' || Peek(1) == '*') return Refuse(pattern_.substr(at_, 4));
    Copy(1);
    return Status();
  }

  // {n}, {n,} and {n,m}. Ruby reads "{,m}" and "{n,m}+" in its own way.
  Status Interval() {
    size_t end = at_ + 1;
    while (end < pattern_.size() && IsDigit(pattern_[end])) ++end;
    if (end == at_ + 1) return Refuse("{");
    bool exact = true;
    if (end < pattern_.size() && pattern_[end] == ',') {
      exact = false;
      ++end;
      while (end < pattern_.size() && IsDigit(pattern_[end])) ++end;
    }
    if (end >= pattern_.size() || pattern_[end] != '}') return Refuse("{");
    const char next = end + 1 < pattern_.size() ? pattern_[end + 1] : '\0';
    if (next == '+' || (exact && next == '?')) {
      return Refuse(pattern_.substr(at_, end + 2 - at_));
    }
    Copy(end + 1 - at_);
    return Status();
  }

  // One escape; `*literal` becomes its code point if it stands for one character.
  Status Escape(std::optional<uint32_t>* literal) {
    const char kind = Peek(1);
    switch (kind) {
      case 'p':
      case 'P':
        return Property();
      case 's':
      case 'S':
      case 'd':
      case 'D':
        Copy(2);
        return Status();
      case 'A':
      case 'z':
        if (literal != nullptr) return Refuse(pattern_.substr(at_, 2));
        Copy(2);
        return Status();
      case 'n':
      case 'r':
      case 't':
      case 'f':
        if (literal != nullptr) *literal = static_cast<uint32_t>(' ');  // no stand-in either way
        Copy(2);
        return Status();
      case 'x':
      case 'u':
        return Hexadecimal(literal);
      default:
        if (!IsAsciiPunctuation(kind) && kind != ' ') return Refuse(pattern_.substr(at_, 2));
        if (literal != nullptr) *literal = static_cast<uint32_t>(kind);
        Copy(2);
        return Status();
    }
  }

  Status Property() {
    const size_t close = pattern_.find('}', at_);
    if (Peek(2) != '{' || close == std::string_view::npos) return Refuse(pattern_.substr(at_, 3));
    const std::string_view name = pattern_.substr(at_ + 3, close - at_ - 3);
    for (std::string_view known : kProperties) {
      if (name == known) {
        Copy(close + 1 - at_);
        return Status();
      }
    }
    return Refuse(pattern_.substr(at_, close + 1 - at_));
  }

  // \xHH below 80, \x{H...} and \uHHHH, all written as \x{H...}.
  Status Hexadecimal(std::optional<uint32_t>* literal) {
    const bool braces = Peek(1) == 'x' && Peek(2) == '{';
    const size_t begin = at_ + (braces ? 3 : 2);
    const size_t close = braces ? pattern_.find('}', begin) : begin + (Peek(1) == 'x' ? 2 : 4);
    if (close == std::string_view::npos || close > pattern_.size()) return Refuse("\\x");
    const std::string_view digits = pattern_.substr(begin, close - begin);
    uint32_t value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    const bool is_byte = Peek(1) == 'x' && !braces;
    if (error != std::errc() || end != digits.data() + digits.size() || value > 0x10FFFF ||
        (value >= 0xD800 && value < 0xE000) || (is_byte && value >= 0x80)) {
      return Refuse(pattern_.substr(at_, close - at_ + (braces ? 1 : 0)));
    }
    if (literal != nullptr) *literal = value;
    if (literal == nullptr && AnyHasStandIn(value, value)) return Refuse("\\x");
    out_ += Format("\\x{{{:X}}}", value);
    at_ = close + (braces ? 1 : 0);
    return Status();
  }

  Status Class() {
    Copy(1);
    if (Peek() == '^') Copy(1);
    if (Peek() == ']') return Refuse("[]");
    std::optional<uint32_t> previous;  // the character before, if it may begin a range
    while (at_ < pattern_.size() && Peek() != ']') {
      if (StartsWith("[")) return Refuse(pattern_.substr(at_, 2));
      if (StartsWith("&&")) return Refuse("&&");
      if (Peek() == '-' && previous.has_value() && Peek(1) != ']') {
        Copy(1);
        std::optional<uint32_t> last;
        WINNOW_RETURN_IF_ERROR(ClassItem(&last));
        if (!last.has_value()) return Refuse("-");
        if (AnyHasStandIn(*previous, *last)) return Refuse("range of new characters");
        previous.reset();
        continue;
      }
      WINNOW_RETURN_IF_ERROR(ClassItem(&previous));
      if (previous.has_value() && AnyHasStandIn(*previous, *previous)) {
        return Refuse("new character");
      }
    }
    if (at_ >= pattern_.size()) return Refuse("[");
    Copy(1);
    return Status();
  }

  // One character or escape of a class; `*literal` is set if it is a single character.
  Status ClassItem(std::optional<uint32_t>* literal) {
    literal->reset();
    if (Peek() == '\\') return Escape(literal);
    if (Peek() == '[') return Refuse("[");
    const DecodedChar next = DecodeUtf8(pattern_, at_);
    *literal = next.code_point;
    Copy(next.size_bytes);
    return Status();
  }

  const std::string_view pattern_;
  size_t at_ = 0;
  std::string out_;
};

}  // namespace

Result<std::string> TranslateOniguruma(std::string_view pattern) {
  constexpr size_t kMaxPatternBytes = 16384;
  if (pattern.size() > kMaxPatternBytes) {
    return InvalidArgument(
        Format("pattern must have at most {} bytes: {}", kMaxPatternBytes, pattern.size()));
  }
  if (!IsValidUtf8(pattern)) return InvalidArgument("pattern must be UTF-8");
  if (pattern.find('\0') != std::string_view::npos) {
    return InvalidArgument("pattern must not hold a NUL character");
  }
  return Translator(pattern).Run();
}

}  // namespace winnow::model
