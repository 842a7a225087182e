#pragma once

#include <fmt/core.h>

#include <string>
#include <utility>

namespace winnow {

// Formats like std::format, which g++ 12 lacks; the format string is checked at compile time.
template <typename... Args>
std::string Format(fmt::format_string<Args...> format, Args&&... args) {
  return fmt::vformat(format, fmt::make_format_args(args...));
}

}  // namespace winnow
