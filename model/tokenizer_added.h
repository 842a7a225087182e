#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/pre_tokenizer_regex.h"

namespace winnow::model {

// A token that is found in a text as it stands, before byte-pair encoding.
struct AddedToken {
  int32_t id = -1;
  std::string content;
  bool single_word = false;  // only if no word character is beside it
  bool lstrip = false;       // takes the white space before it
  bool rstrip = false;       // takes the white space after it
  bool normalized = false;   // looked for after normalisation, else before
  bool special = false;
};

// A part of a text: an added token (id >= 0) or text between them.
struct AddedPart {
  TextRange range;
  int32_t id = -1;
};

// Finds added tokens: at the leftmost place the longest content, as Hugging Face does.
// Threads: constant after construction.
class AddedTokenFinder {
 public:
  AddedTokenFinder() : AddedTokenFinder(std::vector<AddedToken>()) {}
  // REQUIRES: contents are not empty and differ.
  explicit AddedTokenFinder(std::vector<AddedToken> tokens);

  // The parts of `text` in order. REQUIRES: valid UTF-8.
  std::vector<AddedPart> Split(std::string_view text) const;

 private:
  struct Node {
    std::vector<std::pair<uint8_t, int32_t>> children;
    int32_t token = -1;  // index of the token that ends here
  };
  int32_t Child(int32_t node, uint8_t byte) const;
  // The longest token that begins at `at`, or null.
  const AddedToken* LongestAt(std::string_view text, size_t at) const;

  std::vector<AddedToken> tokens_;
  std::vector<Node> nodes_;  // a trie over bytes; nodes_[0] is its root
  std::array<bool, 256> begins_{};
};

}  // namespace winnow::model
