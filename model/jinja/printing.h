#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/jinja/value.h"

namespace winnow::model::jinja {

// Python's str(value): what {{ value }} prints.
std::string Str(const Value& value);
// Python's repr(value): how a value prints inside of a list.
std::string Repr(const Value& value);
// Python's repr of a float: the shortest text that reads back equal.
std::string FloatText(double value);

// Python's json.dumps, with keys in their order.
struct JsonStyle {
  bool ensure_ascii = false;
  std::optional<std::string> indent;  // of one level; nothing: all on one line
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool sort_keys = false;
};
// Throws Error for what JSON cannot say.
std::string ToJson(const Value& value, const JsonStyle& style);

}  // namespace winnow::model::jinja
