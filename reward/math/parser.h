#pragma once

#include <string_view>

#include "reward/math/expression.h"

namespace winnow::reward::math {

// Reads one answer, LaTeX or plain text. Never fails: what is no formula becomes a kText root; a
// formula beyond 1000 nodes or 64 levels too, with too_large set. `\pm` gives the set of both.
Expression Read(std::string_view text);

}  // namespace winnow::reward::math
