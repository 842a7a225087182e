#include "cli/memory_plan.h"

#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/format.h"
#include "cli/config/checks.h"
#include "model/parameters.h"

namespace winnow::cli {
namespace {

constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;

// Float32 values kept per token and layer between forward and backward (model/activations.h): the
// layer's input, two normed inputs, q, k, v, attention output, its projection, gate, up, product.
double ActivationsPerToken(const model::ModelConfig& model, const std::string& recompute) {
  const auto hidden = static_cast<double>(model.hidden_size);
  const auto q = static_cast<double>(model.num_heads * model.head_dim);
  const auto kv = static_cast<double>(model.num_kv_heads * model.head_dim);
  const auto inner = static_cast<double>(model.intermediate_size);
  const double attention = 3 * hidden + 2 * q + 4 * kv + 2.0 * static_cast<double>(model.num_heads);
  const double all = attention + 3 * inner;
  const auto layers = static_cast<double>(model.num_layers);
  if (recompute == "full") return layers * hidden + all;
  if (recompute == "selective") return layers * attention + 3 * inner;
  return layers * all;
}

std::vector<std::pair<std::string, double>> PartsInGiB(const MemoryPlan& plan) {
  std::vector<std::pair<std::string, double>> parts = {{"optimizer", plan.optimizer / kGiB},
                                                       {"activations", plan.activations / kGiB},
                                                       {"gradient", plan.gradient / kGiB},
                                                       {"weights", plan.weights / kGiB}};
  std::stable_sort(parts.begin(), parts.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return parts;
}

}  // namespace

MemoryPlan PlanMemory(const JobInputs& inputs) {
  const Config& config = inputs.config;
  const model::ModelConfig& model = inputs.model_config;
  const auto parameters = static_cast<double>(model::BaseLayout(model).size());
  const bool lora = config.Int("model.lora_rank") > 0;
  // Adapters are a few percent of the weights; the base's moments and gradient fall away.
  const double trained = lora ? 0.05 * parameters : parameters;
  const double element = config.String("model.dtype") == "f32" ? 4 : 2;
  MemoryPlan plan;
  plan.weights = parameters * (4 + 2 * element);
  if (inputs.needs_reference) plan.weights += parameters * (4 + element);
  plan.gradient = trained * 4;
  plan.optimizer = trained * 8;
  const auto tokens = static_cast<double>(std::min(
      config.Int("learner.ppo_max_token_len_per_gpu"),
      config.Int("data.train_batch_size") * config.Int("rollout.n") *
          (config.Int("data.max_prompt_length") + config.Int("data.max_response_length"))));
  plan.activations = 4 * (tokens * ActivationsPerToken(model, config.String("learner.recompute")) +
                          static_cast<double>(config.Int("learner.head_chunk_tokens")) *
                              static_cast<double>(model.vocab_size));
  return plan;
}

std::string CheckMemoryPlan(const JobInputs& inputs) {
  const MemoryPlan plan = PlanMemory(inputs);
  const double available =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  return CheckMemory(plan.total() / kGiB, available / kGiB, PartsInGiB(plan));
}

std::string MemoryPlanText(const JobInputs& inputs) {
  const MemoryPlan plan = PlanMemory(inputs);
  std::string text = Format("memory {:.2f} GiB:", plan.total() / kGiB);
  for (const auto& [name, size] : PartsInGiB(plan)) text += Format(" {} {:.2f},", name, size);
  text.back() = ' ';
  return text + "beside the key-value cache";
}

}  // namespace winnow::cli
