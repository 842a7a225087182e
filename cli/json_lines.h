#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "base/status.h"

namespace winnow::cli {

using Json = nlohmann::ordered_json;

// Calls `line` with each JSON object of `input`, a file or "-" for stdin, in order; blank lines are
// passed over. `origin` is FILE:LINE. Errors: kInvalidArgument naming it for a line that is no JSON
// object, and whatever `line` returns, with the origin put before it.
Status ForEachJsonLine(const std::string& input,
                       const std::function<Status(const Json&, const std::string& origin)>& line);

// Prints one object as a line on stdout; invalid UTF-8 becomes U+FFFD.
void PrintJsonLine(const Json& json);
std::string DumpJson(const Json& json);

// Fields of an input line; `name` is required to be of the type, messages say what is allowed.
Result<std::string> StringField(const Json& line, const std::string& name);
Result<std::vector<int32_t>> IdsField(const Json& line, const std::string& name, size_t vocab_size);

}  // namespace winnow::cli
