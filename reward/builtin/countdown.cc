#include <algorithm>

#include "reward/arithmetic.h"
#include "reward/builtin/answer_verifier.h"
#include "reward/builtin/entry.h"
#include "reward/builtin/row_fields.h"

namespace winnow::reward {
namespace {

struct Puzzle {
  std::vector<int64_t> numbers;  // sorted
  Rational target;
};

// An integer written as a number or as its text.
bool ReadInteger(const nlohmann::json& value, int64_t* integer) {
  if (value.is_number_integer()) {
    if (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX) return false;
    *integer = value.get<int64_t>();
    return true;
  }
  if (!value.is_string()) return false;
  const std::string text = value.get<std::string>();
  const size_t digits = text.starts_with('-') ? 1 : 0;
  if (text.size() == digits || text.size() > 18 ||
      text.find_first_not_of("0123456789", digits) != std::string::npos) {
    return false;
  }
  *integer = std::stoll(text);
  return true;
}

// Any expression over + − × ÷ and brackets that uses each given number as often as given (or, with
// `use_all: false`, at most as often) and whose exact value is the target.
class Countdown final : public AnswerVerifier {
 public:
  struct Own {
    std::string numbers_key, target_key;
    bool use_all = true;
    double well_formed = 0.0;  // for an expression that is not a solution
  };
  Countdown(Traits traits, AnswerOptions options, Own own)
      : AnswerVerifier(std::move(traits), std::move(options)), own_(std::move(own)) {}

 private:
  Verdict Judge(const Sample& sample, std::string_view text) const override {
    const std::optional<Puzzle> puzzle = ReadPuzzle(sample.extra_json);
    if (!puzzle) {
      return Verdict::Invalid("the row has no " + own_.numbers_key + " and " + own_.target_key +
                              " of integers");
    }
    const std::optional<std::string_view> answer = Answer(text, AnswerForm::kLine);
    if (!answer) return NoAnswer();
    const std::optional<Arithmetic> expression = ReadArithmetic(*answer);
    if (!expression) return Answered(0.0);
    const bool solved = UsesNumbers(expression->numbers, puzzle->numbers) && expression->value &&
                        *expression->value == puzzle->target;
    return Answered(solved ? 1.0 : own_.well_formed);
  }

  std::optional<Puzzle> ReadPuzzle(std::string_view extra_json) const {
    const nlohmann::json row = ParseRow(extra_json);
    const auto numbers = FieldOf(row, own_.numbers_key);
    const auto target = FieldOf(row, own_.target_key);
    if (!numbers || !target || !numbers->is_array() || numbers->empty() || numbers->size() > 64) {
      return std::nullopt;
    }
    Puzzle puzzle;
    int64_t integer = 0;
    for (const auto& number : *numbers) {
      if (!ReadInteger(number, &integer) || integer < 0) return std::nullopt;
      puzzle.numbers.push_back(integer);
    }
    if (!ReadInteger(*target, &integer)) return std::nullopt;
    puzzle.target = Rational::Of(integer);
    std::sort(puzzle.numbers.begin(), puzzle.numbers.end());
    return puzzle;
  }

  bool UsesNumbers(std::vector<int64_t> used, const std::vector<int64_t>& given) const {
    std::sort(used.begin(), used.end());
    if (own_.use_all) return used == given;
    return std::includes(given.begin(), given.end(), used.begin(), used.end());
  }

  const Own own_;
};

Result<std::unique_ptr<Verifier>> Make(OptionReader& options) {
  Countdown::Own own{.numbers_key = options.Text("numbers_key"),
                     .target_key = options.Text("target_key"),
                     .use_all = options.Bool("use_all"),
                     .well_formed = options.Number("well_formed", -10.0, 1.0)};
  Traits traits{.name = "countdown", .needs_reference = false};
  traits.range.min = std::min(0.0f, static_cast<float>(own.well_formed));
  return std::unique_ptr<Verifier>(
      std::make_unique<Countdown>(std::move(traits), ReadAnswerOptions(options), std::move(own)));
}

}  // namespace

VerifierEntry CountdownEntry() {
  return {"countdown", "an expression over the row's numbers that makes its target",
          WithAnswerOptions(
              {{"numbers_key", "metadata.numbers", "column of the numbers; dots enter objects"},
               {"target_key", "metadata.target", "column of the target"},
               {"use_all", "true", "every number exactly as often as given; false: at most"},
               {"well_formed", "0", "reward of an expression that is no solution"}}),
          Make};
}

}  // namespace winnow::reward
