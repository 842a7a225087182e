#pragma once

#include <cstdint>
#include <span>

// Where the Unicode versions of the libraries behind Hugging Face tokenizers 0.23 differ from those
// of PCRE2 10.42 (Unicode 14) and utf8proc 2.8 (Unicode 15). Measured code point by code point.
namespace winnow::model {

struct CodePointRange {
  uint32_t first;
  uint32_t last;
};

// Code points first..last look to Oniguruma (Unicode 16) as `stand_in` looks to PCRE2: the stand-in
// has their general category and as many bytes in UTF-8.
struct StandIn {
  uint32_t first;
  uint32_t last;
  uint32_t stand_in;
};

// Sorted by code point, disjoint: assigned after Unicode 14; and U+180E, to PCRE2 a space.
std::span<const StandIn> StandIns();

// Sorted: marks that Hugging Face's NFC (Unicode 9) takes for starters that combine with nothing.
std::span<const CodePointRange> NfcInertRanges();

// Sorted: numbers to Rust's char::is_numeric, unassigned to utf8proc.
std::span<const CodePointRange> NewNumericRanges();

}  // namespace winnow::model
