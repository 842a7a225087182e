#include "cli/config/suggest.h"

#include <algorithm>
#include <cstdlib>

#include "cli/config/keys.h"

namespace winnow::cli {
namespace {

constexpr size_t kMaxSuggestions = 3;
// Longer names are no typos of ours; comparing them would cost time.
constexpr size_t kMaxLength = 100;

std::string_view LastPart(std::string_view name) { return name.substr(name.rfind('.') + 1); }

std::vector<std::string> InNameOrder(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (names.size() > kMaxSuggestions) names.resize(kMaxSuggestions);
  return names;
}

}  // namespace

int EditDistance(std::string_view a, std::string_view b, int limit) {
  const int rows = static_cast<int>(a.size());
  const int columns = static_cast<int>(b.size());
  if (std::abs(rows - columns) > limit) return limit + 1;
  std::vector<int> before(columns + 1);
  std::vector<int> last(columns + 1);
  std::vector<int> now(columns + 1);
  for (int j = 0; j <= columns; ++j) last[j] = j;
  for (int i = 1; i <= rows; ++i) {
    now[0] = i;
    for (int j = 1; j <= columns; ++j) {
      const int substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, substitution});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return std::min(last[columns], limit + 1);
}

std::vector<std::string> Nearest(std::string_view typed, const std::vector<std::string>& names) {
  if (typed.size() > kMaxLength) return {};
  int best = std::max<int>(2, static_cast<int>(typed.size()) / 4);
  std::vector<std::string> nearest;
  for (const std::string& name : names) {
    const int distance = EditDistance(typed, name, best);
    if (distance > best) continue;
    if (distance < best) nearest.clear();
    best = distance;
    nearest.push_back(name);
  }
  return InNameOrder(std::move(nearest));
}

std::string DidYouMean(std::string_view separator, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::string text = std::string(separator) + "did you mean " + names.front();
  for (size_t i = 1; i < names.size(); ++i) {
    text += (i + 1 == names.size() ? " or " : ", ") + names[i];
  }
  return text + "?";
}

std::vector<std::string> SuggestKeys(std::string_view name) {
  const KeyRegistry& registry = KeyRegistry::Get();
  if (name.size() > kMaxLength) return {};
  const size_t dot = name.find('.');
  if (dot != std::string_view::npos) {
    const std::string section(name.substr(0, dot));
    std::vector<std::string> rest;
    for (const KeyDeclaration& key : registry.keys()) {
      if (key.section() == section) rest.push_back(key.short_name());
    }
    std::vector<std::string> nearest = Nearest(name.substr(dot + 1), rest);
    for (std::string& key : nearest) key = section + "." + key;
    if (!nearest.empty()) return nearest;
  }
  if (dot != std::string_view::npos) {
    std::vector<std::string> in_nearest_section;
    for (const std::string& section : Nearest(name.substr(0, dot), registry.sections())) {
      const std::string moved = section + std::string(name.substr(dot));
      if (registry.Find(moved)) in_nearest_section.push_back(moved);
    }
    if (!in_nearest_section.empty()) return in_nearest_section;
  }
  std::vector<std::string> equal;
  for (const KeyDeclaration& key : registry.keys()) {
    if (LastPart(key.name) == LastPart(name)) equal.push_back(key.name);
  }
  if (!equal.empty()) return InNameOrder(std::move(equal));
  std::vector<std::string> all;
  for (const KeyDeclaration& key : registry.keys()) all.push_back(key.name);
  for (const auto& [alias, target] : registry.aliases()) all.push_back(alias);
  return Nearest(name, all);
}

}  // namespace winnow::cli
