#pragma once

#include <string>

#include "cli/json_lines.h"

namespace winnow::cli {

// An answer of `winnow history` for a person: a list of objects as an aligned table, an object as
// "key  value" lines with its lists of objects as tables below. Pure.
std::string HistoryTable(const Json& json);

}  // namespace winnow::cli
