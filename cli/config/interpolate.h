#pragma once

#include <map>
#include <string>

namespace winnow::cli {

using Environment = std::map<std::string, std::string>;

// Replaces `${NAME}` and `${NAME:-text}` in `text`; `$${` stands for a plain `${`. The replacement
// is not looked at again. Returns "" or the problem as `RULE: FOUND`: an unset variable without a
// default, a reference that is no variable's name (such as another key), a missing brace, a
// value that is not UTF-8, or a result above 64 KiB.
std::string Interpolate(const std::string& text, const Environment& environment, std::string* out);

}  // namespace winnow::cli
