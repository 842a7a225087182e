#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace winnow::reward {

// Edits (insert, delete, replace, swap of neighbours) between two names.
int EditDistance(std::string_view a, std::string_view b);

// "; did you mean NAME?" for the names nearest to `found` by Damerau-Levenshtein distance at most
// max(2, length/4), at most three in name order; empty if none is near (config.md §3).
std::string DidYouMean(std::string_view found, const std::vector<std::string>& names);

}  // namespace winnow::reward
