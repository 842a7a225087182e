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

// `text` as one number: the whole, the end of a chain of equations, or its only number.
std::optional<NumberLiteral> Read(std::string_view text) {
  if (text.size() > kMaxAnswerBytes) return std::nullopt;
  if (std::optional<NumberLiteral> whole = ReadNumber(text)) return whole;
  const std::string_view last = LastOfChain(text);
  if (std::optional<NumberLiteral> number = ReadNumber(last)) return number;
  std::optional<NumberLiteral> first = NextNumber(last, 0);
  if (!first || NextNumber(last, first->end)) return std::nullopt;
  return first;
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
  return std::unique_ptr<Verifier>(std::make_unique<Numeric>(
      Traits{.name = "numeric"}, ReadAnswerOptions(options), abs, rel));
}

}  // namespace

VerifierEntry NumericEntry() {
  return {"numeric", "equal number: |a - b| <= abs + rel * |b|, integers and fractions exactly",
          WithAnswerOptions({{"abs", "0", "absolute tolerance"},
                             {"rel", "1e-6", "tolerance relative to the reference"}}),
          Make};
}

}  // namespace winnow::reward
