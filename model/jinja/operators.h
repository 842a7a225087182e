#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/jinja/value.h"

// Python's operators on values. All throw Error where Python raises.
namespace winnow::model::jinja {

enum class Operator : uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kFloorDivide,
  kModulo,
  kPower,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kNotIn,
};

// The sign as written, for messages.
std::string_view OperatorSign(Operator op);

// Of the arithmetic operators. `max_bytes` bounds texts and `max_items` lists that come out.
struct SizeLimits {
  size_t max_bytes;
  size_t max_items;
};
Value Arithmetic(Operator op, const Value& left, const Value& right, const SizeLimits& limits);
Value Negate(const Value& value);

bool Equal(const Value& left, const Value& right);
// Of the comparing operators.
bool Compare(Operator op, const Value& left, const Value& right);
bool Contains(const Value& container, const Value& item);

// What iterating over a value gives: items, a dict's keys, a text's characters; nothing if it is
// undefined. A generator is spent by it.
std::vector<Value> Iterate(const Value& value);
int64_t Length(const Value& value);
// value[key] without methods; undefined if it is not there.
Value ItemOf(const Value& value, const Value& key);
// value[start:stop:step]; None stands for what is left out.
Value SliceOf(const Value& value, const Value& start, const Value& stop, const Value& step);

// Throws "'x' is undefined" if `value` is.
void RequireDefined(const Value& value);

}  // namespace winnow::model::jinja
