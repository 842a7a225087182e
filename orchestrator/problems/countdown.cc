#include <nlohmann/json.hpp>

#include "base/format.h"
#include "orchestrator/problems/registry.h"

namespace winnow::orchestrator {
namespace {

// A partial solution: its value and text, with the weakest operator outside brackets.
struct Term {
  int64_t value = 0;
  std::string text;
  char op = 0;  // 0: a number
};

std::string Bracketed(const Term& term, bool needed) {
  return needed ? "(" + term.text + ")" : term.text;
}

bool IsSum(const Term& term) { return term.op == '+' || term.op == '-'; }

// a op b, if its value is a positive integer of modest size.
std::optional<Term> Combine(const Term& a, const Term& b, char op) {
  int64_t value = 0;
  if (op == '+') value = a.value + b.value;
  if (op == '-') value = a.value - b.value;
  if (op == '*') value = a.value * b.value;
  if (op == '/') {
    if (b.value == 0 || a.value % b.value != 0) return std::nullopt;
    value = a.value / b.value;
  }
  if (value <= 0 || value > 1'000'000) return std::nullopt;
  const bool product = op == '*' || op == '/';
  const bool right = product ? b.op != 0 : op == '-' && IsSum(b);
  return Term{value, Format("{} {} {}", Bracketed(a, product && IsSum(a)), op, Bracketed(b, right)),
              op};
}

// Numbers to be joined to a target, made by joining them: there always is a solution.
class Countdown final : public ProblemFamily {
 public:
  explicit Countdown(DifficultyReader& difficulty)
      : numbers_(difficulty.Range("numbers", {3, 4}, {2, 8})),
        max_value_(difficulty.Integer("max_value", 20, {2, 1000})),
        targets_{difficulty.Integer("min_target", 10, {1, 100000}),
                 difficulty.Integer("max_target", 99, {1, 100000})},
        style_(difficulty.Word("style", "long", {"long", "short"})) {
    if (targets_.low > targets_.high) {
      difficulty.Refuse(
          Format("min_target must be at most max_target: {}, {}", targets_.low, targets_.high));
    }
  }

  std::string name() const override { return "countdown"; }

  std::optional<Problem> Make(KeyedDraws& draws) const override {
    const int64_t count = draws.Between(numbers_.low, numbers_.high);
    std::vector<int64_t> numbers;
    std::vector<Term> terms;
    for (int64_t i = 0; i < count; ++i) {
      numbers.push_back(draws.Between(1, max_value_));
      terms.push_back({numbers.back(), Format("{}", numbers.back()), 0});
    }
    const std::optional<Term> solution = Join(std::move(terms), draws);
    if (!solution || solution->value < targets_.low || solution->value > targets_.high) {
      return std::nullopt;
    }
    Problem problem;
    problem.prompt = PromptOf(numbers, solution->value);
    problem.answer = solution->text;
    problem.level = Format("n{}v{}", count, max_value_);
    problem.difficulty_json = nlohmann::ordered_json{
        {"numbers", count},
        {"max_value", max_value_},
        {"max_target",
         targets_.high}}.dump();
    problem.metadata_json =
        nlohmann::ordered_json{{"numbers", numbers}, {"target", solution->value}}.dump();
    return problem;
  }

 private:
  // Joins two terms at a time until one is left; a pair gets a few draws to find a legal operator.
  static std::optional<Term> Join(std::vector<Term> terms, KeyedDraws& draws) {
    static constexpr std::string_view kOps = "+-*/";
    while (terms.size() > 1) {
      std::optional<Term> joined;
      for (int tries = 0; tries < 8 && !joined; ++tries) {
        draws.Shuffle(terms);
        joined = Combine(terms[terms.size() - 2], terms.back(), kOps[draws.Below(4)]);
      }
      if (!joined) return std::nullopt;
      terms.pop_back();
      terms.back() = *std::move(joined);
    }
    return terms[0];
  }
  std::string PromptOf(const std::vector<int64_t>& numbers, int64_t target) const {
    std::string list;
    for (int64_t number : numbers) {
      list += Format("{}{}", list.empty() ? "" : style_ == "short" ? "," : ", ", number);
    }
    if (style_ == "short") return Format("{}->{}:", list, target);
    return Format(
        "Find an arithmetic expression that makes {} out of the numbers {}.\nUse every number "
        "exactly once, with +, -, *, / and brackets only. Answer with the expression alone, "
        "without "
        "an equals sign.",
        target, list);
  }

  const IntegerRange numbers_;
  const int64_t max_value_;
  const IntegerRange targets_;
  const std::string style_;
};

}  // namespace

std::unique_ptr<ProblemFamily> MakeCountdown(DifficultyReader& difficulty) {
  return std::make_unique<Countdown>(difficulty);
}

}  // namespace winnow::orchestrator
