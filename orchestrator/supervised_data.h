#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/status.h"
#include "learner/sft.h"
#include "model/chat.h"
#include "model/tokenizer.h"
#include "orchestrator/prompt_source.h"

namespace winnow::orchestrator {

struct SupervisedDataOptions {
  PromptSourceOptions prompts;  // answer_key names the completion; needs_reference is taken as true
  bool all_tokens = false;      // learner.sft.mask: all
  size_t max_length = 1024;     // learner.sft.max_length, tokens of a row
  int32_t end_token = -1;       // ends a completion; -1: the model has none, nothing is appended
};

// The rows of a supervised job, ready to train on (learner.md §8).
// {prompt, answer} rows become prompt + answer + end token, m = 1 behind the prompt. {messages}
// rows are rendered turn by turn, m = 1 on each assistant turn up to its end-of-turn token; the
// turns must concatenate to the whole rendering. A row that is too long or does not parse is
// refused whole, with line and reason, never cut.
struct SupervisedData {
  std::vector<learner::SupervisedRow> rows;
  std::vector<std::string> refused;  // one line each
  Digest digest;                     // of all tokens and masks
};

// Errors: those of PromptSource; kInvalidArgument if more than 5 % of the rows are refused.
Result<SupervisedData> LoadSupervisedData(const SupervisedDataOptions& options,
                                          const model::Tokenizer& tokenizer,
                                          const model::Chat* chat);

}  // namespace winnow::orchestrator
