#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/check.h"
#include "model/tokenizer.h"
#include "model/tokenizer_stream.h"

namespace winnow::rollout {

// Finds stop strings in text that arrives token by token. Not thread-safe; tokenizer and strings
// are borrowed, and the tokenizer may be null without strings.
class StopStrings {
 public:
  StopStrings(const model::Tokenizer* tokenizer, const std::vector<std::string>* stop)
      : stop_(stop) {
    if (stop->empty()) return;
    WINNOW_CHECK(tokenizer != nullptr);
    decoder_.emplace(tokenizer);
    for (const std::string& text : *stop) longest_ = std::max(longest_, text.size());
  }

  // True once the text of all tokens pushed so far holds a stop string.
  bool Push(int32_t token) {
    if (stop_->empty()) return false;
    tail_ += decoder_->Push(token);
    for (const std::string& text : *stop_) {
      if (tail_.find(text) != std::string::npos) return true;
    }
    if (tail_.size() > longest_) tail_.erase(0, tail_.size() - longest_);
    return false;
  }

 private:
  const std::vector<std::string>* stop_;
  std::optional<model::StreamDecoder> decoder_;
  size_t longest_ = 0;
  std::string tail_;
};

}  // namespace winnow::rollout
