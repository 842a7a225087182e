#pragma once

#include <string>

#include "model/jinja/value.h"

namespace winnow::model::jinja {

// Python's `format % arguments`: a tuple gives one value per conversion, a dict values by name, all
// else is the only value. Conversions s r d i u x X o c e E f F g G and %%; flags, width and
// precision as numbers. Throws Error where Python raises, for others, and for more than
// `max_bytes`.
std::string PercentFormat(const std::string& format, const Value& arguments, size_t max_bytes);

}  // namespace winnow::model::jinja
