#include <nlohmann/json.hpp>

#include "base/format.h"
#include "orchestrator/problems/registry.h"

namespace winnow::orchestrator {
namespace {

struct Expression {
  std::vector<int64_t> operands;
  std::string ops;  // one less than operands
};

// The value, products first. Operands have at most 9 digits: a product of three is the longest that
// surely fits, so nullopt beyond ±10^18.
std::optional<int64_t> ValueOf(const Expression& expression) {
  constexpr int64_t kLimit = 1'000'000'000'000'000'000;
  int64_t sum = 0;
  int64_t product = expression.operands[0];
  int64_t sign = 1;
  for (size_t i = 0; i < expression.ops.size(); ++i) {
    const int64_t next = expression.operands[i + 1];
    if (expression.ops[i] == '*') {
      if (__builtin_mul_overflow(product, next, &product) || product > kLimit) return std::nullopt;
      continue;
    }
    sum += sign * product;
    sign = expression.ops[i] == '+' ? 1 : -1;
    product = next;
    if (sum > kLimit || sum < -kLimit) return std::nullopt;
  }
  return sum + sign * product;
}

std::string TextOf(const Expression& expression, std::string_view space) {
  std::string text = Format("{}", expression.operands[0]);
  for (size_t i = 0; i < expression.ops.size(); ++i) {
    text += Format("{}{}{}{}", space, expression.ops[i], space, expression.operands[i + 1]);
  }
  return text;
}

// Sums, differences and products of a chain of natural numbers.
class ChainSum final : public ProblemFamily {
 public:
  explicit ChainSum(DifficultyReader& difficulty)
      : terms_(difficulty.Range("terms", {2, 4}, {2, 16})),
        digits_(difficulty.Range("digits", {1, 2}, {1, 9})),
        ops_(difficulty.Letters("ops", "+-", "+-*")),
        negative_(difficulty.Word("negative", "yes", {"yes", "no"}) == "yes"),
        style_(difficulty.Word("style", "long", {"long", "plain", "short"})) {}

  std::string name() const override { return "chain_sum"; }

  std::optional<Problem> Make(KeyedDraws& draws) const override {
    Expression expression;
    const int64_t terms = draws.Between(terms_.low, terms_.high);
    int64_t most_digits = 0;
    for (int64_t i = 0; i < terms; ++i) {
      const int64_t digits = draws.Between(digits_.low, digits_.high);
      most_digits = std::max(most_digits, digits);
      expression.operands.push_back(Operand(draws, digits));
      if (i > 0) expression.ops += ops_[draws.Below(ops_.size())];
    }
    const std::optional<int64_t> value = ValueOf(expression);
    if (!value || (*value < 0 && !negative_)) return std::nullopt;
    Problem problem;
    problem.prompt = PromptOf(expression);
    problem.answer = Format("{}", *value);
    problem.level = Format("t{}d{}", terms, most_digits);
    problem.difficulty_json =
        nlohmann::ordered_json{{"terms", terms}, {"digits", most_digits}}.dump();
    problem.metadata_json = nlohmann::json{{"expression", TextOf(expression, " ")}}.dump();
    return problem;
  }

 private:
  static int64_t Operand(KeyedDraws& draws, int64_t digits) {
    int64_t low = 1;
    for (int64_t i = 1; i < digits; ++i) low *= 10;
    return draws.Between(digits == 1 ? 0 : low, low * 10 - 1);
  }
  std::string PromptOf(const Expression& expression) const {
    if (style_ == "short") return TextOf(expression, "") + "=";
    if (style_ == "plain") return TextOf(expression, " ") + " =";
    return Format("Work out the following and give the final answer as a number: {} =",
                  TextOf(expression, " "));
  }

  const IntegerRange terms_, digits_;
  const std::string ops_;
  const bool negative_;
  const std::string style_;
};

}  // namespace

std::unique_ptr<ProblemFamily> MakeChainSum(DifficultyReader& difficulty) {
  return std::make_unique<ChainSum>(difficulty);
}

}  // namespace winnow::orchestrator
