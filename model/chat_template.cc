#include "model/chat_template.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/format.h"
#include "model/jinja/error.h"
#include "model/jinja/evaluator.h"
#include "model/jinja/json_reader.h"
#include "model/jinja/parser.h"

namespace winnow::model {
namespace {

using Json = nlohmann::json;
using Variables = std::vector<std::pair<std::string, jinja::Value>>;

Status StatusOf(const jinja::Error& error, const std::string& origin) {
  if (error.is_raised) return InvalidArgument(error.what());
  if (error.line > 0) return InvalidArgument(Format("{}:{}: {}", origin, error.line, error.what()));
  return InvalidArgument(Format("{}: {}", origin, error.what()));
}

Result<jinja::Value> ReadInput(const std::string& json, const char* name,
                               jinja::Value::Kind expected, const char* what) {
  try {
    jinja::Value value = jinja::ReadJson(json);
    if (!value.Is(expected)) return InvalidArgument(Format("{} must be {}", name, what));
    return value;
  } catch (const jinja::Error& error) {
    return InvalidArgument(Format("{}: {}", name, error.what()));
  }
}

Result<Variables> VariablesOf(const ChatInput& input) {
  using Kind = jinja::Value::Kind;
  WINNOW_ASSIGN_OR_RETURN(jinja::Value messages, ReadInput(input.messages_json, "messages",
                                                           Kind::kList, "a list of messages"));
  WINNOW_ASSIGN_OR_RETURN(jinja::Value more,
                          ReadInput(input.variables_json, "variables", Kind::kDict, "an object"));
  Variables variables;
  // As apply_chat_template passes them when it is given none.
  variables.emplace_back("tools", jinja::Value::None());
  variables.emplace_back("documents", jinja::Value::None());
  for (const auto& [name, text] : input.special_tokens) {
    variables.emplace_back(name, jinja::Value::String(text));
  }
  for (const auto& [name, value] : more.dict().entries()) {
    variables.emplace_back(name.text(), value);
  }
  variables.emplace_back("messages", std::move(messages));
  variables.emplace_back("add_generation_prompt", jinja::Value::Bool(input.add_generation_prompt));
  return variables;
}

// A token is written as its text, or as an object that holds it.
std::optional<std::string> TokenText(const Json& token) {
  if (token.is_string()) return token.get<std::string>();
  if (!token.is_object()) return std::nullopt;
  const auto content = token.find("content");
  if (content == token.end() || !content->is_string()) return std::nullopt;
  return content->get<std::string>();
}

// The text of `chat_template`, or of its "default" entry.
Result<std::optional<std::string>> TemplateText(const Json& config) {
  const auto found = config.find("chat_template");
  if (found == config.end() || found->is_null()) return std::optional<std::string>();
  if (found->is_string()) return std::optional(found->get<std::string>());
  if (found->is_array()) {
    for (const Json& entry : *found) {
      if (!entry.is_object()) continue;
      const auto name = entry.find("name");
      const auto text = entry.find("template");
      if (name != entry.end() && *name == "default" && text != entry.end() && text->is_string()) {
        return std::optional(text->get<std::string>());
      }
    }
  }
  return InvalidArgument("chat_template must be a text, or a list with one named default");
}

Status ReadTokenizerConfig(const std::string& path, ChatConfig* chat) {
  WINNOW_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  Json config;
  try {
    config = Json::parse(text);
  } catch (const Json::exception& error) {
    return InvalidArgument(Format("{}: is not JSON: {}", path, error.what()));
  }
  if (!config.is_object()) return InvalidArgument(Format("{}: must be an object", path));
  for (const char* name : {"bos_token", "eos_token", "unk_token", "sep_token", "pad_token",
                           "cls_token", "mask_token"}) {
    const auto found = config.find(name);
    if (found == config.end() || found->is_null()) continue;
    const std::optional<std::string> token = TokenText(*found);
    if (!token.has_value()) {
      return InvalidArgument(
          Format("{}: {} must be a text or an object with `content`", path, name));
    }
    chat->special_tokens.emplace_back(name, *token);
  }
  if (chat->chat_template.has_value()) return Status();
  auto chat_template = TemplateText(config);
  if (!chat_template.ok()) return chat_template.status().WithPrefix(path);
  chat->chat_template = std::move(chat_template).value();
  chat->origin = path + ": chat_template";
  return Status();
}

}  // namespace

struct ChatTemplate::Parsed {
  std::string source;
  std::string origin;
  jinja::Body body;
};

ChatTemplate::ChatTemplate(std::unique_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

const std::string& ChatTemplate::source() const { return parsed_->source; }

Result<ChatTemplate> ChatTemplate::Parse(std::string source, std::string origin) {
  auto parsed = std::make_unique<Parsed>();
  try {
    parsed->body = jinja::ParseTemplate(source);
  } catch (const jinja::Error& error) {
    return StatusOf(error, origin);
  }
  parsed->source = std::move(source);
  parsed->origin = std::move(origin);
  return ChatTemplate(std::move(parsed));
}

Result<std::string> ChatTemplate::Render(const ChatInput& input) const {
  WINNOW_ASSIGN_OR_RETURN(const Variables variables, VariablesOf(input));
  try {
    return jinja::Render(parsed_->body, variables, jinja::RenderLimits(), input.now_unix);
  } catch (const jinja::Error& error) {
    return StatusOf(error, parsed_->origin);
  }
}

Result<ChatConfig> LoadChatConfig(const std::string& folder) {
  ChatConfig chat;
  const std::string own_file = folder + "/chat_template.jinja";
  const std::string config = folder + "/tokenizer_config.json";
  if (std::filesystem::exists(own_file)) {
    WINNOW_ASSIGN_OR_RETURN(chat.chat_template, ReadFile(own_file));
    chat.origin = own_file;
  }
  if (std::filesystem::exists(config)) {
    WINNOW_RETURN_IF_ERROR(ReadTokenizerConfig(config, &chat));
  }
  return chat;
}

}  // namespace winnow::model
