#include <cmath>

#include "reward/builtin/answer_verifier.h"
#include "reward/builtin/entry.h"
#include "reward/number_literal.h"

namespace winnow::reward {
namespace {

// Behind the last `=` or \approx: `x = 35 + 1 = 36` gives 36.
std::string_view LastOfChain(std::string_view text) {
  for (std::string_view sign : {"=", "\\approx", "\xE2\x89\x88"}) {
    const size_t at = text.rfind(sign);
    if (at != std::string_view::npos) text = text.substr(at + sign.size());
  }
  return text;
}

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Does `text`, what stands beside a number, leave its value alone? Words, units and text commands
// do (`7 apples`, `14\text{ cm}`); operators, other commands and variables do not (`\sqrt{5}`,
// `5x`).
bool IsWording(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (IsLetter(c)) {
      size_t end = at;
      while (end < text.size() && IsLetter(text[end])) ++end;
      const bool word =
          end - at > 1 || std::string_view("mgshlLaAI").find(c) != std::string_view::npos;
      if (!word) return false;
      at = end;
    } else if (c == '\\') {
      size_t end = at + 1;
      while (end < text.size() && IsLetter(text[end])) ++end;
      const std::string_view command = text.substr(at, end - at);
      const bool spacing = command.size() == 1 && end < text.size() &&
                           std::string_view(",;:! $").find(text[end]) != std::string_view::npos;
      if (!spacing && command != "\\text" && command != "\\mathrm" && command != "\\textbf" &&
          command != "\\mathbf" && command != "\\circ") {
        return false;
      }
      at = spacing ? end + 1 : end;
    } else {
      const std::string_view rest = text.substr(at);
      const bool unit = rest.starts_with("^\\circ") || rest.starts_with("^{\\circ}") ||
                        (at > 1 && (rest.starts_with("^2") || rest.starts_with("^{2}") ||
                                    rest.starts_with("^3") || rest.starts_with("^{3}")));
      if (!unit && std::string_view("^+*=<>|!_").find(c) != std::string_view::npos) return false;
      ++at;
    }
  }
  return true;
}

// The only number of `text`, if the rest is wording.
std::optional<NumberLiteral> OnlyNumber(std::string_view text) {
  std::optional<NumberLiteral> first = NextNumber(text, 0);
  if (!first || NextNumber(text, first->end)) return std::nullopt;
  if (!IsWording(text.substr(0, first->begin)) || !IsWording(text.substr(first->end))) {
    return std::nullopt;
  }
  return first;
}

// `text` as one number: the whole, the end of a chain of equations, or its only number.
std::optional<NumberLiteral> Read(std::string_view text) {
  if (text.size() > kMaxAnswerBytes) return std::nullopt;
  if (std::optional<NumberLiteral> whole = ReadNumber(text)) return whole;
  const std::string_view last = LastOfChain(text);
  if (std::optional<NumberLiteral> number = ReadNumber(last)) return number;
  return OnlyNumber(last);
}

bool IsExact(const NumberLiteral& number) {
  return !number.percent &&
         (number.form == NumberForm::kInteger || number.form == NumberForm::kFraction);
}

// |a − b| ≤ abs + rel·|b|, b the reference; integers and fractions are compared exactly, at any
// length.
class Numeric final : public AnswerVerifier {
 public:
  Numeric(Traits traits, AnswerOptions options, double abs, double rel)
      : AnswerVerifier(std::move(traits), std::move(options)), abs_(abs), rel_(rel) {}

 private:
  Verdict Judge(const Sample& sample, std::string_view text) const override {
    const std::optional<NumberLiteral> reference = ReadReference(sample.reference);
    if (!reference) return Verdict::Invalid("the reference is not a number");
    const std::optional<std::string_view> answer = Answer(text, AnswerForm::kNumber);
    if (!answer) return NoAnswer();
    const std::optional<NumberLiteral> given = Read(*answer);
    return Answered(given && SameNumber(*given, *reference) ? 1.0 : 0.0);
  }

  std::optional<NumberLiteral> ReadReference(std::string_view reference) const {
    for (std::string_view candidate :
         ReferenceCandidates(reference, options().extract, AnswerForm::kNumber)) {
      if (std::optional<NumberLiteral> number = Read(candidate)) return number;
    }
    return std::nullopt;
  }

  bool SameNumber(const NumberLiteral& a, const NumberLiteral& b) const {
    if (a.value.SameValue(b.value)) return true;
    if (IsExact(a) && IsExact(b)) return false;
    const double x = a.value.Approximate();
    const double y = b.value.Approximate();
    if (!std::isfinite(x) || !std::isfinite(y)) return false;
    return std::fabs(x - y) <= abs_ + rel_ * std::fabs(y);
  }

  const double abs_;
  const double rel_;
};

Result<std::unique_ptr<Verifier>> Make(OptionReader& options) {
  const double abs = options.Number("abs", 0.0, 1e300);
  const double rel = options.Number("rel", 0.0, 1.0);
  return std::unique_ptr<Verifier>(
      std::make_unique<Numeric>(Traits{.name = "numeric"}, ReadAnswerOptions(options), abs, rel));
}

}  // namespace

VerifierEntry NumericEntry() {
  return {"numeric", "equal number: |a - b| <= abs + rel * |b|, integers and fractions exactly",
          WithAnswerOptions({{"abs", "0", "absolute tolerance"},
                             {"rel", "1e-6", "tolerance relative to the reference"}}),
          Make};
}

}  // namespace winnow::reward
