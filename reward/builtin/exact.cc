#include <nlohmann/json.hpp>

#include "reward/builtin/answer_verifier.h"
#include "reward/builtin/entry.h"

namespace winnow::reward {
namespace {

// Trimmed, runs of white space joined to one space, A-Z lowered if case does not count.
std::string Normal(std::string_view text, bool ignore_case) {
  std::string normal;
  for (char c : TrimSpaces(text)) {
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (space) {
      if (normal.back() != ' ') normal += ' ';
    } else {
      normal += ignore_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return normal;
}

// Equal bytes after trimming and joining inner spaces; a reference that is a JSON list of strings
// is a list of accepted ones.
class Exact final : public AnswerVerifier {
 public:
  Exact(Traits traits, AnswerOptions options, bool ignore_case)
      : AnswerVerifier(std::move(traits), std::move(options)), ignore_case_(ignore_case) {}

 private:
  Verdict Judge(const Sample& sample, std::string_view text) const override {
    const std::optional<std::string_view> answer = Answer(text, AnswerForm::kText);
    if (!answer) return NoAnswer();
    const std::string given = Normal(*answer, ignore_case_);
    for (std::string_view reference :
         ReferenceCandidates(sample.reference, options().extract, AnswerForm::kText)) {
      if (Normal(reference, ignore_case_) == given) return Answered(1.0);
    }
    return Answered(IsInList(sample.reference, given) ? 1.0 : 0.0);
  }

  bool IsInList(std::string_view reference, const std::string& given) const {
    if (!TrimSpaces(reference).starts_with('[')) return false;
    const auto list = nlohmann::json::parse(reference, nullptr, /*allow_exceptions=*/false);
    if (!list.is_array()) return false;
    for (const auto& item : list) {
      const std::string text = item.is_string() ? item.get<std::string>() : item.dump();
      if (Normal(text, ignore_case_) == given) return true;
    }
    return false;
  }

  const bool ignore_case_;
};

Result<std::unique_ptr<Verifier>> Make(OptionReader& options) {
  return std::unique_ptr<Verifier>(std::make_unique<Exact>(
      Traits{.name = "exact"}, ReadAnswerOptions(options), options.Bool("ignore_case")));
}

}  // namespace

VerifierEntry ExactEntry() {
  return {"exact", "equal text after trimming and joining inner spaces",
          WithAnswerOptions({{"ignore_case", "false", "A-Z equal a-z"}}), Make};
}

}  // namespace winnow::reward
