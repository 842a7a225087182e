#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/status.h"

namespace winnow::model {

// Turns text into token ids and back, as Hugging Face tokenizers 0.23 does for byte-level BPE.
// Place:   one per model, made from its tokenizer.json; shared by all who read or write text.
// Threads: all methods are const and may be called from any thread.
// Errors:  Load and Parse refuse what they cannot follow exactly, by file and name; encoding and
//          decoding cannot fail.
class Tokenizer {
 public:
  // Reads FOLDER/tokenizer.json.
  static Result<std::unique_ptr<Tokenizer>> Load(const std::string& folder);
  // Reads the text of a tokenizer.json; `origin` names it in messages.
  static Result<std::unique_ptr<Tokenizer>> Parse(std::string_view json, const std::string& origin);
  virtual ~Tokenizer() = default;

  // The ids of `text`. Adds no special tokens, but finds those written in the text. Bytes that are
  // not UTF-8 count as U+FFFD.
  virtual std::vector<int32_t> Encode(std::string_view text) const = 0;
  // The text of `ids`, special tokens shown; ids outside of the vocabulary stand for nothing, bytes
  // that are not UTF-8 become U+FFFD.
  virtual std::string Decode(std::span<const int32_t> ids) const = 0;
  // The bytes of one token, perhaps a part of a character; "" outside of the vocabulary.
  virtual std::string_view TokenBytes(int32_t id) const = 0;

  // One more than the highest id.
  virtual int vocab_size() const = 0;
  // The id of a token by its content: an added token as written, any other by its bytes.
  virtual std::optional<int32_t> TokenId(std::string_view content) const = 0;
  // True for added tokens that are marked as special.
  virtual bool IsSpecial(int32_t id) const = 0;
  // Of the file's bytes.
  virtual Digest digest() const = 0;

 protected:
  Tokenizer() = default;
};

}  // namespace winnow::model
