#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace winnow::reward::math {

// Is `name` (without backslash) a function of one argument: sin, arctan, exp, ln, …?
bool IsFunction(std::string_view name);
// Is `name` (without backslash) a Greek letter that stands for a variable?
bool IsGreek(std::string_view name);
// Is `word` of plain text a list separator: and, or?
bool IsConjunction(std::string_view word);

// The variables that a run of letters stands for: `xz` is x·z, `odd` one symbol.
std::vector<std::string> SplitLetters(std::string_view word);

}  // namespace winnow::reward::math
