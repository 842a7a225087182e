#include "orchestrator/filter/planner_state.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/format.h"

namespace winnow::orchestrator {
namespace {

constexpr std::string_view kFormat = "winnow-planner/1";

// Every setting that decides what a planner does, by its key in the configuration.
nlohmann::ordered_json SettingsJson(const FilterSettings& settings) {
  const FilterOptions& o = settings.options;
  const FilterJob& job = settings.job;
  return {
      {"filter.mode", FilterModeName(o.mode)},
      {"filter.type", FilterTypeName(o.type)},
      {"run.seed", job.seed},
      {"rollout.n", job.n},
      {"number of prompts", job.num_prompts},
      {"filter.metric", o.metric},
      {"filter.tolerance", o.tolerance},
      {"filter.midpoint", settings.midpoint()},
      {"data.train_batch_size", job.train_batch_size},
      {"reward.min_scored", job.min_scored},
      {"filter.p_easy", o.p_easy},
      {"filter.p_hard", o.p_hard},
      {"filter.p_min", o.p_min},
      {"filter.p_max", o.p_max},
      {"filter.step", o.step},
      {"filter.floor", o.floor},
      {"filter.target_zero_variance", o.target_zero_variance},
      {"filter.gen_batch_max", settings.max_wave()},
      {"filter.gen_batch_min", settings.min_wave()},
      {"filter.safety_factor", o.safety_factor},
      {"filter.adaptive_batch", o.adaptive_batch},
      {"filter.max_num_gen_batches", o.max_num_gen_batches},
      {"filter.max_empty_steps", o.max_empty_steps},
      {"filter.shadow_rate", o.shadow_rate},
      {"filter.skip_rate", o.skip_rate.value_or(-1)},
      {"filter.skip_rate_from", o.skip_rate_from},
      {"filter.band_low", o.band_low},
      {"filter.band_high", o.band_high},
      {"filter.mopps.lambda", o.mopps.lambda},
      {"filter.mopps.target", o.mopps.target},
      {"filter.mopps.prior_alpha", o.mopps.prior_alpha},
      {"filter.mopps.prior_beta", o.mopps.prior_beta},
      {"filter.mopps.candidate_factor", o.mopps.candidate_factor},
      {"filter.n_gpus", o.n_gpus},
      {"filter.dl_batch", o.dl_batch},
      {"filter.full_sampling_bs", o.full_sampling_bs},
  };
}

constexpr std::array<std::string_view, 5> kFixed = {"filter.mode", "filter.type", "run.seed",
                                                    "rollout.n", "number of prompts"};
constexpr std::array<std::string_view, 3> kFixedWithHistory = {"filter.metric", "filter.tolerance",
                                                               "filter.midpoint"};

template <size_t kSize>
bool IsOneOf(std::string_view key, const std::array<std::string_view, kSize>& keys) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

Status CompareSettings(const nlohmann::json& saved, const FilterSettings& settings,
                       std::vector<std::string>* notes) {
  const nlohmann::ordered_json now_settings = SettingsJson(settings);
  for (const auto& [key, now] : now_settings.items()) {
    const auto found = saved.find(key);
    if (found == saved.end()) {
      return DataLoss(Format("planner state: setting must be present: {}", key));
    }
    const nlohmann::json value = now;
    if (*found == value) continue;
    const bool refused = IsOneOf(key, kFixed) ||
                         (IsOneOf(key, kFixedWithHistory) && !settings.options.reset_history);
    if (refused) {
      return FailedPrecondition(
          Format("{} must be that of the run, {}: {}", key, found->dump(), value.dump()));
    }
    notes->push_back(
        Format("{} was {} before the resume, is {} now", key, found->dump(), value.dump()));
  }
  return OkStatus();
}

int EventCode(const Decision& decision) {
  if (decision.keep) return 2;
  switch (decision.reason) {
    case store::FilterReason::kEasy:
      return 0;
    case store::FilterReason::kHard:
      return 1;
    case store::FilterReason::kRandom:
      return 3;
    case store::FilterReason::kRankedOut:
      return 4;
    default:
      return 5;
  }
}

}  // namespace

nlohmann::ordered_json SavePlannerHeader(const FilterSettings& settings,
                                         const StepCounters& counters) {
  nlohmann::ordered_json totals = nlohmann::ordered_json::object();
  for (const auto& [name, value] : counters.SaveTotals()) totals[std::string(name)] = value;
  return {{"format", kFormat}, {"settings", SettingsJson(settings)}, {"totals", totals}};
}

Result<nlohmann::json> LoadPlannerHeader(std::string_view saved, const FilterSettings& settings,
                                         StepCounters* counters, std::vector<std::string>* notes) {
  nlohmann::json json = nlohmann::json::parse(saved, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.value("format", nlohmann::json()) != kFormat) {
    return DataLoss(Format("planner state: format must be {}: {}", kFormat,
                           json.is_object() ? json.value("format", nlohmann::json()).dump()
                                            : std::string("no JSON object")));
  }
  if (!json["settings"].is_object() || !json["totals"].is_object()) {
    return DataLoss("planner state: settings and totals must be objects");
  }
  WINNOW_RETURN_IF_ERROR(CompareSettings(json["settings"], settings, notes));
  std::map<std::string, double> totals;
  for (const auto& [name, value] : json["totals"].items()) {
    if (!value.is_number()) {
      return DataLoss(Format("planner state: counter must be a number: {} {}", name, value.dump()));
    }
    totals[name] = value.get<double>();
  }
  WINNOW_RETURN_IF_ERROR(counters->LoadTotals(totals));
  return json;
}

store::Skip SkipOf(const Decision& decision, uint64_t step) {
  WINNOW_CHECK(!decision.keep);
  return {.prompt = decision.offer.prompt,
          .step = step,
          .epoch = decision.offer.epoch,
          .reason = decision.reason,
          .streak = decision.z,
          .p = decision.p,
          .skip_probability = decision.skip_probability,
          .u = decision.u};
}

void AppendFilterEvents(std::span<const Decision> decisions, uint64_t step,
                        std::vector<PlannerEvent>* events) {
  const size_t first_new = events->size();
  for (const Decision& decision : decisions) {
    if (events->size() == first_new || events->back().epoch != decision.offer.epoch) {
      PlannerEvent event;
      event.kind = PlannerEvent::Kind::kFilter;
      event.epoch = decision.offer.epoch;
      event.step = step;
      events->push_back(event);
    }
    PlannerEvent& event = events->back();
    event.ids.push_back(decision.offer.prompt);
    event.decisions.push_back(EventCode(decision));
    const bool drew =
        decision.reason == store::FilterReason::kExplore ||
        (decision.skip_probability > 0 && decision.reason != store::FilterReason::kQuarantined);
    event.draws += drew ? 1 : 0;
  }
}

}  // namespace winnow::orchestrator
