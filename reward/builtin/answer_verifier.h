#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reward/extract.h"
#include "reward/interface.h"
#include "reward/options.h"

namespace winnow::reward {

// What built-ins that read an answer out of a response share.
struct AnswerOptions {
  ExtractRule extract;
  Thinking thinking = Thinking::kNone;
  std::optional<float> no_answer = 0.0f;  // null: a response without an answer is `invalid`
};
// `extract`, `no_answer` and `thinking`, followed by `own`.
std::vector<OptionSpec> WithAnswerOptions(std::vector<OptionSpec> own);
AnswerOptions ReadAnswerOptions(OptionReader& options);

// Judges sample by sample, on behalf of the text-reading built-ins: cuts the thinking part, applies
// the input limits and turns an exception into an error verdict of its sample.
// Threads: stateless after construction, so any.
class AnswerVerifier : public Verifier {
 public:
  AnswerVerifier(Traits traits, AnswerOptions options);

  const Traits& traits() const final { return traits_; }
  void Verify(std::span<const Sample> samples, Deadline deadline, std::span<Verdict> out) final;

 protected:
  // `text` is the response behind its thinking part.
  virtual Verdict Judge(const Sample& sample, std::string_view text) const = 0;

  const AnswerOptions& options() const { return options_; }
  // The answer of `text`; nullopt also if it is longer than kMaxAnswerBytes.
  std::optional<std::string_view> Answer(std::string_view text, AnswerForm form) const;
  Verdict NoAnswer() const;
  // `reward` with the part `answered`.
  Verdict Answered(double reward) const;

 private:
  Verdict JudgeOne(const Sample& sample) const;

  Traits traits_;
  const AnswerOptions options_;
};

}  // namespace winnow::reward
