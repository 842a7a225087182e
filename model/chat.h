#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "model/chat_template.h"

namespace winnow::model {

// A chat template with the special tokens of the model it is for.
// Threads: constant after Load.
class Chat {
 public:
  // `choice` is model.chat_template of a job: `model` takes the template of `folder`, `none` none,
  // anything else is a file with a template. Null if there is none.
  static Result<std::unique_ptr<Chat>> Load(const std::string& folder, const std::string& choice);
  // For templates that do not come from a file.
  Chat(ChatTemplate chat_template, std::vector<std::pair<std::string, std::string>> special_tokens)
      : template_(std::move(chat_template)), special_tokens_(std::move(special_tokens)) {}

  // `messages_json` is a list of {"role", "content", …}; `now_unix` is what strftime_now says.
  // Errors: those of ChatTemplate::Render.
  Result<std::string> Render(std::string messages_json, bool add_generation_prompt,
                             int64_t now_unix, std::string variables_json = "{}") const;

 private:
  ChatTemplate template_;
  std::vector<std::pair<std::string, std::string>> special_tokens_;
};

}  // namespace winnow::model
