#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "reward/exact_number.h"

namespace winnow::reward {

// How a number was written; decides how `numeric` compares it.
enum class NumberForm { kInteger, kFraction, kDecimal, kScientific };

// A number found in a text.
struct NumberLiteral {
  size_t begin = 0;  // bytes [begin, end) of the text, sign, currency and percent included
  size_t end = 0;
  ExactNumber value;  // percent already divided by 100
  NumberForm form = NumberForm::kInteger;
  bool percent = false;
};

// The grammar, at one position:
//   sign? currency? sign? body (' '? ('%' | '\%' | 'percent'))?
//   body = digits with thousands (1,234 1{,}234 1,\!234 1\,234), ".digits", scientific (3.2e2,
//          1.5 \times 10^{4}), a/b, mixed 2 1/2, \frac{a}{b} and its relatives, 2\frac{1}{2}
// A sign stands directly before; `-`, U+2212 and the en dash are minus. Exponents beyond ±10000 and
// zero denominators are no numbers.

// The first number that starts at or after `from`; digits inside words (x2, GPT4) and powers of
// words (cm^2) are none, and the minus of a difference (7-3, 80 -78) is no sign. Amortised linear
// when iterated by `end`.
std::optional<NumberLiteral> NextNumber(std::string_view text, size_t from);
std::optional<NumberLiteral> LastNumber(std::string_view text);

// Reads the whole of `text`, trimmed, as one number (a sign may be detached, a final stop or `\$`
// may surround it); nullopt if anything else is there.
std::optional<NumberLiteral> ReadNumber(std::string_view text);

}  // namespace winnow::reward
