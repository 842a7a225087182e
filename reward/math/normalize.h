#pragma once

#include <string>
#include <string_view>

namespace winnow::reward::math {

// `text` as the LaTeX the parser reads: Unicode signs become their commands, zero-width characters
// vanish, sizing and spacing commands, colours, `$` and a final stop are dropped, \dfrac and its
// relatives become \frac, groups of three digits behind \, or spaces are joined.
std::string Normalize(std::string_view text);

}  // namespace winnow::reward::math
