#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cli/config/keys.h"
#include "cli/config/value.h"

namespace winnow::cli {

// A YAML node as JSON: plain numbers and booleans by their look, what was quoted as text.
nlohmann::ordered_json NodeToJson(const YamlNode& node);

// A key's value as JSON, by its declared type.
nlohmann::ordered_json ValueToJson(const KeyDeclaration& key, const Value& value);

}  // namespace winnow::cli
