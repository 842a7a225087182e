#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/aggregate.h"
#include "store/outcome.h"

namespace winnow::orchestrator {

enum class FilterType : uint8_t { kNone, kDynamicSampling, kGreso, kRandomSkip, kMopps, kBand };
enum class FilterMode : uint8_t { kWinnow, kReference };

// The spelling of the configuration: `none`, `dynamic_sampling`, `greso`, `random_skip`, `mopps`,
// `band`; `winnow`, `reference`.
std::string_view FilterTypeName(FilterType type);
std::string_view FilterModeName(FilterMode mode);
std::optional<FilterType> ParseFilterType(std::string_view name);
std::optional<FilterMode> ParseFilterMode(std::string_view name);

// The keys `filter.*` of a job, with the defaults of greso.md §5. A missing optional is derived
// from the job by ResolveFilter.
struct FilterOptions {
  FilterType type = FilterType::kGreso;
  FilterMode mode = FilterMode::kWinnow;
  std::string metric = "reward";   // reward, or the name of a verdict part
  std::optional<double> midpoint;  // default: middle of the reward range
  double tolerance = 1e-6;
  bool reset_history = false;

  double p_easy = 0.5;  // base exploration probabilities at the start
  double p_hard = 0.5;
  double p_min = 0.05;
  double p_max = 0.95;
  double step = 0.01;                  // by which p moves once a step
  double floor = 0.01;                 // under p^|z|
  double target_zero_variance = 0.25;  // tau

  std::optional<uint32_t> gen_batch_max;  // D; default ceil(1.5 T)
  std::optional<uint32_t> gen_batch_min;  // M; default min(64, D)
  double safety_factor = 1.25;            // beta
  bool adaptive_batch = true;
  uint32_t max_num_gen_batches = 0;  // 0 = no limit
  uint32_t max_empty_steps = 10;

  double shadow_rate = 0;
  std::optional<double> skip_rate;  // random_skip: exactly one of the two
  std::string skip_rate_from;
  double band_low = 0.2;
  double band_high = 0.8;
  struct Mopps {
    double lambda = 1;
    double target = 0.5;
    double prior_alpha = 1;
    double prior_beta = 1;
    uint32_t candidate_factor = 16;
  } mopps;

  uint32_t n_gpus = 8;  // the last three: reference mode alone
  uint32_t dl_batch = 32;
  bool full_sampling_bs = false;
};

// What the filter must know of the rest of the job.
struct FilterJob {
  uint64_t seed = 1;               // run.seed
  uint32_t n = 8;                  // rollout.n
  uint32_t train_batch_size = 64;  // T
  uint64_t num_prompts = 0;        // N, after the loader dropped rows
  uint32_t total_epochs = 0;       // 0 = unbounded
  uint32_t min_scored = 2;         // reward.min_scored
  double reward_min = 0;           // the range of filter.metric
  double reward_max = 1;
  uint32_t max_staleness = 0;  // versions; 0 = sync
  uint64_t first_step = 1;     // number of the run's first step
};

// A mistake in the configuration; a message is "ORIGIN: KEY RULE: FOUND" (config.md §3).
struct OptionFault {
  std::string key;
  std::string rule;
  std::string found;
};

// All mistakes of greso.md §5 in the values. `given` names the keys that the user set ("filter.x"):
// a key that only another variant reads is a mistake.
std::vector<OptionFault> CheckFilterOptions(const FilterOptions& options, const FilterJob& job,
                                            std::span<const std::string> given);

// Options and job with every default derived; all that a filter and a planner read.
struct FilterSettings {
  FilterOptions options;  // midpoint, gen_batch_max and gen_batch_min have values
  FilterJob job;
  std::vector<std::string> notes;  // one line each: what was cut, what is unusual

  double midpoint() const { return *options.midpoint; }
  uint32_t max_wave() const { return *options.gen_batch_max; }
  uint32_t min_wave() const { return *options.gen_batch_min; }
  store::ClassifyRule classify_rule() const;
  store::MoppsPrior mopps_prior() const;
};

// REQUIRES: CheckFilterOptions found nothing.
FilterSettings ResolveFilter(const FilterOptions& options, const FilterJob& job);

}  // namespace winnow::orchestrator
