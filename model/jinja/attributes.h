#pragma once

#include <string_view>

#include "model/jinja/value.h"

namespace winnow::model::jinja {

// value.name as Jinja reads it: a method or attribute first, then an entry of a dict; undefined if
// there is neither. Methods that change their value, and those that are not built, are errors.
Value AttributeOf(const Value& value, std::string_view name);

// value[key]: an entry or item first, then an attribute of that name.
Value SubscriptOf(const Value& value, const Value& key);

// Follows a dotted path such as "function.name" or "0.role", as filters with attribute= do.
Value PathOf(const Value& value, const Value& path);

}  // namespace winnow::model::jinja
