#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/policy.h"

namespace winnow::model {

// Keys and values of consecutive tokens, where they lie in a list of pages.
struct KeySpan {
  std::span<const int32_t> pages;
  size_t first = 0;  // slots of the list, counted through its pages
  size_t count = 0;  // tokens
  size_t row = 0;    // training: the row of the whole pass that made the first of them
};

// Appends to `out` what is seen of a sequence's keys by a row that sees tokens [0, end) but for
// `holes` (ascending, disjoint). `keys` are those of tokens 0, 1, …, in order.
// REQUIRES: `keys` reach to `end`.
void AppendVisible(std::span<const KeySpan> keys, size_t end, std::span<const TokenInterval> holes,
                   std::vector<KeySpan>* out);

}  // namespace winnow::model
