#include "cli/sampling_options.h"

#include <CLI/CLI.hpp>

namespace winnow::cli {

rollout::GenerationOptions SamplingCommand::Generation() const {
  return {.sampling = {.temperature = temperature, .top_p = top_p, .top_k = top_k},
          .max_tokens = max_tokens,
          .stop = stop};
}

void AddSamplingOptions(CLI::App* command, SamplingCommand* options) {
  command->add_option("--model", options->model.model, "model folder")->required();
  command->add_option("--dtype", options->model.dtype, "auto, f32, bf16, bf16_tile, bf16_pair")
      ->capture_default_str();
  command->add_option("--threads", options->model.threads, "0 = all cores")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--n,-n", options->n, "samples per prompt")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_option("--temperature", options->temperature, "0 = greedy")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--top-p", options->top_p, "1 = off")
      ->check(CLI::Range(1e-9, 1.0))
      ->capture_default_str();
  command->add_option("--top-k", options->top_k, "0 = off")
      ->check(CLI::Range(-1, 1 << 30))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "keys all noise")->capture_default_str();
  command->add_option("--max-tokens", options->max_tokens, "of a response")
      ->check(CLI::Range(1, 1 << 24))
      ->capture_default_str();
  command->add_option("--stop", options->stop, "ends a response; repeatable");
}

}  // namespace winnow::cli
