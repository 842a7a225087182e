#include "orchestrator/filter/replay.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/format.h"
#include "orchestrator/filter/memory_prompt_state.h"
#include "orchestrator/filter/reference_mode.h"
#include "orchestrator/filter/registry.h"
#include "orchestrator/filter/trace.h"
#include "orchestrator/filter/wave_builder.h"

namespace winnow::orchestrator {
namespace {

nlohmann::ordered_json IdsJson(const Trace& trace, const std::vector<PromptId>& ids) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const PromptId id : ids) list.push_back(trace.names.at(id));
  return list;
}

nlohmann::ordered_json EventJson(const Trace& trace, const PlannerEvent& event) {
  switch (event.kind) {
    case PlannerEvent::Kind::kFilter:
      return {{"ev", "filter"},
              {"epoch", event.epoch},
              {"ids", IdsJson(trace, event.ids)},
              {"decision", event.decisions},
              {"draws", event.draws}};
    case PlannerEvent::Kind::kRollout:
      return {{"ev", "rollout"},
              {"epoch", event.epoch},
              {"step", event.step},
              {"ids", IdsJson(trace, event.ids)},
              {"zvr", event.zero_variance_share}};
    case PlannerEvent::Kind::kResample:
      return {{"ev", "resample"}, {"abs", event.wave_size}};
    case PlannerEvent::Kind::kTrain:
      return {{"ev", "train"},
              {"epoch", event.epoch},
              {"step", event.step},
              {"ids", IdsJson(trace, event.ids)},
              {"hard_ratio", event.hard_ratio},
              {"easy_ratio", event.easy_ratio},
              {"p_easy", event.exploration.p_easy},
              {"p_hard", event.exploration.p_hard},
              {"samples", event.samples}};
  }
  return {};
}

FilterSettings ReferenceSettings(const TraceConfig& config, size_t num_prompts, uint64_t seed) {
  FilterOptions options;
  options.mode = FilterMode::kReference;
  options.p_easy = config.p_easy;
  options.p_hard = config.p_hard;
  options.p_min = config.min_p;
  options.p_max = config.max_p;
  options.target_zero_variance = config.target_zero_variance;
  options.gen_batch_max = config.sampling_batch_size;
  options.n_gpus = config.n_gpus;
  options.dl_batch = config.dl_batch;
  options.full_sampling_bs = config.full_sampling_bs;
  return ResolveFilter(options, {.seed = seed,
                                 .n = config.n,
                                 .train_batch_size = config.real_train_batch_size,
                                 .num_prompts = num_prompts});
}

Result<std::unique_ptr<RolloutPlanner>> MakeWinnowPlanner(const Trace& trace,
                                                          const ReplayOptions& options,
                                                          const OfferSource& source,
                                                          MemoryPromptState* state) {
  const TraceConfig& config = trace.config;
  FilterOptions filter_options = options.filter;
  filter_options.mode = FilterMode::kWinnow;
  if (!filter_options.gen_batch_max.has_value()) {
    filter_options.gen_batch_max = config.sampling_batch_size;
  }
  const FilterJob job{.seed = options.seed,
                      .n = config.n,
                      .train_batch_size = config.real_train_batch_size,
                      .num_prompts = source.num_prompts(),
                      .total_epochs = *source.num_epochs(),
                      .min_scored = options.min_scored};
  for (const OptionFault& fault : CheckFilterOptions(filter_options, job, {})) {
    return InvalidArgument(Format("{} {}: {}", fault.key, fault.rule, fault.found));
  }
  for (const std::vector<PromptId>& order : trace.epoch_orders) {
    if (order.size() != source.num_prompts()) {
      return InvalidArgument(Format("trace: in winnow mode each epoch must hold all {} prompts: {}",
                                    source.num_prompts(), order.size()));
    }
  }
  const FilterSettings settings = ResolveFilter(filter_options, job);
  WINNOW_ASSIGN_OR_RETURN(std::unique_ptr<PromptFilter> filter, MakeFilter(settings, state));
  return std::unique_ptr<RolloutPlanner>(
      std::make_unique<WaveBuilder>(settings, std::move(filter), state, &source));
}

std::vector<store::Outcome> OutcomesOf(const Trace& trace, const Wave& wave) {
  std::vector<store::Outcome> outcomes;
  for (const PlannedGroup& group : wave.groups) {
    store::Outcome& outcome = outcomes.emplace_back();
    outcome.prompt = group.prompt;
    for (const float reward : trace.rewards.at(group.prompt)[group.epoch]) {
      outcome.samples.push_back({.kind = VerdictKind::kScored,
                                 .finish = FinishReason::kStop,
                                 .length = 0,
                                 .reward = reward,
                                 .metric = reward});
    }
  }
  return outcomes;
}

void Collect(const Trace& trace, RolloutPlanner* planner, nlohmann::ordered_json* events) {
  for (const PlannerEvent& event : planner->TakeEvents()) {
    events->push_back(EventJson(trace, event));
  }
}

Status RunStep(const Trace& trace, uint64_t step, RolloutPlanner* planner,
               nlohmann::ordered_json* events) {
  planner->BeginStep(step, PolicyVersion(step - 1));
  while (true) {
    WINNOW_ASSIGN_OR_RETURN(const std::optional<Wave> wave, planner->NextWave());
    if (!wave.has_value()) break;
    std::vector<store::Outcome> outcomes = OutcomesOf(trace, *wave);
    WINNOW_RETURN_IF_ERROR(planner->OnOutcomes(outcomes));
    Collect(trace, planner, events);
  }
  WINNOW_ASSIGN_OR_RETURN(const StepResult result, planner->FinishStep());
  Collect(trace, planner, events);
  return OkStatus();
}

}  // namespace

Result<std::string> ReplayTrace(std::string_view trace_json_text, const ReplayOptions& options) {
  WINNOW_ASSIGN_OR_RETURN(const Trace trace, ParseTrace(trace_json_text));
  const TraceOfferSource source(trace);
  std::unique_ptr<RolloutPlanner> planner;
  const FilterSettings settings =
      ReferenceSettings(trace.config, source.num_prompts(), trace.mt19937_seed.value_or(0));
  MemoryPromptState state(settings.mopps_prior());
  if (options.mode == FilterMode::kReference) {
    const ReferenceOptions reference{.strategy = trace.config.strategy,
                                     .refill = trace.config.ttis,
                                     .max_steps = trace.config.max_steps};
    planner =
        std::make_unique<ReferenceMode>(settings, reference, trace.MakeStream(), &state, &source);
  } else {
    WINNOW_ASSIGN_OR_RETURN(planner, MakeWinnowPlanner(trace, options, source, &state));
  }
  nlohmann::ordered_json events = nlohmann::ordered_json::array();
  for (uint64_t step = 1; step <= trace.config.max_steps && !planner->ended(); ++step) {
    WINNOW_RETURN_IF_ERROR(RunStep(trace, step, planner.get(), &events));
  }
  return events.dump();
}

}  // namespace winnow::orchestrator
