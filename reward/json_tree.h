#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace winnow::reward {

// A JSON number by value, exact at any length: (-1)^negative · 0.DIGITS · 10^exponent. Digits have
// no zeros at either end; zero has none, no sign and exponent 0.
struct JsonNumber {
  bool negative = false;
  std::string digits;
  int64_t exponent = 0;

  bool IsInteger() const { return exponent >= static_cast<int64_t>(digits.size()); }
  friend bool operator==(const JsonNumber&, const JsonNumber&) = default;
};
// nullopt if the exponent is beyond ±10000.
std::optional<JsonNumber> ReadJsonNumber(std::string_view text);
std::strong_ordering Compare(const JsonNumber& a, const JsonNumber& b);

// A parsed JSON value. Objects keep keys[i] beside items[i], sorted by key.
struct JsonNode {
  enum class Kind { kNull, kBool, kNumber, kText, kArray, kObject };
  Kind kind = Kind::kNull;
  bool boolean = false;
  JsonNumber number;
  std::string text;
  std::vector<std::string> keys;
  std::vector<JsonNode> items;

  // The member of that name, or null.
  const JsonNode* Find(std::string_view key) const;
  // Key order free, numbers by value.
  friend bool operator==(const JsonNode&, const JsonNode&) = default;
};

// nullopt if `text` is no JSON, names a key twice, holds more than 1000 values or is nested deeper
// than 64 (verifiers.md §4).
std::optional<JsonNode> ReadJson(std::string_view text);

// Leaves (values without members) that stand at the same path in both and are equal, as a share of
// all paths of leaves of either: 1 only if both are equal.
double ShareOfEqualLeaves(const JsonNode& a, const JsonNode& b);

}  // namespace winnow::reward
