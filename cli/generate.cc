#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "base/digest.h"
#include "base/format.h"
#include "cli/command.h"
#include "cli/sampling_options.h"

namespace winnow::cli {
namespace {

constexpr size_t kPromptsAtOnce = 1024;

struct Options : SamplingCommand {
  std::string input = "-";
};

// One input line: its output id and the group to generate.
struct Request {
  Json id;
  rollout::GroupRequest group;
};

class Generator {
 public:
  Generator(const Options& options, ModelSession session)
      : options_(options),
        session_(std::move(session)),
        engine_(session_.policy.get(), session_.tokenizer.get(), {}) {}

  Status Add(const Json& line) {
    Request request;
    const uint64_t number = num_lines_++;
    request.id = line.contains("id") ? line["id"] : Json(number);
    request.group.key = {.seed = options_.seed,
                         .prompt = PromptId(Hash64(DumpJson(request.id))),
                         .use = NoiseUse::kGenerate};
    request.group.num_samples = options_.n;
    WINNOW_ASSIGN_OR_RETURN(request.group.prompt, PromptIds(line));
    const size_t limit = session_.policy->config().max_positions;
    if (request.group.prompt.size() + options_.max_tokens > limit) {
      return InvalidArgument(Format("prompt and --max-tokens must fit the model's {} positions: {}",
                                    limit, request.group.prompt.size() + options_.max_tokens));
    }
    pending_.push_back(std::move(request));
    return pending_.size() < kPromptsAtOnce ? OkStatus() : Flush();
  }

  Status Flush() {
    std::vector<rollout::GroupRequest> groups;
    for (const Request& request : pending_) groups.push_back(request.group);
    WINNOW_ASSIGN_OR_RETURN(const auto results,
                            engine_.Generate(groups, options_.Generation(), PolicyVersion(0)));
    for (size_t i = 0; i < results.size(); ++i) {
      Json samples = Json::array();
      for (const rollout::Trajectory& trajectory : results[i]) {
        samples.push_back({{"ids", trajectory.tokens},
                           {"text", session_.tokenizer->Decode(trajectory.tokens)},
                           {"log_probs", trajectory.log_probs},
                           {"finish", FinishReasonName(trajectory.finish)}});
      }
      PrintJsonLine({{"id", pending_[i].id}, {"samples", std::move(samples)}});
    }
    pending_.clear();
    return OkStatus();
  }

 private:
  Result<std::vector<int32_t>> PromptIds(const Json& line) const {
    const size_t vocab_size = session_.policy->config().vocab_size;
    if (line.contains("input_ids")) return IdsField(line, "input_ids", vocab_size);
    std::string text;
    if (line.contains("messages") || options_.chat) {
      WINNOW_ASSIGN_OR_RETURN(text, RenderChat(line));
    } else {
      WINNOW_ASSIGN_OR_RETURN(text, StringField(line, "prompt"));
    }
    std::vector<int32_t> ids = session_.tokenizer->Encode(text);
    if (ids.empty()) return InvalidArgument("a prompt must hold at least one token");
    return ids;
  }

  Result<std::string> RenderChat(const Json& line) const {
    if (session_.chat == nullptr) {
      return InvalidArgument("messages need a chat template, and the model has none");
    }
    Json messages = Json::array();
    if (line.contains("messages")) {
      messages = line["messages"];
    } else {
      WINNOW_ASSIGN_OR_RETURN(const std::string prompt, StringField(line, "prompt"));
      messages.push_back({{"role", "user"}, {"content", prompt}});
    }
    return session_.chat->Render(DumpJson(messages), /*add_generation_prompt=*/true, WallSeconds());
  }

  const Options& options_;
  ModelSession session_;
  rollout::Engine engine_;
  std::vector<Request> pending_;
  uint64_t num_lines_ = 0;
};

Status RunGenerate(const Options& options) {
  WINNOW_ASSIGN_OR_RETURN(ModelSession session, OpenModel(options.model));
  Generator generator(options, std::move(session));
  WINNOW_RETURN_IF_ERROR(ForEachJsonLine(
      options.input, [&](const Json& line, const std::string&) { return generator.Add(line); }));
  return generator.Flush();
}

}  // namespace

void DeclareGenerate(CLI::App* app, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app->add_subcommand(
      "generate",
      "Responses to prompts: JSON lines {\"prompt\"}, {\"messages\"} or {\"input_ids\"} in");
  AddSamplingOptions(command, options.get());
  command->add_option("--input", options->input, "JSON lines, - for stdin")->capture_default_str();
  command->add_flag("--chat", options->chat, "a prompt becomes one user message");
  command->callback([run, options] { *run = [options] { return RunGenerate(*options); }; });
}

}  // namespace winnow::cli
