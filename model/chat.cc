#include "model/chat.h"

#include "base/file.h"

namespace winnow::model {

Result<std::unique_ptr<Chat>> Chat::Load(const std::string& folder, const std::string& choice) {
  if (choice == "none") return std::unique_ptr<Chat>();
  WINNOW_ASSIGN_OR_RETURN(ChatConfig config, LoadChatConfig(folder));
  if (choice != "model") {
    WINNOW_ASSIGN_OR_RETURN(config.chat_template, ReadFile(choice));
    config.origin = choice;
  }
  if (!config.chat_template.has_value()) return std::unique_ptr<Chat>();
  WINNOW_ASSIGN_OR_RETURN(ChatTemplate parsed,
                          ChatTemplate::Parse(*std::move(config.chat_template), config.origin));
  return std::make_unique<Chat>(std::move(parsed), std::move(config.special_tokens));
}

Result<std::string> Chat::Render(std::string messages_json, bool add_generation_prompt,
                                 int64_t now_unix, std::string variables_json) const {
  return template_.Render({.messages_json = std::move(messages_json),
                           .add_generation_prompt = add_generation_prompt,
                           .variables_json = std::move(variables_json),
                           .special_tokens = special_tokens_,
                           .now_unix = now_unix});
}

}  // namespace winnow::model
