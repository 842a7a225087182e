#include "cli/resume_check.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <string_view>

#include "cli/config/commands.h"
#include "cli/job_file.h"

namespace winnow::cli {
namespace {

// Keys and sections that may change between the starts of one run: none of them changes a token, a
// reward or a weight of a step that both would make; but for the token budget, which orders sums
// where prompts are shared or passes are streamed.
constexpr std::array<std::string_view, 15> kHarmless = {"run.name",
                                                        "run.project",
                                                        "run.threads",
                                                        "run.log_level",
                                                        "run.dir",
                                                        "trainer.",
                                                        "metrics.",
                                                        "data.val_",
                                                        "rollout.val_kwargs.",
                                                        "rollout.max_num_",
                                                        "rollout.kv_cache_bytes",
                                                        "rollout.gpu_memory_utilization",
                                                        "rollout.enable_",
                                                        "learner.ppo_max_token_len_per_gpu",
                                                        "learner.recompute"};

bool IsHarmless(const Config& config, std::string_view line) {
  const bool budget_orders_sums =
      config.Bool("learner.share_prompt") || config.Int("learner.stream_backward_chunk") > 0;
  if (budget_orders_sums && line.starts_with("learner.ppo_max_token_len_per_gpu")) return false;
  return std::any_of(kHarmless.begin(), kHarmless.end(),
                     [line](std::string_view prefix) { return line.starts_with(prefix); });
}

}  // namespace

int64_t CreationTimeOfRun(const std::string& resolved_path) {
  if (!std::filesystem::exists(resolved_path)) return 0;
  const Result<Config> stored = ReadJob(resolved_path, {}, Purpose::kShow);
  return stored.ok() ? stored->creation_time() : 0;
}

Result<Config> ReconcileWithRun(const Config& config, const std::string& resolved_path,
                                bool accept_changed) {
  if (!std::filesystem::exists(resolved_path)) return config;
  auto stored = ReadJob(resolved_path, {}, Purpose::kShow);
  if (!stored.ok()) return stored.status().WithPrefix(resolved_path);
  std::string refused;
  std::string_view rest;
  const std::string differences = DiffConfigs(*stored, config);
  for (rest = differences; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (IsHarmless(config, line)) {
      std::fprintf(stderr, "changed since the last start: %.*s\n", static_cast<int>(line.size()),
                   line.data());
    } else {
      refused += (refused.empty() ? "" : "; ") + std::string(line);
    }
  }
  if (!refused.empty() && !accept_changed) {
    return FailedPrecondition(resolved_path +
                              ": the run began with other values; choose another run.dir, or "
                              "--accept-changed: " +
                              refused);
  }
  return config;
}

}  // namespace winnow::cli
