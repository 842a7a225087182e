#include <re2/re2.h>

#include "reward/builtin/answer_verifier.h"
#include "reward/builtin/entry.h"

namespace winnow::reward {
namespace {

// Index of the group `name`, a number or a name of the pattern; -1 if there is none.
int GroupIndex(const RE2& pattern, const std::string& name) {
  const auto& groups = pattern.NamedCapturingGroups();
  if (const auto it = groups.find(name); it != groups.end()) return it->second;
  if (name.empty() || name.size() > 3 ||
      name.find_first_not_of("0123456789") != std::string::npos) {
    return -1;
  }
  const int index = std::stoi(name);
  return index <= pattern.NumberOfCapturingGroups() ? index : -1;
}

// An RE2 pattern, linear in time, against the answer (default: the whole response): 1 if it
// matches, or, with `group`, if what the group matched equals the reference.
class Regex final : public AnswerVerifier {
 public:
  Regex(Traits traits, AnswerOptions options, std::unique_ptr<RE2> pattern, bool full, int group)
      : AnswerVerifier(std::move(traits), std::move(options)),
        pattern_(std::move(pattern)),
        full_(full),
        group_(group) {}

 private:
  Verdict Judge(const Sample& sample, std::string_view text) const override {
    const std::optional<std::string_view> answer =
        options().extract.kind == ExtractRule::Kind::kAuto ? std::optional<std::string_view>(text)
                                                           : Answer(text, AnswerForm::kText);
    if (!answer) return NoAnswer();
    std::vector<re2::StringPiece> groups(static_cast<size_t>(std::max(group_, 0)) + 1);
    const bool matches = pattern_->Match(re2::StringPiece(answer->data(), answer->size()), 0,
                                         answer->size(), full_ ? RE2::ANCHOR_BOTH : RE2::UNANCHORED,
                                         groups.data(), static_cast<int>(groups.size()));
    if (group_ < 0) return Answered(matches ? 1.0 : 0.0);
    if (!matches || groups.back().data() == nullptr) return NoAnswer();
    const std::string_view found(groups.back().data(), groups.back().size());
    for (std::string_view reference :
         ReferenceCandidates(sample.reference, options().extract, AnswerForm::kText)) {
      if (TrimSpaces(reference) == TrimSpaces(found)) return Answered(1.0);
    }
    return Answered(0.0);
  }

  const std::unique_ptr<RE2> pattern_;  // RE2 matches are thread-safe.
  const bool full_;
  const int group_;  // -1: the match itself decides
};

Result<std::unique_ptr<Verifier>> Make(OptionReader& options) {
  const std::string text = options.Text("pattern");
  RE2::Options re2_options;
  re2_options.set_log_errors(false);
  re2_options.set_max_mem(8 << 20);
  auto pattern = std::make_unique<RE2>(text, re2_options);
  if (text.empty()) {
    options.Refuse("pattern", "given", text);
  } else if (!pattern->ok()) {
    options.Refuse("pattern", "an RE2 pattern (" + pattern->error() + ")", text);
  }
  int group = -1;
  if (options.IsGiven("group") && pattern->ok()) {
    group = GroupIndex(*pattern, options.Text("group"));
    if (group < 0) options.Refuse("group", "a group of reward.pattern", options.Text("group"));
  }
  const bool full = options.Choice("match", {"partial", "full"}) == 1;
  return std::unique_ptr<Verifier>(
      std::make_unique<Regex>(Traits{.name = "regex", .needs_reference = group >= 0},
                              ReadAnswerOptions(options), std::move(pattern), full, group));
}

}  // namespace

VerifierEntry RegexEntry() {
  return {"regex", "an RE2 pattern matches, or one of its groups equals the reference",
          WithAnswerOptions({{"pattern", "", "the RE2 pattern"},
                             {"match", "partial", "partial | full"},
                             {"group", "", "number or name of the group that is the answer"}}),
          Make};
}

}  // namespace winnow::reward
