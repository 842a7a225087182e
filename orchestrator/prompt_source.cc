#include "orchestrator/prompt_source.h"

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/format.h"
#include "orchestrator/row_columns.h"

namespace winnow::orchestrator {
namespace {

using Json = nlohmann::json;

constexpr size_t kDisplayBytes = 200;

std::string Shorten(std::string_view text, size_t limit) {
  if (text.size() <= limit) return std::string(text);
  size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end));
}

std::string ReplacePrompt(const std::string& prompt_template, const std::string& prompt) {
  if (prompt_template.empty()) return prompt;
  std::string text = prompt_template;
  const size_t at = text.find("{prompt}");
  if (at != std::string::npos) text.replace(at, 8, prompt);
  return text;
}

// Loads one row after the other; holds what all rows share.
class RowReader {
 public:
  RowReader(const PromptSourceOptions& options, const model::Tokenizer& tokenizer,
            const model::Chat* chat)
      : options_(options), tokenizer_(tokenizer), chat_(chat) {}

  Result<Prompt> Read(std::string_view line, const std::string& origin) const {
    const Json row = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!row.is_object()) {
      return InvalidArgument(
          Format("{}: a line must be a JSON object: {}", origin, Shorten(line, 60)));
    }
    Prompt prompt;
    prompt.origin = origin;
    const Json* column = FindColumn(row, options_.prompt_key);
    if (column == nullptr || !(column->is_string() || column->is_array())) {
      return InvalidArgument(
          Format("{}: data.prompt_key must name a string or a list of messages in each row: \"{}\"",
                 origin, options_.prompt_key));
    }
    WINNOW_RETURN_IF_ERROR(ReadReference(row, &prompt));
    if (const Json* source = FindColumn(row, options_.reward_fn_key)) {
      prompt.data_source = ColumnText(*source);
    }
    WINNOW_RETURN_IF_ERROR(ReadPrompt(*column, &prompt));
    const Json* id = FindColumn(row, options_.id_key);
    if (id != nullptr && (id->is_string() || id->is_number_integer())) {
      prompt.id_text = ColumnText(*id);
      prompt.id = PromptId(Hash64(prompt.id_text));
    } else {
      prompt.id = PromptId(Hash64(JsonText(*column)));
    }
    prompt.row_json = JsonText(row);
    return prompt;
  }

 private:
  Status ReadReference(const Json& row, Prompt* prompt) const {
    const Json* answer = FindColumn(row, options_.answer_key);
    if (answer != nullptr && !answer->is_null()) {
      prompt->reference = ColumnText(*answer);
    } else if (options_.needs_reference) {
      return InvalidArgument(Format("{}: data.answer_key must name a column of each row: \"{}\"",
                                    prompt->origin, options_.answer_key));
    }
    return OkStatus();
  }

  Status ReadPrompt(const Json& column, Prompt* prompt) const {
    Json messages = Json::array();
    if (column.is_string()) {
      const std::string text = ReplacePrompt(options_.prompt_template, column.get<std::string>());
      prompt->display = Shorten(column.get<std::string>(), kDisplayBytes);
      if (!options_.as_chat) {
        prompt->text = text;
      } else {
        messages.push_back({{"role", "user"}, {"content", text}});
      }
    } else {
      messages = column;
      const Json& last = messages.empty() ? column : messages.back();
      prompt->display =
          Shorten(last.is_object() && last.contains("content") ? ColumnText(last["content"])
                                                               : JsonText(last),
                  kDisplayBytes);
    }
    if (!messages.empty()) WINNOW_RETURN_IF_ERROR(RenderChat(std::move(messages), prompt));
    prompt->tokens = tokenizer_.Encode(prompt->text);
    if (prompt->tokens.empty()) {
      return InvalidArgument(
          Format("{}: {} must not be empty", prompt->origin, options_.prompt_key));
    }
    return OkStatus();
  }

  Status RenderChat(Json messages, Prompt* prompt) const {
    if (chat_ == nullptr) {
      return InvalidArgument(Format(
          "{}: a chat needs a template, and neither the model nor model.chat_template has one",
          prompt->origin));
    }
    const bool has_system =
        messages.front().is_object() && messages.front().value("role", std::string()) == "system";
    if (!options_.system_prompt.empty() && !has_system) {
      messages.insert(messages.begin(),
                      Json{{"role", "system"}, {"content", options_.system_prompt}});
    }
    auto text =
        chat_->Render(JsonText(messages), /*add_generation_prompt=*/true, options_.created_unix);
    if (!text.ok()) return text.status().WithPrefix(prompt->origin);
    prompt->text = std::move(text).value();
    return OkStatus();
  }

  const PromptSourceOptions& options_;
  const model::Tokenizer& tokenizer_;
  const model::Chat* chat_;
};

}  // namespace

Result<PromptSource> PromptSource::Load(const PromptSourceOptions& options,
                                        const model::Tokenizer& tokenizer,
                                        const model::Chat* chat) {
  PromptSource source;
  const RowReader reader(options, tokenizer, chat);
  uint64_t row = 0;
  for (const std::string& file : options.files) {
    const Status status = ForEachLine(file, [&](std::string_view line, size_t number) -> Status {
      const bool full =
          options.max_samples >= 0 && row >= static_cast<uint64_t>(options.max_samples);
      if (full || line.find_first_not_of(" \t") == std::string_view::npos) return OkStatus();
      const std::string origin = Format("{}:{}", file, number);
      WINNOW_ASSIGN_OR_RETURN(Prompt prompt, reader.Read(line, origin));
      prompt.row = row++;
      std::vector<int32_t>& tokens = prompt.tokens;
      if (tokens.size() > options.max_prompt_length) {
        const size_t excess = tokens.size() - options.max_prompt_length;
        if (options.filter_overlong) {
          ++source.num_overlong_;
          return OkStatus();
        }
        if (options.truncation == Truncation::kError) {
          return InvalidArgument(
              Format("{}: a prompt must have at most data.max_prompt_length = {} tokens: {}",
                     origin, options.max_prompt_length, tokens.size()));
        }
        const auto gone = static_cast<ptrdiff_t>(excess);
        if (options.truncation == Truncation::kLeft) {
          tokens.erase(tokens.begin(), tokens.begin() + gone);
        } else {
          tokens.resize(options.max_prompt_length);
        }
      }
      const auto [known, inserted] = source.index_.emplace(prompt.id, source.prompts_.size());
      if (!inserted) {
        return InvalidArgument(
            Format("{}: each row must have an id of its own; this one is that of {}: {}", origin,
                   source.prompts_[known->second].origin,
                   prompt.id_text.empty() ? ToHex(prompt.id) : "\"" + prompt.id_text + "\""));
      }
      source.prompts_.push_back(std::move(prompt));
      return OkStatus();
    });
    if (!status.ok() && status.code() == StatusCode::kNotFound) {
      return NotFound("data file cannot be read: " + status.message());
    }
    WINNOW_RETURN_IF_ERROR(status);
  }
  return source;
}

const Prompt* PromptSource::Find(PromptId id) const {
  const auto known = index_.find(id);
  return known == index_.end() ? nullptr : &prompts_[known->second];
}

Digest PromptSource::digest() const {
  Digester digester;
  for (const Prompt& prompt : prompts_) {
    const uint64_t id = prompt.id.value();
    const uint64_t count = prompt.tokens.size();
    digester.Add(&id, sizeof(id));
    digester.Add(&count, sizeof(count));
    digester.Add(prompt.tokens.data(), count * sizeof(int32_t));
    digester.Add(prompt.reference);
  }
  return digester.Finish();
}

}  // namespace winnow::orchestrator
