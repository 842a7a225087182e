#pragma once

#include <optional>
#include <string_view>

namespace winnow::reward {

// What a formula written in plain text, without $ around it, may hold beside numbers, single
// letters, operators and LaTeX commands.
struct FormulaRunRules {
  bool commas = false;     // lists outside brackets
  bool relations = false;  // < > \le …
};

// The first formula in plain text at or after `from` that has a digit or a LaTeX command. Words of
// two letters and more, stops at a sentence's end and line ends break a formula; spaces stand only
// beside operators. A trailing `!` is punctuation.
std::optional<std::string_view> NextFormulaRun(std::string_view text, size_t from,
                                               const FormulaRunRules& rules);

// Position behind Markdown quote and list marks (`> `, `- `, `* `, `+ `) at `at`, a line's start.
size_t SkipLineMarks(std::string_view text, size_t at);

}  // namespace winnow::reward
