#pragma once

#include <string>

#include "model/jinja/error.h"
#include "model/jinja/evaluator.h"
#include "model/jinja/json_reader.h"
#include "model/jinja/parser.h"

namespace winnow::model::jinja {

// The text of a template with the variables of a JSON object; "LINE: message" if it fails.
inline std::string RenderText(const std::string& source, const std::string& variables_json = "{}",
                              const RenderLimits& limits = RenderLimits()) {
  try {
    const Body body = ParseTemplate(source);
    const Value variables = ReadJson(variables_json);
    std::vector<std::pair<std::string, Value>> named;
    for (const auto& [name, value] : variables.dict().entries()) {
      named.emplace_back(name.text(), value);
    }
    return Render(body, named, limits, /*now_unix=*/1700000000);
  } catch (const Error& error) {
    if (error.is_raised) return std::string("raised: ") + error.what();
    return std::to_string(error.line) + ": " + error.what();
  }
}

// What {{ expression }} prints.
inline std::string Print(const std::string& expression, const std::string& variables_json = "{}") {
  return RenderText("{{ " + expression + " }}", variables_json);
}

}  // namespace winnow::model::jinja
