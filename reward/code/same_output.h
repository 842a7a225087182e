#pragma once

#include <string_view>

namespace winnow::reward {

// Is `actual` the output `expected`? Compared token by token, tokens parted by white space. Where
// the expected token is a decimal fraction (`0.5`, `1e-3`), a number within 1e-6, absolute or
// relative, is right too; all other tokens, integers among them, must be equal.
bool SameTokens(std::string_view expected, std::string_view actual);

// Is the JSON text `actual` the value `expected`? Integers by value and at any length, key order
// free, fractions as in SameTokens; an integer and an equal fraction are the same number. With
// `may_be_wrapped` an expected list of one element also stands for that element. False if either is
// no JSON or nested deeper than 256.
bool SameJson(std::string_view expected, std::string_view actual, bool may_be_wrapped);

}  // namespace winnow::reward
