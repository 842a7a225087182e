#pragma once

#include <string_view>

#include "model/jinja/value.h"

namespace winnow::model::jinja {

// Reads JSON as Python's json.loads does: keys in their order, the last of equal keys counts.
// Throws Error for text that is no JSON, nests deeper than values may, or holds an integer that
// does not fit 64 bits.
Value ReadJson(std::string_view text);

}  // namespace winnow::model::jinja
