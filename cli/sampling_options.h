#pragma once

#include <cstdint>
#include <string>

#include "cli/json_lines.h"
#include "cli/model_session.h"
#include "rollout/engine.h"

namespace CLI {
class App;
}

namespace winnow::cli {

// What `generate` and `eval` share: model, law, lengths.
struct SamplingCommand {
  ModelSessionOptions model;
  uint32_t n = 1;
  double temperature = 1.0;
  double top_p = 1.0;
  int32_t top_k = 0;
  uint64_t seed = 1;
  uint32_t max_tokens = 512;
  std::vector<std::string> stop;
  bool chat = false;

  rollout::GenerationOptions Generation() const;
};

// Adds their options to `command`.
void AddSamplingOptions(CLI::App* command, SamplingCommand* options);

}  // namespace winnow::cli
