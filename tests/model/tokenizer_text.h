#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace winnow::model {

// A small tokenizer.json to change in tests: bytes a, b, space; "ab", " a"; ids 0 to 4; one special
// token with id 5.
inline nlohmann::json SmallTokenizer() {
  return nlohmann::json::parse(R"({
    "version": "1.0",
    "added_tokens": [{"id": 5, "content": "<end>", "special": true, "normalized": false}],
    "normalizer": null,
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
    "post_processor": null,
    "decoder": {"type": "ByteLevel"},
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "Ġ": 2, "ab": 3, "Ġa": 4},
              "merges": ["a b", ["Ġ", "a"]]}
  })");
}

}  // namespace winnow::model
