#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace winnow::reward {

// The content of the last fenced block of a Markdown text: lines between a line of three or more
// backticks or tildes and one of at least as many, or the end of the text. The indentation of the
// opening fence is taken off each line. nullopt if there is no block or it is blank.
std::optional<std::string> LastFencedBlock(std::string_view text);

}  // namespace winnow::reward
