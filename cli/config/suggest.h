#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace winnow::cli {

// Damerau-Levenshtein distance (insertions, deletions, substitutions, swaps of neighbours; no
// substring is edited twice), or `limit` + 1 if it exceeds `limit`.
int EditDistance(std::string_view a, std::string_view b, int limit);

// The names nearest to `typed` at distance <= max(2, length / 4), at most three, in name order.
std::vector<std::string> Nearest(std::string_view typed, const std::vector<std::string>& names);

// "; did you mean a, b or c?" with `separator` in front, or "" for no names.
std::string DidYouMean(std::string_view separator, const std::vector<std::string>& names);

// What an unknown key `name` (dots included) may have meant: the nearest of its section's keys,
// else the same key in the nearest section, else keys with the same last part, else the nearest of
// all names and aliases.
std::vector<std::string> SuggestKeys(std::string_view name);

}  // namespace winnow::cli
