#pragma once

#include <optional>
#include <string_view>

#include "model/jinja/value.h"

namespace winnow::model::jinja {

// A method of Python's str bound to `self`; nothing if str has none of that name. Throws Error for
// a method that str has and we have not. REQUIRES: self.IsString().
std::optional<Value> StringMethod(const Value& self, std::string_view name);

}  // namespace winnow::model::jinja
