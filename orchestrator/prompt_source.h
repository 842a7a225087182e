#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/digest.h"
#include "base/ids.h"
#include "base/status.h"
#include "model/chat.h"
#include "model/tokenizer.h"

namespace winnow::orchestrator {

enum class Truncation { kError, kLeft, kRight };

struct PromptSourceOptions {
  std::vector<std::string> files;     // JSON lines
  std::string prompt_key = "prompt";  // a string, or a list of messages; a dot enters objects
  std::string answer_key = "answer";
  std::string id_key = "id";
  std::string reward_fn_key = "data_source";
  std::string prompt_template;     // holds {prompt}; empty = the prompt as it is
  std::string system_prompt;       // first message of a chat that has none
  bool as_chat = false;            // a string prompt becomes one user message
  size_t max_prompt_length = 512;  // tokens
  bool filter_overlong = true;     // drop and count, else as `truncation` says
  Truncation truncation = Truncation::kError;
  int64_t max_samples = -1;     // first rows; -1 = all
  bool needs_reference = true;  // the verifier compares with the answer column
  int64_t created_unix = 0;     // strftime_now of chat templates
};

// One row of the data set, ready to generate from and to judge.
struct Prompt {
  PromptId id;
  std::string id_text;  // of the row's own id field, else empty
  uint64_t row = 0;     // 0-based over all files
  std::string origin;   // FILE:LINE
  std::string text;     // as the model sees it
  std::vector<int32_t> tokens;
  std::string reference;  // empty if the row has none
  std::string data_source;
  std::string row_json;  // all columns
  std::string display;   // first 200 bytes of the user's text
};

// The rows of a job's data files, in file order.
// Threads:   immutable after Load. Errors: kInvalidArgument as "FILE:LINE: KEY rule: found".
class PromptSource {
 public:
  // `chat` may be null if no row needs it; both are used during Load only.
  static Result<PromptSource> Load(const PromptSourceOptions& options,
                                   const model::Tokenizer& tokenizer, const model::Chat* chat);

  const std::vector<Prompt>& prompts() const { return prompts_; }
  size_t num_overlong() const { return num_overlong_; }
  // Null if there is no such prompt.
  const Prompt* Find(PromptId id) const;
  // Of ids, prompt tokens and references in order: a resumed run must see the same data.
  Digest digest() const;

 private:
  std::vector<Prompt> prompts_;
  std::unordered_map<PromptId, size_t> index_;
  size_t num_overlong_ = 0;
};

}  // namespace winnow::orchestrator
