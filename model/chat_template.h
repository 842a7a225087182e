#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"

namespace winnow::model {

// What one rendering is given. JSON texts are as the user wrote them: keys keep their order.
struct ChatInput {
  std::string messages_json = "[]";  // a list of {"role", "content", ...}
  bool add_generation_prompt = false;
  std::string variables_json = "{}";  // more variables, such as tools or enable_thinking
  // bos_token, eos_token and others that the tokenizer has; absent ones are undefined.
  std::vector<std::pair<std::string, std::string>> special_tokens;
  int64_t now_unix = 0;  // what strftime_now says, as UTC
};

// Turns a list of messages into the text of a prompt, by the Jinja template that a model ships.
// Renders what transformers renders: Jinja2 with trim_blocks and lstrip_blocks in a sandbox.
// Threads: constant after Parse; Render from any thread.
// Errors:  Parse refuses constructs that are not built, "ORIGIN:LINE: ...". A rendering that fails
//          is kInvalidArgument: "ORIGIN:LINE: ...", or the bare text given to raise_exception.
//          Depth, steps and size of a rendering are bounded (jinja/runtime.h).
class ChatTemplate {
 public:
  static Result<ChatTemplate> Parse(std::string source, std::string origin);
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  Result<std::string> Render(const ChatInput& input) const;
  const std::string& source() const;

 private:
  struct Parsed;
  explicit ChatTemplate(std::unique_ptr<const Parsed> parsed);
  std::unique_ptr<const Parsed> parsed_;
};

// What a model folder says about chats.
struct ChatConfig {
  std::optional<std::string> chat_template;  // its text; nothing if the model has none
  std::string origin;                        // the file it is from
  std::vector<std::pair<std::string, std::string>> special_tokens;  // for ChatInput
};

// Reads chat_template.jinja, or else the `chat_template` of tokenizer_config.json (a text, or the
// entry named "default" of a list), and the special tokens there. A missing tokenizer_config.json
// is a folder without special tokens.
Result<ChatConfig> LoadChatConfig(const std::string& folder);

}  // namespace winnow::model
