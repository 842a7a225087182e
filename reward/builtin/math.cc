#include "reward/builtin/answer_verifier.h"
#include "reward/builtin/entry.h"
#include "reward/math/compare.h"
#include "reward/math/parser.h"
#include "reward/number_literal.h"

namespace winnow::reward {
namespace {

// Equal as mathematics: see math/parser.h for what is read and math/compare.h for what is equal.
class Math final : public AnswerVerifier {
 public:
  Math(Traits traits, AnswerOptions options, math::CompareOptions compare)
      : AnswerVerifier(std::move(traits), std::move(options)), compare_(compare) {}

 private:
  Verdict Judge(const Sample& sample, std::string_view text) const override {
    const std::optional<math::Expression> gold = ReadReference(sample.reference);
    if (!gold) return Verdict::Invalid("the reference cannot be read");
    const std::optional<std::string_view> answer = Answer(text, AnswerForm::kMath);
    if (!answer) return NoAnswer();
    const math::Expression given = math::Read(*answer);
    if (given.too_large) return NoAnswer();
    math::StepBudget budget;
    return Answered(math::AreEqual(*gold, given, compare_, budget) ? 1.0 : 0.0);
  }

  // The first candidate that is a formula, else the first one as text.
  std::optional<math::Expression> ReadReference(std::string_view reference) const {
    std::optional<math::Expression> text;
    for (std::string_view candidate :
         ReferenceCandidates(reference, options().extract, AnswerForm::kMath)) {
      if (candidate.size() > kMaxAnswerBytes) continue;
      math::Expression expression = math::Read(candidate);
      if (expression.too_large) continue;
      if (expression.root->kind != math::Kind::kText) return expression;
      if (!text && !expression.plain_text.empty()) text = std::move(expression);
    }
    return text;
  }

  const math::CompareOptions compare_;
};

Result<std::unique_ptr<Verifier>> Make(OptionReader& options) {
  const math::CompareOptions compare{
      .require_units = options.Choice("units", {"ignore", "require"}) == 1,
      .percent_either = options.Choice("percent", {"value", "either"}) == 1,
      .ordered = options.Bool("ordered"),
      .rel = options.Number("rel", 0.0, 1.0)};
  return std::unique_ptr<Verifier>(
      std::make_unique<Math>(Traits{.name = "math"}, ReadAnswerOptions(options), compare));
}

}  // namespace

VerifierEntry MathEntry() {
  return {"math", "equal as mathematics: numbers, LaTeX formulas, sets, intervals, units, text",
          WithAnswerOptions({{"units", "ignore", "ignore | require"},
                             {"percent", "either", "value | either: 50 % is 0.5, or also 50"},
                             {"ordered", "false", "sets and bare lists count in their order"},
                             {"rel", "0", "relative tolerance of real numbers"}}),
          Make};
}

}  // namespace winnow::reward
