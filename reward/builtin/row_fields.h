#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace winnow::reward {

// The value at `path` (dots enter objects; a key that itself holds the dots wins) of a row's JSON
// text; nullopt if the text is no object or has no such key. Included by .cc files only.
inline std::optional<nlohmann::json> FieldOf(const nlohmann::json& row, std::string_view path) {
  if (!row.is_object()) return std::nullopt;
  if (const auto whole = row.find(path); whole != row.end()) return *whole;
  const size_t dot = path.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto section = row.find(path.substr(0, dot));
  if (section == row.end()) return std::nullopt;
  return FieldOf(*section, path.substr(dot + 1));
}

inline nlohmann::json ParseRow(std::string_view extra_json) {
  return nlohmann::json::parse(extra_json, nullptr, /*allow_exceptions=*/false);
}

}  // namespace winnow::reward
