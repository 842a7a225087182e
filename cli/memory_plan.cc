#include "cli/memory_plan.h"

#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/format.h"
#include "cli/config/checks.h"
#include "cli/job_options.h"
#include "model/parameters.h"
#include "model/training_memory.h"

namespace winnow::cli {
namespace {

constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;

// Tokens that are run at once: those of the largest micro-batch, whose prompts may be shared.
double MostTokens(const Config& config) {
  const int64_t prompt = config.Int("data.max_prompt_length");
  const int64_t response = config.Int("data.max_response_length");
  const int64_t prompts = config.Int("data.train_batch_size"), n = config.Int("rollout.n");
  const int64_t prompt_runs = config.Bool("learner.share_prompt") ? prompts : prompts * n;
  const int64_t all = prompt_runs * prompt + prompts * n * response;
  int64_t budget = config.Int("learner.ppo_max_token_len_per_gpu");
  if (config.Int("learner.stream_backward_chunk") > 0) budget = std::max(budget, prompt + response);
  return static_cast<double>(std::min(budget, all));
}

// Of the learner's passes, and what the device keeps of the operands of one weight gradient.
double ActivationBytes(const JobInputs& inputs, double element) {
  const Config& config = inputs.config;
  const model::ModelConfig& model = inputs.model_config;
  const model::TrainOptions options = TrainPassOf(config);
  const auto tokens = static_cast<size_t>(MostTokens(config));
  const bool full_kl =
      config.Bool("learner.use_kl_loss") && config.String("learner.kl_loss_type") == "full";
  const model::PassSize pass{.num_rows = tokens,
                             .num_wanted = tokens,
                             .kv_element_bytes = static_cast<size_t>(element),
                             .lora_rank = static_cast<size_t>(config.Int("model.lora_rank")),
                             .with_reference = full_kl};
  const size_t rows =
      options.stream_backward_chunk > 0 ? std::min(tokens, options.stream_backward_chunk) : tokens;
  return model::TrainingPassBytes(model, options, pass) +
         element * static_cast<double>(rows * (model.hidden_size + model.intermediate_size));
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
  plan.activations = ActivationBytes(inputs, element);
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
