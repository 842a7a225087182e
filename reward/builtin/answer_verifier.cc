#include "reward/builtin/answer_verifier.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/check.h"

namespace winnow::reward {

std::vector<OptionSpec> WithAnswerOptions(std::vector<OptionSpec> own) {
  std::vector<OptionSpec> all = {
      {"extract", "auto", "boxed | tag:NAME | after:TEXT | last_number | whole | auto"},
      {"no_answer", "0", "reward of a response without an answer, or invalid"},
      {"thinking", "none", "none | open: has the prompt opened the thinking part"},
  };
  all.insert(all.end(), own.begin(), own.end());
  return all;
}

AnswerOptions ReadAnswerOptions(OptionReader& options) {
  AnswerOptions read;
  Result<ExtractRule> rule = ParseExtractRule(options.Text("extract"));
  if (rule.ok()) {
    read.extract = *rule;
  } else {
    options.Refuse("extract", "auto, boxed, tag:NAME, after:TEXT, last_number or whole",
                   options.Text("extract"));
  }
  if (options.Text("no_answer") == "invalid") {
    read.no_answer = std::nullopt;
  } else {
    read.no_answer = static_cast<float>(options.Number("no_answer", -10.0, 10.0));
  }
  read.thinking =
      options.Choice("thinking", {"none", "open"}) == 1 ? Thinking::kOpen : Thinking::kNone;
  return read;
}

AnswerVerifier::AnswerVerifier(Traits traits, AnswerOptions options)
    : traits_(std::move(traits)), options_(std::move(options)) {
  const float no_answer = options_.no_answer.value_or(0.0f);
  traits_.range.min = std::min(traits_.range.min, no_answer);
  traits_.range.max = std::max(traits_.range.max, no_answer);
}

void AnswerVerifier::Verify(std::span<const Sample> samples, Deadline, std::span<Verdict> out) {
  WINNOW_CHECK_EQ(samples.size(), out.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    try {
      out[i] = JudgeOne(samples[i]);
    } catch (const std::exception& error) {
      out[i] = Verdict::Error(error.what());
    }
  }
}

Verdict AnswerVerifier::JudgeOne(const Sample& sample) const {
  if (sample.finish == FinishReason::kError) {
    return Verdict::Invalid("the response was not delivered whole");
  }
  if (traits_.needs_reference && TrimSpaces(sample.reference).empty()) {
    return Verdict::Invalid("the row has no reference");
  }
  if (sample.response.size() > kMaxResponseBytes) return NoAnswer();
  const std::optional<std::string_view> text = CutThinking(sample.response, options_.thinking);
  return text ? Judge(sample, *text) : NoAnswer();
}

std::optional<std::string_view> AnswerVerifier::Answer(std::string_view text,
                                                       AnswerForm form) const {
  const std::optional<std::string_view> answer = ExtractAnswer(text, options_.extract, form);
  if (answer && answer->size() > kMaxAnswerBytes) return std::nullopt;
  return answer;
}

Verdict AnswerVerifier::NoAnswer() const {
  if (!options_.no_answer) return Verdict::Invalid("the response has no answer");
  return Verdict::Scored(*options_.no_answer, {{"answered", 0.0}}, traits_.range);
}

Verdict AnswerVerifier::Answered(double reward) const {
  return Verdict::Scored(static_cast<float>(reward), {{"answered", 1.0}}, traits_.range);
}

}  // namespace winnow::reward
