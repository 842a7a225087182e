#pragma once

#include <string_view>

#include "model/jinja/ast.h"

namespace winnow::model::jinja {

// Parses a template. Throws Error with a line for what is no template or is not supported.
Body ParseTemplate(std::string_view source);

}  // namespace winnow::model::jinja
