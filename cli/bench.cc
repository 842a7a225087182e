#include <CLI/CLI.hpp>

#include "cli/bench/commands.h"

namespace winnow::cli {

void AddBenchOptions(CLI::App* command, bool needs_model, BenchOptions* options) {
  CLI::Option* model = command->add_option("--model", options->model.model, "model folder");
  if (needs_model) model->required();
  command->add_option("--dtype", options->model.dtype, "auto, f32, bf16, bf16_tile, bf16_pair")
      ->capture_default_str();
  command->add_option("--threads", options->model.threads, "0 = all cores")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--seed", options->seed, "of the random input")->capture_default_str();
  command->add_option("--repeats", options->repeats, "timed runs; medians are reported")
      ->check(CLI::Range(3, 1000))
      ->capture_default_str();
  command->add_flag("--json", options->as_json, "one JSON object");
}

void DeclareBench(CLI::App* app, Run* run) {
  CLI::App* bench = app->add_subcommand("bench", "Speed of this machine, in figures");
  bench->require_subcommand(1);
  DeclareBenchRollout(bench, run);
  DeclareBenchTrain(bench, run);
  DeclareBenchStep(bench, run);
  DeclareBenchGemm(bench, run);
  DeclareBenchTokenizer(bench, run);
}

}  // namespace winnow::cli
