#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/json_lines.h"
#include "cli/model_session.h"

namespace winnow::cli {
namespace {

struct Options {
  std::string model;
  std::string input = "-";
  std::string chat_template = "model";
  bool chat = false;
};

Status TokenizeText(const model::Tokenizer& tokenizer, const Json& line) {
  WINNOW_ASSIGN_OR_RETURN(const std::string text, StringField(line, "text"));
  const std::vector<int32_t> ids = tokenizer.Encode(text);
  PrintJsonLine({{"ids", ids}, {"decoded", tokenizer.Decode(ids)}});
  return OkStatus();
}

// A template's own refusal (raise_exception) is an answer, not a failure of the command.
Status TokenizeChat(const model::Tokenizer& tokenizer, const model::Chat& chat, const Json& line) {
  if (!line.contains("messages") || !line["messages"].is_array()) {
    return InvalidArgument("\"messages\" must be a list of messages");
  }
  const Result<std::string> text =
      chat.Render(DumpJson(line["messages"]), line.value("add_generation_prompt", false),
                  WallSeconds(), line.contains("variables") ? DumpJson(line["variables"]) : "{}");
  if (!text.ok()) {
    PrintJsonLine({{"error", text.status().message()}});
    return OkStatus();
  }
  PrintJsonLine({{"text", *text}, {"ids", tokenizer.Encode(*text)}});
  return OkStatus();
}

Status RunTokenize(const Options& options) {
  WINNOW_ASSIGN_OR_RETURN(const auto tokenizer, model::Tokenizer::Load(options.model));
  std::unique_ptr<model::Chat> chat;
  if (options.chat) {
    WINNOW_ASSIGN_OR_RETURN(chat, model::Chat::Load(options.model, options.chat_template));
    if (chat == nullptr) {
      return InvalidArgument("--chat needs a template: " + options.model +
                             " has none; name a file with --template");
    }
  }
  return ForEachJsonLine(options.input, [&](const Json& line, const std::string&) {
    return chat != nullptr ? TokenizeChat(*tokenizer, *chat, line) : TokenizeText(*tokenizer, line);
  });
}

}  // namespace

void DeclareTokenize(CLI::App* app, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app->add_subcommand(
      "tokenize", "Text to token ids: JSON lines {\"text\"} (with --chat {\"messages\"}) in");
  command->add_option("--model", options->model, "folder with tokenizer.json")->required();
  command->add_option("--input", options->input, "JSON lines, - for stdin")->capture_default_str();
  command->add_flag("--chat", options->chat, "render messages with the chat template first");
  command->add_option("--template", options->chat_template, "file with another chat template");
  command->callback([run, options] { *run = [options] { return RunTokenize(*options); }; });
}

}  // namespace winnow::cli
