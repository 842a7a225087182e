#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/bpe.h"
#include "model/pre_tokenizer.h"
#include "model/tokenizer_added.h"

namespace winnow::model {

// What a tokenizer.json says, as far as it bears on encoding a text without special tokens and on
// decoding: truncation, padding and the post-processor do not.
struct TokenizerSpec {
  BpeSpec bpe;
  std::vector<AddedToken> added_tokens;
  std::vector<PreTokenizerStep> pre_tokenizer;
  bool normalize_nfc = false;
};

// Reads the text of a tokenizer.json.
// Errors: kInvalidArgument "ORIGIN: ..." for text that is no such file, and for every construct
// that
//         is not supported, by name.
Result<TokenizerSpec> ParseTokenizerJson(std::string_view text, const std::string& origin);

}  // namespace winnow::model
