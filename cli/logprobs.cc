#include <CLI/CLI.hpp>
#include <numeric>

#include "cli/command.h"
#include "cli/json_lines.h"
#include "cli/model_session.h"

namespace winnow::cli {
namespace {

struct Options {
  ModelSessionOptions model;
  std::string input = "-";
  double temperature = 1.0;
  bool logits = false;
};

// Logits [T, V] of a sequence by the inference path, as rollout makes them.
std::vector<float> LogitsOf(model::Policy<float>* policy, const std::vector<int32_t>& ids) {
  constexpr size_t kPageTokens = 16;
  const size_t num_pages = (ids.size() + kPageTokens - 1) / kPageTokens;
  const auto storage = policy->MakeKvStorage(kPageTokens, num_pages);
  std::vector<int32_t> pages(num_pages);
  std::iota(pages.begin(), pages.end(), 0);
  std::vector<size_t> rows(ids.size());
  std::iota(rows.begin(), rows.end(), size_t{0});
  std::vector<float> logits(ids.size() * policy->config().vocab_size);
  const model::PassSequence sequence{.pages = pages, .row_end = ids.size()};
  policy->Forward(ids, {&sequence, 1}, storage.get(), {.rows = rows, .z = logits.data()});
  return logits;
}

Status RunLogprobs(const Options& options) {
  WINNOW_ASSIGN_OR_RETURN(ModelSession session, OpenModel(options.model));
  model::Policy<float>* policy = session.policy.get();
  const size_t vocab_size = policy->config().vocab_size;
  return ForEachJsonLine(options.input, [&](const Json& line, const std::string&) -> Status {
    WINNOW_ASSIGN_OR_RETURN(const std::vector<int32_t> ids,
                            IdsField(line, "input_ids", vocab_size));
    if (ids.size() > policy->config().max_positions) {
      return InvalidArgument("\"input_ids\" must fit the model's " +
                             std::to_string(policy->config().max_positions) +
                             " positions: " + std::to_string(ids.size()));
    }
    std::vector<uint8_t> mask(ids.size(), 1);
    mask[0] = 0;
    const model::TrainSequence sequence{.tokens = ids, .mask = mask};
    model::HeadValues<float> values;
    policy->LogProbs({&sequence, 1}, options.temperature, &values);
    Json log_probs = Json::array({0.0});
    for (const float x : values.log_prob) log_probs.push_back(x);
    Json result = {{"log_probs", std::move(log_probs)}};
    if (options.logits) {
      const std::vector<float> logits = LogitsOf(policy, ids);
      Json rows = Json::array();
      for (size_t t = 0; t < ids.size(); ++t) {
        const auto begin = logits.begin() + static_cast<ptrdiff_t>(t * vocab_size);
        rows.push_back(std::vector<float>(begin, begin + static_cast<ptrdiff_t>(vocab_size)));
      }
      result["logits"] = std::move(rows);
    }
    PrintJsonLine(result);
    return OkStatus();
  });
}

}  // namespace

void DeclareLogprobs(CLI::App* app, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app->add_subcommand("logprobs",
                          "Log-probabilities of token ids: JSON lines {\"input_ids\"} in, "
                          "{\"log_probs\"} out");
  command->add_option("--model", options->model.model, "model folder")->required();
  command->add_option("--input", options->input, "JSON lines, - for stdin")->capture_default_str();
  command->add_option("--dtype", options->model.dtype, "auto, f32, bf16, bf16_tile, bf16_pair")
      ->capture_default_str();
  command->add_option("--temperature", options->temperature, "logits are divided by it")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--threads", options->model.threads, "0 = all cores")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--logits", options->logits, "print the logits too");
  command->callback([run, options] { *run = [options] { return RunLogprobs(*options); }; });
}

}  // namespace winnow::cli
