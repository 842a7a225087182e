#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reward/exact_number.h"

namespace winnow::reward::math {

// A unit as its dimension ("length", "length^2", "money:dollar", "degree", "item") and the exact
// factor to that dimension's base unit.
struct Unit {
  std::string dimension;
  Rational factor = Rational::Of(1);
};

// Reads a phrase such as `cm`, `kilometers`, `square units`, `cm^2`, `km/h`, `miles per hour`,
// `dollars`, `degrees`. nullopt if a word of it is no unit.
std::optional<Unit> ReadUnit(std::string_view phrase);

// `unit` to a power of 1 … 6; nullopt beyond 128 bits.
std::optional<Unit> RaiseUnit(const Unit& unit, int power);

}  // namespace winnow::reward::math
