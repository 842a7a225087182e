#pragma once

#include <string>
#include <string_view>

// Case of text as Python's str has it: full mappings (U+00DF becomes "SS"), final sigma.
// REQUIRES: valid UTF-8 everywhere.
namespace winnow::model {

std::string ToUpper(std::string_view text);
std::string ToLower(std::string_view text);
// Every run of letters starts with a title-case letter, the rest is lower case (str.title).
std::string ToTitle(std::string_view text);
// The first letter in title case, all others in lower case (str.capitalize).
std::string Capitalize(std::string_view text);
std::string SwapCase(std::string_view text);
// True if there is a cased letter and none of the other case (str.isupper, str.islower).
bool IsUpperText(std::string_view text);
bool IsLowerText(std::string_view text);

}  // namespace winnow::model
