#include "orchestrator/filter/options.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/format.h"

namespace winnow::orchestrator {
namespace {

constexpr std::array<std::pair<FilterType, std::string_view>, 6> kTypes = {{
    {FilterType::kNone, "none"},
    {FilterType::kDynamicSampling, "dynamic_sampling"},
    {FilterType::kGreso, "greso"},
    {FilterType::kRandomSkip, "random_skip"},
    {FilterType::kMopps, "mopps"},
    {FilterType::kBand, "band"},
}};

std::string Quoted(std::string_view text) { return Format("\"{}\"", text); }

// Collects faults; each check is one line at its place of use.
class Faults {
 public:
  void Require(bool holds, std::string_view key, std::string rule, std::string found) {
    if (!holds) faults_.push_back({Format("filter.{}", key), std::move(rule), std::move(found)});
  }
  // Written so that NaN fails.
  void InRange(std::string_view key, double value, double low, double high) {
    Require(value >= low && value <= high, key, Format("must lie in [{}, {}]", low, high),
            Format("{}", value));
  }
  void Positive(std::string_view key, uint64_t value) {
    Require(value >= 1, key, "must be positive", Format("{}", value));
  }
  std::vector<OptionFault> Take() { return std::move(faults_); }

 private:
  std::vector<OptionFault> faults_;
};

void CheckExploration(const FilterOptions& o, Faults* faults) {
  faults->Require(o.p_min > 0 && o.p_min <= o.p_max, "p_min",
                  Format("must lie in (0, filter.p_max] = (0, {}]", o.p_max),
                  Format("{}", o.p_min));
  faults->Require(o.p_max <= 1, "p_max", "must be at most 1", Format("{}", o.p_max));
  const auto check_base = [&](std::string_view key, double value) {
    faults->Require(value >= o.p_min && value <= o.p_max, key,
                    Format("must lie in [filter.p_min, filter.p_max] = [{}, {}]", o.p_min, o.p_max),
                    Format("{}", value));
  };
  check_base("p_easy", o.p_easy);
  check_base("p_hard", o.p_hard);
  faults->Require(o.target_zero_variance > 0 && o.target_zero_variance < 1, "target_zero_variance",
                  "must lie in (0, 1)", Format("{}", o.target_zero_variance));
  faults->InRange("step", o.step, 0, 0.5);
  faults->InRange("floor", o.floor, 0, 1);
}

void CheckClasses(const FilterOptions& o, const FilterJob& job, Faults* faults) {
  const double width = job.reward_max - job.reward_min;
  if (o.midpoint.has_value()) {
    faults->Require(
        *o.midpoint > job.reward_min && *o.midpoint < job.reward_max, "midpoint",
        Format("must lie inside the reward range ({}, {})", job.reward_min, job.reward_max),
        Format("{}", *o.midpoint));
  }
  faults->Require(o.tolerance >= 0 && o.tolerance < width, "tolerance",
                  Format("must be non-negative and below the width of the reward range, {}", width),
                  Format("{}", o.tolerance));
}

void CheckWaves(const FilterOptions& o, Faults* faults) {
  if (o.gen_batch_max.has_value()) faults->Positive("gen_batch_max", *o.gen_batch_max);
  if (o.gen_batch_min.has_value()) {
    faults->Positive("gen_batch_min", *o.gen_batch_min);
    if (o.gen_batch_max.has_value()) {
      faults->Require(*o.gen_batch_min <= *o.gen_batch_max, "gen_batch_min",
                      Format("must be at most filter.gen_batch_max = {}", *o.gen_batch_max),
                      Format("{}", *o.gen_batch_min));
    }
  }
  faults->InRange("safety_factor", o.safety_factor, 1, 10);
  faults->Positive("max_empty_steps", o.max_empty_steps);
}

void CheckVariant(const FilterOptions& o, const FilterJob& job, Faults* faults) {
  faults->InRange("shadow_rate", o.shadow_rate, 0, 0.1);
  if (o.type == FilterType::kRandomSkip) {
    const int sources = (o.skip_rate.has_value() ? 1 : 0) + (o.skip_rate_from.empty() ? 0 : 1);
    faults->Require(sources == 1, "skip_rate",
                    "and filter.skip_rate_from: random_skip needs exactly one of the two",
                    sources == 0 ? "none" : "both");
    if (o.skip_rate.has_value()) faults->InRange("skip_rate", *o.skip_rate, 0, 0.99);
  }
  if (o.type == FilterType::kBand) {
    faults->Require(
        job.reward_min <= o.band_low && o.band_low < o.band_high && o.band_high <= job.reward_max,
        "band_low",
        Format("and filter.band_high must be a band inside the reward range [{}, {}]",
               job.reward_min, job.reward_max),
        Format("{}, {}", o.band_low, o.band_high));
  }
  if (o.type == FilterType::kMopps) {
    faults->InRange("mopps.lambda", o.mopps.lambda, 0, 1);
    faults->Require(o.mopps.target > 0 && o.mopps.target < 1, "mopps.target", "must lie in (0, 1)",
                    Format("{}", o.mopps.target));
    faults->InRange("mopps.prior_alpha", o.mopps.prior_alpha, 1, 1000);
    faults->InRange("mopps.prior_beta", o.mopps.prior_beta, 1, 1000);
    faults->InRange("mopps.candidate_factor", o.mopps.candidate_factor, 1, 64);
  }
  const bool alone = o.type == FilterType::kNone || o.type == FilterType::kMopps;
  faults->Require(alone || job.n >= 2, "type",
                  "must be none or mopps with rollout.n = 1 (a group of one has no variance)",
                  std::string(FilterTypeName(o.type)));
}

void CheckReference(const FilterOptions& o, const FilterJob& job, Faults* faults) {
  if (o.mode != FilterMode::kReference) return;
  faults->Require(job.n == 8, "mode", "reference needs rollout.n = 8 (groups of 8 are wired in)",
                  Format("{}", job.n));
  faults->Require(o.type == FilterType::kGreso || o.type == FilterType::kDynamicSampling ||
                      o.type == FilterType::kNone,
                  "mode", "reference knows the types greso, dynamic_sampling and none only",
                  std::string(FilterTypeName(o.type)));
  faults->Positive("n_gpus", o.n_gpus);
  faults->Positive("dl_batch", o.dl_batch);
  faults->Require(job.num_prompts == 0 || o.dl_batch <= job.num_prompts, "dl_batch",
                  Format("must be at most the number of prompts, {}", job.num_prompts),
                  Format("{}", o.dl_batch));
}

struct Reader {
  std::string_view key;
  std::string_view readers;  // types, in the spelling of the message
  std::vector<FilterType> types;
};

void CheckGivenKeys(const FilterOptions& o, std::span<const std::string> given, Faults* faults) {
  using enum FilterType;
  static const std::vector<Reader> kReaders = {
      {"skip_rate", "random_skip", {kRandomSkip}},
      {"skip_rate_from", "random_skip", {kRandomSkip}},
      {"band_low", "band", {kBand}},
      {"band_high", "band", {kBand}},
      {"mopps.lambda", "mopps", {kMopps}},
      {"mopps.target", "mopps", {kMopps}},
      {"mopps.prior_alpha", "mopps", {kMopps}},
      {"mopps.prior_beta", "mopps", {kMopps}},
      {"mopps.candidate_factor", "mopps", {kMopps}},
      {"p_easy", "greso", {kGreso}},
      {"p_hard", "greso", {kGreso}},
      {"p_min", "greso", {kGreso}},
      {"p_max", "greso", {kGreso}},
      {"step", "greso", {kGreso}},
      {"floor", "greso", {kGreso}},
      {"target_zero_variance", "greso", {kGreso}},
      {"shadow_rate", "greso, random_skip and mopps", {kGreso, kRandomSkip, kMopps}},
  };
  static const std::vector<std::string_view> kReferenceKeys = {"n_gpus", "dl_batch",
                                                               "full_sampling_bs"};
  for (const std::string& name : given) {
    if (!name.starts_with("filter.")) continue;
    const std::string_view key = std::string_view(name).substr(7);
    for (const Reader& reader : kReaders) {
      if (reader.key != key) continue;
      faults->Require(
          std::find(reader.types.begin(), reader.types.end(), o.type) != reader.types.end(), key,
          Format("is read by {} only", reader.readers),
          Format("filter.type {}", FilterTypeName(o.type)));
    }
    const bool is_reference_key =
        std::find(kReferenceKeys.begin(), kReferenceKeys.end(), key) != kReferenceKeys.end();
    faults->Require(!is_reference_key || o.mode == FilterMode::kReference, key,
                    "is read in reference mode only",
                    Format("filter.mode {}", FilterModeName(o.mode)));
  }
}

void AddNotes(const FilterOptions& o, FilterSettings* settings) {
  const FilterJob& job = settings->job;
  std::vector<std::string>& notes = settings->notes;
  if (o.gen_batch_max.has_value() && *o.gen_batch_max > settings->max_wave()) {
    notes.push_back(Format("filter.gen_batch_max is cut to the number of prompts: {} to {}",
                           *o.gen_batch_max, settings->max_wave()));
  }
  const bool refills = o.type != FilterType::kNone && o.type != FilterType::kMopps;
  if (refills && settings->max_wave() < job.train_batch_size) {
    notes.push_back(
        Format("filter.gen_batch_max is below data.train_batch_size, so a step needs several "
               "waves: {}, {}",
               settings->max_wave(), job.train_batch_size));
  }
  if (o.type == FilterType::kGreso && o.floor == 0) {
    notes.push_back("filter.floor is 0: prompts with a long streak are hardly ever tried again");
  }
}

}  // namespace

std::string_view FilterTypeName(FilterType type) {
  for (const auto& [candidate, name] : kTypes) {
    if (candidate == type) return name;
  }
  return "unknown";
}

std::string_view FilterModeName(FilterMode mode) {
  return mode == FilterMode::kWinnow ? "winnow" : "reference";
}

std::optional<FilterType> ParseFilterType(std::string_view name) {
  for (const auto& [type, candidate] : kTypes) {
    if (candidate == name) return type;
  }
  return std::nullopt;
}

std::optional<FilterMode> ParseFilterMode(std::string_view name) {
  if (name == "winnow") return FilterMode::kWinnow;
  if (name == "reference") return FilterMode::kReference;
  return std::nullopt;
}

std::vector<OptionFault> CheckFilterOptions(const FilterOptions& options, const FilterJob& job,
                                            std::span<const std::string> given) {
  Faults faults;
  faults.Require(!options.metric.empty(), "metric", "must be reward or a verdict part",
                 Quoted(options.metric));
  CheckGivenKeys(options, given, &faults);
  CheckExploration(options, &faults);
  CheckClasses(options, job, &faults);
  CheckWaves(options, &faults);
  CheckVariant(options, job, &faults);
  CheckReference(options, job, &faults);
  return faults.Take();
}

store::ClassifyRule FilterSettings::classify_rule() const {
  return {.tolerance = options.tolerance, .midpoint = midpoint(), .n = job.n};
}

store::MoppsPrior FilterSettings::mopps_prior() const {
  return {.lambda = options.mopps.lambda,
          .prior_alpha = options.mopps.prior_alpha,
          .prior_beta = options.mopps.prior_beta,
          .reward_min = job.reward_min,
          .reward_max = job.reward_max};
}

FilterSettings ResolveFilter(const FilterOptions& options, const FilterJob& job) {
  WINNOW_CHECK_GE(job.train_batch_size, 1u);
  FilterSettings settings{.options = options, .job = job, .notes = {}};
  FilterOptions& o = settings.options;
  if (!o.midpoint.has_value()) {
    o.midpoint = job.reward_min + (job.reward_max - job.reward_min) / 2;
  }
  uint64_t max_wave = o.gen_batch_max.value_or((uint64_t{3} * job.train_batch_size + 1) / 2);
  if (job.num_prompts > 0 && o.mode == FilterMode::kWinnow) {
    max_wave = std::min(max_wave, job.num_prompts);
  }
  o.gen_batch_max = static_cast<uint32_t>(max_wave);
  o.gen_batch_min =
      static_cast<uint32_t>(std::min<uint64_t>(o.gen_batch_min.value_or(64), max_wave));
  AddNotes(options, &settings);
  return settings;
}

}  // namespace winnow::orchestrator
