#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace winnow::reward {

// Input limits of verifiers.md §4.
inline constexpr size_t kMaxResponseBytes = 1 << 20;
inline constexpr size_t kMaxAnswerBytes = 4 << 10;

// Where an answer stands in a text: `boxed`, `tag:NAME`, `after:TEXT`, `last_number`, `whole` or
// `auto`.
struct ExtractRule {
  enum class Kind { kAuto, kBoxed, kTag, kAfter, kLastNumber, kWhole };
  Kind kind = Kind::kAuto;
  std::string argument;  // NAME or TEXT
};
// kInvalidArgument `reward.extract must be …: "FOUND"`.
Result<ExtractRule> ParseExtractRule(std::string_view text);

// What `auto` looks for when nothing marks the answer.
enum class AnswerForm {
  kNumber,  // the last formula with a digit, else the last number
  kMath,    // the last formula, else the text if it is nothing but a formula, else the arithmetic
            // around the last number
  kLine,    // the last formula, else the last line
  kText,    // the whole text
};

// Has the prompt already opened a thinking part?
enum class Thinking { kNone, kOpen };

// The text behind the last `</think>`; nullopt if a thinking part is still open at the end, then
// there is no answer. Tags in any case.
std::optional<std::string_view> CutThinking(std::string_view response, Thinking thinking);

// The answer in `text`, trimmed and not empty; a view into `text`. `auto` takes the first that is
// there: the last balanced, non-empty \boxed{} or \fbox{}; the last <answer>; the line after the
// last ####; what follows the last word "answer"; then as `form` says. Linear in the text.
std::optional<std::string_view> ExtractAnswer(std::string_view text, const ExtractRule& rule,
                                              AnswerForm form);

// Readings of a reference in the order to try: what the rule extracts from it, else what follows
// its last ####, else the whole. Without any mark the whole comes before the last number of prose,
// so that `2\sqrt{3}` is not 3.
std::vector<std::string_view> ReferenceCandidates(std::string_view reference,
                                                  const ExtractRule& rule, AnswerForm form);

// Spans of `text` between $…$, $$…$$, \(…\) and \[…\], in order. A `$` before a digit that no `$`
// closes is currency.
std::optional<std::string_view> LastFormula(std::string_view text, bool needs_digit);
// Content of the last balanced, non-empty \boxed{} or \fbox{}.
std::optional<std::string_view> LastBox(std::string_view text);
// Content of the last <NAME>…</NAME> (to the end of the text if it is not closed).
std::optional<std::string_view> LastTag(std::string_view text, std::string_view name);

std::string_view TrimSpaces(std::string_view text);

}  // namespace winnow::reward
