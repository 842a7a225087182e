#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/jinja/ast.h"
#include "model/jinja/runtime.h"
#include "model/jinja/value.h"

namespace winnow::model::jinja {

// Renders a parsed template with `variables`, as Jinja2 does in transformers' sandbox.
// Throws Error with the line at fault. Equal inputs give equal texts.
std::string Render(const Body& body, const std::vector<std::pair<std::string, Value>>& variables,
                   const RenderLimits& limits, int64_t now_unix);

}  // namespace winnow::model::jinja
