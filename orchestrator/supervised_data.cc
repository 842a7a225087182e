#include "orchestrator/supervised_data.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/format.h"

namespace winnow::orchestrator {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kMaxRefusedShare = 0.05;

std::string Dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

class RowBuilder {
 public:
  RowBuilder(const SupervisedDataOptions& options, const model::Tokenizer& tokenizer,
             const model::Chat* chat)
      : options_(options), tokenizer_(tokenizer), chat_(chat) {}

  learner::SupervisedRow FromPrompt(const Prompt& prompt) const {
    learner::SupervisedRow row;
    Append(prompt.tokens, /*counts=*/false, &row);
    Append(tokenizer_.Encode(prompt.reference), /*counts=*/true, &row);
    if (options_.end_token >= 0) Append({options_.end_token}, /*counts=*/true, &row);
    return Finish(std::move(row));
  }

  Result<learner::SupervisedRow> FromMessages(const Json& messages) const {
    if (chat_ == nullptr) return InvalidArgument("messages need a chat template");
    learner::SupervisedRow row;
    std::string rendered;  // of the turns so far
    for (size_t i = 0; i < messages.size(); ++i) {
      if (!messages[i].is_object() || messages[i].value("role", "") != "assistant") continue;
      Json before = Json::array();
      for (size_t j = 0; j < i; ++j) before.push_back(messages[j]);
      WINNOW_ASSIGN_OR_RETURN(const std::string prompt, Render(before, /*generation=*/true));
      before.push_back(messages[i]);
      WINNOW_ASSIGN_OR_RETURN(const std::string turn, Render(before, /*generation=*/false));
      if (!prompt.starts_with(rendered) || !turn.starts_with(prompt)) {
        return InvalidArgument("the chat template must render a conversation turn by turn: turn " +
                               std::to_string(i) + " changes the text before it");
      }
      Append(tokenizer_.Encode(prompt.substr(rendered.size())), /*counts=*/false, &row);
      AppendTurn(tokenizer_.Encode(turn.substr(prompt.size())), &row);
      rendered = turn;
    }
    if (rendered.empty()) return InvalidArgument("messages must hold an assistant turn");
    WINNOW_ASSIGN_OR_RETURN(const std::string whole, Render(messages, /*generation=*/false));
    if (!whole.starts_with(rendered)) {
      return InvalidArgument("the chat template must render a conversation turn by turn");
    }
    return Finish(std::move(row));
  }

 private:
  Result<std::string> Render(const Json& messages, bool generation) const {
    return chat_->Render(Dump(messages), generation, options_.prompts.created_unix);
  }

  static void Append(const std::vector<int32_t>& tokens, bool counts, learner::SupervisedRow* row) {
    row->tokens.insert(row->tokens.end(), tokens.begin(), tokens.end());
    row->mask.insert(row->mask.end(), tokens.size(), counts ? 1 : 0);
  }

  // What follows the end-of-turn token (a line break, as a rule) is not the assistant's to learn.
  void AppendTurn(const std::vector<int32_t>& tokens, learner::SupervisedRow* row) const {
    const auto end = std::find(tokens.begin(), tokens.end(), options_.end_token);
    const auto counted = end == tokens.end() ? end : end + 1;
    Append({tokens.begin(), counted}, /*counts=*/true, row);
    Append({counted, tokens.end()}, /*counts=*/false, row);
  }

  learner::SupervisedRow Finish(learner::SupervisedRow row) const {
    if (options_.all_tokens) std::fill(row.mask.begin(), row.mask.end(), 1);
    if (!row.mask.empty()) row.mask[0] = 0;
    return row;
  }

  const SupervisedDataOptions& options_;
  const model::Tokenizer& tokenizer_;
  const model::Chat* chat_;
};

// Takes rows into the result, or refuses them.
class Collector {
 public:
  explicit Collector(size_t max_length) : max_length_(max_length) {}

  void Take(learner::SupervisedRow row, const std::string& origin) {
    if (row.tokens.size() > max_length_) {
      return Refuse(Format("{}: a row must have at most learner.sft.max_length = {} tokens: {}",
                           origin, max_length_, row.tokens.size()));
    }
    const uint64_t length = row.tokens.size();
    digester_.Add(&length, sizeof(length));
    digester_.Add(row.tokens.data(), length * sizeof(int32_t));
    digester_.Add(row.mask.data(), length);
    data_.rows.push_back(std::move(row));
  }
  void Refuse(std::string line) { data_.refused.push_back(std::move(line)); }

  Result<SupervisedData> Finish() {
    const size_t all = data_.rows.size() + data_.refused.size();
    if (data_.rows.empty() ||
        static_cast<double>(data_.refused.size()) > kMaxRefusedShare * static_cast<double>(all)) {
      return InvalidArgument(
          Format("{} of {} rows were refused, more than 5 %; the first: {}", data_.refused.size(),
                 all, data_.refused.empty() ? "there is no row" : data_.refused.front()));
    }
    data_.digest = digester_.Finish();
    return std::move(data_);
  }

 private:
  const size_t max_length_;
  SupervisedData data_;
  Digester digester_;
};

// True if the first row of the files has `messages` and not the prompt column.
Result<bool> HoldsMessages(const PromptSourceOptions& options) {
  bool seen = false;
  bool messages = false;
  for (const std::string& file : options.files) {
    WINNOW_RETURN_IF_ERROR(ForEachLine(file, [&](std::string_view line, size_t) -> Status {
      if (seen || line.empty()) return OkStatus();
      seen = true;
      const Json row = Json::parse(line, nullptr, /*allow_exceptions=*/false);
      messages = row.is_object() && row.contains("messages") && !row.contains(options.prompt_key);
      return OkStatus();
    }));
    if (seen) break;
  }
  return messages;
}

}  // namespace

Result<SupervisedData> LoadSupervisedData(const SupervisedDataOptions& options,
                                          const model::Tokenizer& tokenizer,
                                          const model::Chat* chat) {
  const RowBuilder builder(options, tokenizer, chat);
  Collector collector(options.max_length);
  WINNOW_ASSIGN_OR_RETURN(const bool has_messages, HoldsMessages(options.prompts));
  if (!has_messages) {
    PromptSourceOptions prompts = options.prompts;
    prompts.needs_reference = true;
    prompts.filter_overlong = false;
    prompts.max_prompt_length = SIZE_MAX;  // the whole row is measured instead
    WINNOW_ASSIGN_OR_RETURN(const PromptSource source,
                            PromptSource::Load(prompts, tokenizer, chat));
    for (const Prompt& prompt : source.prompts()) {
      collector.Take(builder.FromPrompt(prompt), prompt.origin);
    }
    return collector.Finish();
  }
  for (const std::string& file : options.prompts.files) {
    WINNOW_RETURN_IF_ERROR(ForEachLine(file, [&](std::string_view line, size_t number) -> Status {
      if (line.empty()) return OkStatus();
      const std::string origin = Format("{}:{}", file, number);
      const Json row = Json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (!row.is_object() || !row.contains("messages") || !row["messages"].is_array()) {
        collector.Refuse(origin + ": a line must be a JSON object with a list \"messages\"");
        return OkStatus();
      }
      auto built = builder.FromMessages(row["messages"]);
      if (built.ok()) {
        collector.Take(std::move(built).value(), origin);
      } else {
        collector.Refuse(origin + ": " + built.status().message());
      }
      return OkStatus();
    }));
  }
  return collector.Finish();
}

}  // namespace winnow::orchestrator
