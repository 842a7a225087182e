#pragma once

#include <stdexcept>
#include <string>

namespace winnow::model::jinja {

// What goes wrong in a template. Thrown inside model/jinja only; template.cc turns it into a
// Status. `line` is filled in by the nearest statement or expression that knows its own (0: none
// yet).
struct Error : std::runtime_error {
  explicit Error(const std::string& message, int error_line = 0)
      : std::runtime_error(message), line(error_line) {}
  int line;
  bool is_raised = false;  // by raise_exception: the message stands alone
};

}  // namespace winnow::model::jinja
