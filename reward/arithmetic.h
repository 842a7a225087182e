#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "reward/exact_number.h"

namespace winnow::reward {

// What an arithmetic expression over non-negative integers says.
struct Arithmetic {
  std::vector<int64_t> numbers;   // the numbers it uses, in order
  std::optional<Rational> value;  // none: division by zero or beyond 128 bits
};

// Reads + - * / ( ) and their look-alikes (× ÷ · − \times \cdot \div \left \right, x between
// numbers); unary signs are allowed, powers, `=`, joined operands and decimals are not. nullopt if
// `text` is anything else, deeper than 64 or has more than 1000 nodes.
std::optional<Arithmetic> ReadArithmetic(std::string_view text);

}  // namespace winnow::reward
