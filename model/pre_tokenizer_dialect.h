#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace winnow::model {

// Checks a pattern of a tokenizer file, written for Oniguruma's Ruby dialect, and writes it for
// PCRE2. A construct that the two might read differently is an error that names it.
Result<std::string> TranslateOniguruma(std::string_view pattern);

}  // namespace winnow::model
