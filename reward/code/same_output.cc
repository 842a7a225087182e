#include "reward/code/same_output.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "reward/code/exact_json.h"

namespace winnow::reward {
namespace {

using Json = nlohmann::json;

constexpr double kTolerance = 1e-6;
constexpr std::string_view kSpaces = " \t\n\v\f\r";

std::string_view TakeToken(std::string_view* text) {
  const size_t begin = std::min(text->find_first_not_of(kSpaces), text->size());
  text->remove_prefix(begin);
  const size_t end = std::min(text->find_first_of(kSpaces), text->size());
  const std::string_view token = text->substr(0, end);
  text->remove_prefix(end);
  return token;
}

std::optional<double> ReadNumber(std::string_view token) {
  if (token.starts_with('+')) token.remove_prefix(1);
  double number = 0.0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), number);
  if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

bool IsNear(double expected, double actual) {
  return std::abs(expected - actual) <= kTolerance * std::max(1.0, std::abs(expected));
}

bool SameToken(std::string_view expected, std::string_view actual) {
  if (expected == actual) return true;
  if (expected.find_first_of(".eE") == std::string_view::npos) return false;
  const std::optional<double> wanted = ReadNumber(expected), found = ReadNumber(actual);
  return wanted && found && IsNear(*wanted, *found);
}

bool SameValue(const Json& expected, const Json& actual) {
  if (expected.is_number_float() && actual.is_number()) {
    return IsNear(expected.get<double>(), actual.get<double>());
  }
  if (expected.is_array() && actual.is_array()) {
    return std::equal(expected.begin(), expected.end(), actual.begin(), actual.end(), SameValue);
  }
  if (expected.is_object() && actual.is_object()) {
    return expected.size() == actual.size() &&
           std::all_of(expected.items().begin(), expected.items().end(), [&](const auto& item) {
             const auto found = actual.find(item.key());
             return found != actual.end() && SameValue(item.value(), *found);
           });
  }
  return expected == actual;  // numbers by value
}

}  // namespace

bool SameTokens(std::string_view expected, std::string_view actual) {
  for (;;) {
    const std::string_view wanted = TakeToken(&expected), found = TakeToken(&actual);
    if (wanted.empty() || found.empty()) return wanted.empty() && found.empty();
    if (!SameToken(wanted, found)) return false;
  }
}

bool SameJson(std::string_view expected, std::string_view actual, bool may_be_wrapped) {
  const std::optional<Json> wanted = ParseExactly(expected), found = ParseExactly(actual);
  if (!wanted || !found) return false;
  if (SameValue(*wanted, *found)) return true;
  return may_be_wrapped && wanted->is_array() && wanted->size() == 1 &&
         SameValue(wanted->front(), *found);
}

}  // namespace winnow::reward
