#pragma once

#include "cli/bench/measure.h"
#include "cli/command.h"
#include "cli/model_session.h"

namespace winnow::cli {

// What the benchmarks that run a model share.
struct BenchOptions {
  ModelSessionOptions model;
  uint64_t seed = 1;
  int repeats = kDefaultRepeats;
  bool as_json = false;
};

// --model (required if `needs_model`), --dtype, --threads, --seed, --repeats, --json.
void AddBenchOptions(CLI::App* command, bool needs_model, BenchOptions* options);

// The sub-commands of `winnow bench`; see cli/command.h.
void DeclareBenchRollout(CLI::App* bench, Run* run);
void DeclareBenchTrain(CLI::App* bench, Run* run);
void DeclareBenchStep(CLI::App* bench, Run* run);
void DeclareBenchGemm(CLI::App* bench, Run* run);
void DeclareBenchTokenizer(CLI::App* bench, Run* run);

}  // namespace winnow::cli
