#include "reward/nearest_name.h"

#include <algorithm>

namespace winnow::reward {

int EditDistance(std::string_view a, std::string_view b) {
  // rows[i % 3][j]: distance of the first i characters of a and the first j of b.
  std::vector<std::vector<int>> rows(3, std::vector<int>(b.size() + 1));
  for (size_t j = 0; j <= b.size(); ++j) rows[0][j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    std::vector<int>& row = rows[i % 3];
    const std::vector<int>& above = rows[(i - 1) % 3];
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const int replace = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], rows[(i - 2) % 3][j - 2] + 1);
      }
    }
  }
  return rows[a.size() % 3][b.size()];
}

std::string DidYouMean(std::string_view found, const std::vector<std::string>& names) {
  int best = std::max(2, static_cast<int>(found.size() / 4));
  if (found.size() > 256) return "";
  std::vector<std::string> nearest;
  for (const std::string& name : names) {
    const int distance = EditDistance(found, name);
    if (distance > best) continue;
    if (distance < best) nearest.clear();
    best = distance;
    nearest.push_back(name);
  }
  std::sort(nearest.begin(), nearest.end());
  if (nearest.size() > 3) nearest.resize(3);
  std::string text;
  for (const std::string& name : nearest) text += (text.empty() ? "; did you mean " : ", ") + name;
  return text.empty() ? text : text + "?";
}

}  // namespace winnow::reward
