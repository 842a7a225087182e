#pragma once

#include <cstdint>
#include <string>

#include "base/digest.h"
#include "base/ids.h"

namespace winnow::store {

// What history keeps of a row of the data set, to show it to a person.
struct PromptInfo {
  static constexpr size_t kMaxDisplayBytes = 200;

  PromptId prompt;
  uint64_t row = 0;         // of the data, from 0
  std::string data_source;  // of the row; may be empty
  Digest content;           // of the whole prompt
  std::string display;      // its first kMaxDisplayBytes, cut between characters when stored

  friend bool operator==(const PromptInfo&, const PromptInfo&) = default;
};

}  // namespace winnow::store
