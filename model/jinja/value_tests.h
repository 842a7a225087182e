#pragma once

#include <string_view>

#include "model/jinja/runtime.h"
#include "model/jinja/value.h"

namespace winnow::model::jinja {

// `value is name(arguments)`.
using ValueTest = bool (*)(Runtime&, const Value& value, const Arguments& arguments);

// Null if there is no test of that name.
ValueTest FindTest(std::string_view name);

}  // namespace winnow::model::jinja
