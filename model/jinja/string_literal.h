#pragma once

#include <string>
#include <string_view>

namespace winnow::model::jinja {

// The value of what stands between the quotes of a string literal: Python's escapes \n \t \\ \' \"
// \a \b \f \r \v, octal, \xHH, \uHHHH, \UHHHHHHHH and an escaped line break; any other escape stays
// as written. Throws Error for a broken one.
std::string ResolveEscapes(std::string_view written);

}  // namespace winnow::model::jinja
