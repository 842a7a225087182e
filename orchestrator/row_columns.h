#pragma once

#include <string>
#include <string_view>

namespace winnow::orchestrator {

// Columns of a data row, an object of either nlohmann-json flavour. Thread-safe.

// The value at `key`, whose dots enter objects unless the whole key is a column; null if absent.
template <typename Json>
const Json* FindColumn(const Json& row, std::string_view key) {
  if (const auto whole = row.find(key); whole != row.end()) return &*whole;
  const size_t dot = key.find('.');
  if (dot == std::string_view::npos) return nullptr;
  const auto inner = row.find(key.substr(0, dot));
  if (inner == row.end() || !inner->is_object()) return nullptr;
  return FindColumn(*inner, key.substr(dot + 1));
}

// Compact JSON; invalid UTF-8 becomes U+FFFD.
template <typename Json>
std::string JsonText(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// A text as it is, anything else as JSON.
template <typename Json>
std::string ColumnText(const Json& value) {
  return value.is_string() ? value.template get<std::string>() : JsonText(value);
}

}  // namespace winnow::orchestrator
