#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "orchestrator/filter/offer_source.h"
#include "orchestrator/filter/reference_mode.h"
#include "orchestrator/filter/uniform_stream.h"

namespace winnow::orchestrator {

// The settings of a trace, in the published code's names and with its defaults (greso.md §3).
struct TraceConfig {
  uint32_t n = 8;
  uint32_t dl_batch = 32;
  uint32_t sampling_batch_size = 384;
  uint32_t real_train_batch_size = 256;
  double p_easy = 0.5;
  double p_hard = 0.5;
  double target_zero_variance = 0.25;
  double min_p = 0.05;
  double max_p = 0.95;
  bool full_sampling_bs = false;
  uint32_t n_gpus = 8;
  uint64_t max_steps = 1001;
  ReferenceStrategy strategy = ReferenceStrategy::kAllProbabilistic;
  ReferenceRefill ttis = ReferenceRefill::kDynamicSampling;
};

// A synthetic input of golden/greso/README.md, schema greso-trace/1: who is offered when, and what
// each prompt would earn in each epoch. Prompts are named by PromptId of their id's text.
struct Trace {
  TraceConfig config;
  std::optional<uint64_t> mt19937_seed;  // else `uniforms`
  std::vector<double> uniforms;
  std::vector<std::vector<PromptId>> epoch_orders;
  // Per prompt, per epoch, the rewards of its n samples.
  std::unordered_map<PromptId, std::vector<std::vector<float>>> rewards;
  std::unordered_map<PromptId, std::string> names;

  std::unique_ptr<UniformStream> MakeStream() const;
};

// Errors: kInvalidArgument that names what is wrong: no JSON, another schema, an unknown key, a
// wrong type or range, a prompt without rewards for an epoch, two ids with one PromptId.
Result<Trace> ParseTrace(std::string_view json_text);

// The epochs of a trace, which outlives this.
class TraceOfferSource : public OfferSource {
 public:
  explicit TraceOfferSource(const Trace& trace) : trace_(trace) {}
  size_t num_prompts() const override { return trace_.names.size(); }
  std::optional<uint32_t> num_epochs() const override {
    return static_cast<uint32_t>(trace_.epoch_orders.size());
  }
  std::vector<PromptId> Order(uint32_t epoch) const override { return trace_.epoch_orders[epoch]; }

 private:
  const Trace& trace_;
};

}  // namespace winnow::orchestrator
