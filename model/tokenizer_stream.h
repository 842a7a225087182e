#pragma once

#include <cstdint>
#include <string>

#include "model/tokenizer.h"
#include "model/unicode.h"

namespace winnow::model {

// Decodes a response while it grows: gives out whole characters only, and what it has given out,
// joined, is Decode of the ids. Not thread-safe; the tokenizer must outlive it.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer* tokenizer) : tokenizer_(tokenizer) {}

  // The text that `id` completes, often "" in the middle of a character.
  std::string Push(int32_t id);
  // U+FFFD if the ids end inside a character, else ""; the decoder is as new.
  std::string Finish();

 private:
  const Tokenizer* tokenizer_;
  Utf8Repairer repairer_;
};

}  // namespace winnow::model
