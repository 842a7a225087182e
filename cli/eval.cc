#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/clock.h"
#include "base/format.h"
#include "cli/command.h"
#include "cli/sampling_options.h"
#include "orchestrator/evaluator.h"
#include "reward/registry.h"

namespace winnow::cli {
namespace {

struct Options : SamplingCommand {
  std::vector<std::string> data;
  std::string verifier;
  std::string extract;
  std::vector<std::string> verifier_options;
  std::string prompt_key = "prompt";
  std::string answer_key = "answer";
  std::string prompt_template;
  std::string system_prompt;
  uint32_t max_prompt_length = 1024;
  int64_t max_samples = -1;
  std::string out;
  bool json = false;
};

Result<std::unique_ptr<reward::Scorer>> MakeEvalScorer(const Options& options) {
  reward::VerifierOptions settings;
  if (!options.extract.empty()) settings["extract"] = options.extract;
  for (const std::string& option : options.verifier_options) {
    const size_t equals = option.find('=');
    if (equals == std::string::npos) {
      return InvalidArgument("--option must be KEY=VALUE: " + option);
    }
    settings[option.substr(0, equals)] = option.substr(equals + 1);
  }
  WINNOW_ASSIGN_OR_RETURN(auto verifier, reward::MakeVerifier(options.verifier, settings));
  return std::make_unique<reward::Scorer>(std::move(verifier));
}

Json ToJson(const orchestrator::EvaluationResult& result) {
  const auto by_k = [](const std::map<size_t, double>& values) {
    Json json = Json::object();
    for (const auto& [k, value] : values) json[std::to_string(k)] = value;
    return json;
  };
  const auto optional = [](const std::optional<double>& value) {
    return value.has_value() ? Json(*value) : Json(nullptr);
  };
  return {{"accuracy", optional(result.accuracy)},
          {"reward_mean", optional(result.reward_mean)},
          {"pass_at_k", by_k(result.pass_at_k)},
          {"maj_at_k", by_k(result.maj_at_k)},
          {"count", result.count},
          {"samples", result.samples},
          {"unknown", result.unknown}};
}

void PrintTable(const orchestrator::EvaluationResult& result) {
  std::printf("prompts    %zu (%zu samples, %zu without a verdict)\n", result.count, result.samples,
              result.unknown);
  if (!result.accuracy.has_value()) return;
  std::printf("accuracy   %.2f %%\n", 100 * *result.accuracy);
  for (const auto& [k, value] : result.pass_at_k) {
    std::printf("pass@%-5zu %.2f %%   maj@%zu %.2f %%\n", k, 100 * value, k,
                100 * result.maj_at_k.at(k));
  }
}

// One line per judged response, for --out.
void WriteResponses(const orchestrator::JudgedGroup& group, std::FILE* out) {
  for (const orchestrator::JudgedTrajectory& sample : group.samples) {
    Json json = {{"prompt_id", ToHex(group.prompt->id)},
                 {"id", group.prompt->id_text},
                 {"sample", sample.trajectory.sample},
                 {"prompt", group.prompt->text},
                 {"response", sample.text},
                 {"reference", group.prompt->reference},
                 {"kind", VerdictKindName(sample.verdict.kind())},
                 {"finish", FinishReasonName(sample.trajectory.finish)}};
    json["reward"] = sample.verdict.is_scored() ? Json(sample.verdict.reward()) : Json(nullptr);
    const std::string line = DumpJson(json) + "\n";
    std::fwrite(line.data(), 1, line.size(), out);
  }
}

Status RunEval(const Options& options) {
  WINNOW_ASSIGN_OR_RETURN(const auto scorer, MakeEvalScorer(options));
  orchestrator::EvaluatorOptions evaluator{
      .seed = options.seed, .num_samples = options.n, .generation = options.Generation()};
  WINNOW_ASSIGN_OR_RETURN(
      evaluator.extract,
      reward::ParseExtractRule(options.extract.empty() ? "auto" : options.extract));
  evaluator.answer_form = orchestrator::AnswerFormOf(options.verifier);
  WINNOW_ASSIGN_OR_RETURN(ModelSession session, OpenModel(options.model));
  WINNOW_ASSIGN_OR_RETURN(
      const orchestrator::PromptSource source,
      orchestrator::PromptSource::Load({.files = options.data,
                                        .prompt_key = options.prompt_key,
                                        .answer_key = options.answer_key,
                                        .prompt_template = options.prompt_template,
                                        .system_prompt = options.system_prompt,
                                        .as_chat = options.chat,
                                        .max_prompt_length = options.max_prompt_length,
                                        .filter_overlong = false,
                                        .max_samples = options.max_samples,
                                        .needs_reference = scorer->traits().needs_reference,
                                        .created_unix = WallSeconds()},
                                       *session.tokenizer, session.chat.get()));
  rollout::Engine engine(session.policy.get(), session.tokenizer.get(), {});
  orchestrator::RolloutStage stage(&engine, session.tokenizer.get(), scorer.get());
  std::FILE* out = nullptr;
  if (!options.out.empty() && (out = std::fopen(options.out.c_str(), "wb")) == nullptr) {
    return InvalidArgument("--out must be a file that can be written: " + options.out);
  }
  const auto result =
      orchestrator::RunEvaluation(evaluator, source, scorer->range(), PolicyVersion(0), &stage,
                                  [out](const orchestrator::JudgedGroup& group) {
                                    if (out != nullptr) WriteResponses(group, out);
                                  });
  if (out != nullptr && std::fclose(out) != 0) return Unavailable("cannot write to " + options.out);
  if (!result.ok()) return result.status();
  if (options.json) {
    PrintJsonLine(ToJson(*result));
  } else {
    PrintTable(*result);
  }
  return OkStatus();
}

}  // namespace

void DeclareEval(CLI::App* app, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app->add_subcommand("eval", "Accuracy, pass@k and maj@k on a data file");
  AddSamplingOptions(command, options.get());
  command->add_option("--data", options->data, "JSON lines; repeatable")->required();
  command->add_option("--verifier", options->verifier, "judges the responses")->required();
  command->add_option("--extract", options->extract,
                      "auto, boxed, tag:NAME, after:TEXT, last_number, whole");
  command->add_option("--option", options->verifier_options,
                      "KEY=VALUE of the verifier, repeatable");
  command->add_flag("--chat", options->chat, "a string prompt becomes one user message");
  command->add_option("--prompt-key", options->prompt_key, "column")->capture_default_str();
  command->add_option("--answer-key", options->answer_key, "column")->capture_default_str();
  command->add_option("--prompt-template", options->prompt_template, "text around {prompt}");
  command->add_option("--system-prompt", options->system_prompt, "first message of a chat");
  command->add_option("--max-prompt-length", options->max_prompt_length, "tokens")
      ->capture_default_str();
  command->add_option("--max-samples", options->max_samples, "first rows; -1 = all");
  command->add_option("--out", options->out, "file for all judged responses, JSON lines");
  command->add_flag("--json", options->json, "one JSON object");
  command->callback([run, options] { *run = [options] { return RunEval(*options); }; });
}

}  // namespace winnow::cli
