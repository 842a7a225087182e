#include "orchestrator/filter/reference_mode.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/check.h"
#include "base/format.h"
#include "orchestrator/filter/greso.h"
#include "orchestrator/filter/planner_state.h"
#include "orchestrator/filter/reference_rule.h"

namespace winnow::orchestrator {
namespace {

constexpr int64_t kSmallestRollout = 64;
constexpr float kFormatOnly = 0.1f;  // the reward of a wrong answer in the right format

std::vector<float> ScoredMetrics(const store::Outcome& outcome) {
  std::vector<float> values;
  for (const store::SampleOutcome& sample : outcome.samples) {
    if (sample.kind == VerdictKind::kScored) values.push_back(sample.metric);
  }
  return values;
}

bool HasSpread(const std::vector<float>& values) {
  if (values.empty()) return false;
  const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
  return *lowest != *highest;
}

// A group whose class no missing value could change.
bool IsKnown(const store::Outcome& outcome, const std::vector<float>& values, uint32_t n) {
  return HasSpread(values) || (values.size() == outcome.samples.size() && values.size() >= n);
}

}  // namespace

ReferenceOptions ReferenceOptionsOf(const FilterOptions& options) {
  switch (options.type) {
    case FilterType::kNone:
      return {ReferenceStrategy::kNone, ReferenceRefill::kNone};
    case FilterType::kDynamicSampling:
      return {options.adaptive_batch ? ReferenceStrategy::kKeepAll : ReferenceStrategy::kNone,
              ReferenceRefill::kDynamicSampling};
    default:
      return {ReferenceStrategy::kAllProbabilistic, ReferenceRefill::kDynamicSampling};
  }
}

ReferenceMode::ReferenceMode(const FilterSettings& settings, const ReferenceOptions& reference,
                             std::unique_ptr<UniformStream> stream, PromptState* state,
                             const OfferSource* source)
    : settings_(settings),
      reference_(reference),
      stream_(std::move(stream)),
      state_(state),
      source_(source),
      exploration_{settings.options.p_easy, settings.options.p_hard},
      counters_(settings.job.n, source->num_prompts()),
      rollout_size_(settings.max_wave()) {
  counters_.LoadAges(*state_);
}

bool ReferenceMode::ended() const {
  if (data_ended_ || (reference_.max_steps > 0 && step_ >= reference_.max_steps)) return true;
  const std::optional<uint32_t> num_epochs = source_->num_epochs();
  return num_epochs.has_value() && epoch_ + 1 >= *num_epochs && order_epoch_ == epoch_ &&
         position_ + settings_.options.dl_batch > order_.size();
}

void ReferenceMode::BeginStep(uint64_t step, PolicyVersion) {
  WINNOW_CHECK(phase_ == Phase::kClosed);
  WINNOW_CHECK(!ended());
  phase_ = Phase::kOpen;
  step_ = step;
  waves_ = 0;
  occurrences_.clear();
  tally_ = {.step = step};
  skips_.clear();
  skip_places_.clear();
  events_.clear();
  counters_.BeginStep();
}

std::optional<std::vector<PromptId>> ReferenceMode::NextGrain() {
  const uint64_t grain = settings_.options.dl_batch;
  while (true) {
    const std::optional<uint32_t> num_epochs = source_->num_epochs();
    if (num_epochs.has_value() && epoch_ >= *num_epochs) return std::nullopt;
    if (order_epoch_ != epoch_) {
      order_ = source_->Order(epoch_);
      order_epoch_ = epoch_;
    }
    if (position_ + grain <= order_.size()) {
      const auto first = order_.begin() + static_cast<ptrdiff_t>(position_);
      position_ += grain;
      return std::vector<PromptId>(first, first + static_cast<ptrdiff_t>(grain));
    }
    // Without a bound on epochs a grain larger than the data would be looked for in vain for ever.
    WINNOW_CHECK(num_epochs.has_value() || grain <= order_.size());
    ++epoch_;
    position_ = 0;
  }
}

Result<std::vector<PromptId>> ReferenceMode::FilterGrain(const std::vector<PromptId>& grain) {
  std::vector<PromptId> kept;
  PlannerEvent event;
  event.kind = PlannerEvent::Kind::kFilter;
  event.epoch = epoch_;
  event.step = step_;
  const uint64_t draws_before = stream_->draws();
  for (const PromptId prompt : grain) {
    const auto streak = streaks_.find(prompt);
    const std::optional<int32_t> z =
        streak == streaks_.end() ? std::nullopt : std::optional<int32_t>(streak->second);
    WINNOW_ASSIGN_OR_RETURN(
        const Decision decision,
        DecideReference({prompt, epoch_}, z, exploration_, settings_.options.floor, stream_.get()));
    counters_.OnDecision(decision);
    event.ids.push_back(prompt);
    event.decisions.push_back(decision.keep                                   ? 2
                              : decision.reason == store::FilterReason::kEasy ? 0
                                                                              : 1);
    if (decision.keep) {
      kept.push_back(prompt);
      continue;
    }
    // History has one skip a prompt and step; of two, across an epoch's border, the last stands.
    const store::Skip skip = SkipOf(decision, step_);
    const auto [place, added] = skip_places_.try_emplace(prompt, skips_.size());
    if (added) {
      skips_.push_back(skip);
    } else {
      skips_[place->second] = skip;
    }
  }
  event.draws = stream_->draws() - draws_before;
  events_.push_back(std::move(event));
  return kept;
}

Result<std::vector<PromptId>> ReferenceMode::AccumulateGrain(const std::vector<PromptId>& grain) {
  if (reference_.strategy == ReferenceStrategy::kAllProbabilistic) {
    WINNOW_ASSIGN_OR_RETURN(const std::vector<PromptId> kept, FilterGrain(grain));
    acc_.insert(acc_.end(), kept.begin(), kept.end());
  } else {
    counters_.Add(Count::kOffered, static_cast<double>(grain.size()));
    counters_.Add(Count::kKept, static_cast<double>(grain.size()));
    if (reference_.strategy == ReferenceStrategy::kNone) return grain;
    acc_.insert(acc_.end(), grain.begin(), grain.end());
  }
  if (static_cast<int64_t>(acc_.size()) < rollout_size_) return std::vector<PromptId>();
  const size_t size = settings_.options.full_sampling_bs
                          ? static_cast<size_t>(rollout_size_)
                          : acc_.size() - acc_.size() % settings_.options.n_gpus;
  if (size == 0) {
    return FailedPrecondition(
        Format("reference mode: filter.n_gpus must not exceed a rollout of {} prompts: {}",
               acc_.size(), settings_.options.n_gpus));
  }
  std::vector<PromptId> rollout = std::exchange(acc_, {});
  rollout.resize(size);
  return rollout;
}

Wave ReferenceMode::MakeWave(const std::vector<PromptId>& rollout) {
  Wave wave{.index = waves_, .groups = {}};
  for (const PromptId prompt : rollout) {
    wave.groups.push_back(
        {.prompt = prompt, .epoch = epoch_, .occurrence = occurrences_[prompt]++});
  }
  return wave;
}

Result<std::optional<Wave>> ReferenceMode::NextWave() {
  WINNOW_CHECK(phase_ == Phase::kOpen || phase_ == Phase::kReady);
  while (phase_ == Phase::kOpen) {
    const std::optional<std::vector<PromptId>> grain = NextGrain();
    if (!grain.has_value()) {
      data_ended_ = true;
      phase_ = Phase::kReady;
      break;
    }
    tally_.last_epoch = epoch_;
    WINNOW_ASSIGN_OR_RETURN(const std::vector<PromptId> rollout, AccumulateGrain(*grain));
    if (rollout.empty()) continue;
    Wave wave = MakeWave(rollout);
    wave_ = wave.groups;
    phase_ = Phase::kWaveOut;
    return std::optional<Wave>(std::move(wave));
  }
  return std::optional<Wave>();
}

void ReferenceMode::Restore(const store::Outcome& outcome) { FoldStreak(outcome); }

void ReferenceMode::FoldStreak(const store::Outcome& outcome) {
  const std::vector<float> values = ScoredMetrics(outcome);
  if (outcome.shadow || !IsKnown(outcome, values, settings_.job.n)) return;
  const auto [streak, added] = streaks_.try_emplace(outcome.prompt, 0);
  streak->second = NextReferenceStreak(streak->second, ReferenceMean(values));
}

void ReferenceMode::ObserveOutcome(const PlannedGroup& group, store::Outcome* outcome,
                                   RolloutShares* shares) {
  WINNOW_CHECK_EQ(outcome->prompt, group.prompt);
  outcome->step = step_;
  outcome->epoch = group.epoch;
  outcome->occurrence = group.occurrence;
  outcome->shadow = false;
  outcome->cls = store::Classify(settings_.classify_rule(), *outcome);
  const std::optional<store::PromptAggregate> before = state_->Find(group.prompt);
  counters_.OnOutcome(*outcome, before.has_value() ? &*before : nullptr);
  state_->Observe(*outcome);
  FoldStreak(*outcome);
  switch (outcome->cls) {
    case store::OutcomeClass::kEffective:
      ++tally_.effective;
      break;
    case store::OutcomeClass::kEasy:
      ++tally_.easy;
      break;
    case store::OutcomeClass::kHard:
      ++tally_.hard;
      break;
    case store::OutcomeClass::kUnknown:
      ++tally_.unknown;
      break;
  }

  samples_ += outcome->samples.size();
  const std::vector<float> values = ScoredMetrics(*outcome);
  const bool spread = HasSpread(values);
  if (IsKnown(*outcome, values, settings_.job.n)) {
    const auto all = [&](float wanted) {
      return std::all_of(values.begin(), values.end(), [&](float v) { return v == wanted; });
    };
    ++shares->known;
    shares->zero_variance += spread ? 0 : 1;
    shares->all_one += all(1.0f) ? 1 : 0;
    shares->all_tenth += all(kFormatOnly) ? 1 : 0;
  }
  const uint32_t enough = reference_.refill == ReferenceRefill::kNone
                              ? std::min(settings_.job.n, settings_.job.min_scored)
                              : settings_.job.min_scored;
  const bool wanted = reference_.refill == ReferenceRefill::kNone || spread;
  if (wanted && values.size() >= enough) buf_.push_back({step_, group.prompt, group.occurrence});
}

Status ReferenceMode::SizeNextRollout(double zero_variance_share) {
  WINNOW_ASSIGN_OR_RETURN(
      const int64_t estimate,
      ReferenceEstimate(settings_.job.train_batch_size, static_cast<int64_t>(buf_.size()),
                        settings_.job.n, zero_variance_share));
  const int64_t d = reference_.strategy == ReferenceStrategy::kNone ? 0 : settings_.max_wave();
  last_ = estimate <= d;
  rollout_size_ = std::max(std::min(estimate, d), kSmallestRollout);
  if (settings_.options.full_sampling_bs) {
    rollout_size_ = d;
    last_ = false;
  }
  PlannerEvent event;
  event.kind = PlannerEvent::Kind::kResample;
  event.epoch = epoch_;
  event.step = step_;
  event.wave_size = rollout_size_;
  events_.push_back(event);
  phase_ = Phase::kOpen;
  return OkStatus();
}

Status ReferenceMode::OnOutcomes(std::span<store::Outcome> outcomes) {
  WINNOW_CHECK(phase_ == Phase::kWaveOut);
  WINNOW_CHECK_EQ(outcomes.size(), wave_.size());
  RolloutShares shares;
  PlannerEvent event;
  event.kind = PlannerEvent::Kind::kRollout;
  event.epoch = epoch_;
  event.step = step_;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    ObserveOutcome(wave_[i], &outcomes[i], &shares);
    event.ids.push_back(wave_[i].prompt);
  }
  ++waves_;
  counters_.Add(Count::kWaves);
  if (shares.known > 0) {
    const uint64_t responses = shares.known * settings_.job.n;
    event.zero_variance_share = ReferenceShare(shares.zero_variance, shares.known);
    easy_ += ReferenceShare(shares.all_one, shares.known) * static_cast<double>(responses);
    hard_ += ReferenceShare(shares.all_tenth, shares.known) * static_cast<double>(responses);
    total_ += responses;
  }
  const double zero_variance_share = event.zero_variance_share;
  events_.push_back(std::move(event));
  phase_ = Phase::kReady;
  const bool full = buf_.size() >= settings_.job.train_batch_size;
  if (reference_.refill == ReferenceRefill::kNone || full || last_) return OkStatus();
  return SizeNextRollout(zero_variance_share);
}

void ReferenceMode::Adapt(double easy_ratio, double hard_ratio) {
  if (epoch_ == 0 || reference_.strategy != ReferenceStrategy::kAllProbabilistic) return;
  const FilterOptions& options = settings_.options;
  const double tau = options.target_zero_variance;
  exploration_.p_hard = AdaptExploration(exploration_.p_hard, hard_ratio, tau * 2 / 3, options);
  exploration_.p_easy = AdaptExploration(exploration_.p_easy, easy_ratio, tau / 3, options);
}

Result<StepResult> ReferenceMode::FinishStep() {
  WINNOW_CHECK(phase_ == Phase::kReady);
  phase_ = Phase::kClosed;
  StepResult result;
  result.step = step_;
  result.tally = tally_;
  result.skips = std::move(skips_);
  for (const store::Skip& skip : result.skips) state_->OnSkip(skip);
  const size_t batch_limit =
      reference_.refill == ReferenceRefill::kNone ? buf_.size() : settings_.job.train_batch_size;
  if (!data_ended_) {
    PlannerEvent event;
    event.kind = PlannerEvent::Kind::kTrain;
    event.epoch = epoch_;
    event.step = step_;
    for (size_t i = 0; i < buf_.size(); ++i) {
      (i < batch_limit ? result.batch : result.surplus).push_back(buf_[i]);
      if (i < batch_limit) event.ids.push_back(buf_[i].prompt);
    }
    event.hard_ratio = total_ == 0 ? 0 : hard_ / static_cast<double>(total_);
    event.easy_ratio = total_ == 0 ? 0 : easy_ / static_cast<double>(total_);
    Adapt(event.easy_ratio, event.hard_ratio);
    event.exploration = exploration_;
    event.samples = samples_;
    events_.push_back(std::move(event));
  } else {
    result.surplus = buf_;
  }
  buf_.clear();
  acc_.clear();
  rollout_size_ = settings_.max_wave();
  last_ = false;
  easy_ = hard_ = 0;
  total_ = 0;

  counters_.Add(Count::kSurplus, static_cast<double>(result.surplus.size()));
  counters_.Add(Count::kEmptySteps, result.batch.empty() ? 1 : 0);
  if (reference_.refill == ReferenceRefill::kDynamicSampling && !data_ended_ &&
      result.batch.size() < settings_.job.train_batch_size) {
    counters_.Add(Count::kShortBatches);
    result.warning = Format("step {}: training on {} of {} groups: the estimate fitted one rollout",
                            step_, result.batch.size(), settings_.job.train_batch_size);
  }
  result.run_ends = ended();
  if (result.run_ends) {
    result.end_reason = data_ended_ ? Format("the data ended after {} epochs", epoch_)
                                    : Format("all {} steps were made", reference_.max_steps);
  }
  result.metrics = counters_.Metrics(tally_.last_epoch);
  result.metrics.push_back({"filter/p_easy", exploration_.p_easy});
  result.metrics.push_back({"filter/p_hard", exploration_.p_hard});
  return result;
}

Explanation ReferenceMode::Explain(PromptId prompt) const {
  Explanation explanation;
  explanation.prompt = prompt;
  explanation.next_epoch = epoch_ + 1;
  const auto streak = streaks_.find(prompt);
  if (streak != streaks_.end()) {
    explanation.z = streak->second;
    explanation.p = explanation.z < 0 ? exploration_.p_hard : exploration_.p_easy;
    explanation.skip_probability =
        SkipProbability(explanation.z, explanation.p, settings_.options.floor);
    explanation.next_reason =
        explanation.z == 0 ? store::FilterReason::kEffective : store::FilterReason::kExplore;
    explanation.next_keep = explanation.skip_probability <= 0.5;
  }
  const std::optional<store::PromptAggregate> found = state_->Find(prompt);
  if (!found.has_value()) return explanation;
  explanation.cls = ClassNameOf(&*found);
  explanation.groups_by_class = found->groups_by_class;
  explanation.skips_by_reason = found->skips_by_reason;
  explanation.last_classes.assign(found->recent.begin(), found->recent.begin() + found->num_recent);
  if (found->skips > 0) {
    explanation.last_skip = {found->last_skip_step, found->last_skip_epoch, found->last_skip_reason,
                             0};
  }
  return explanation;
}

std::vector<PlannerEvent> ReferenceMode::TakeEvents() { return std::exchange(events_, {}); }

std::string ReferenceMode::Save() const {
  WINNOW_CHECK(phase_ == Phase::kClosed);
  nlohmann::ordered_json saved = SavePlannerHeader(settings_, counters_);
  saved["step"] = step_;
  saved["epoch"] = epoch_;
  saved["position"] = position_;
  saved["draws"] = stream_->draws();
  saved["samples"] = samples_;
  saved["p_easy"] = exploration_.p_easy;
  saved["p_hard"] = exploration_.p_hard;
  saved["data_ended"] = data_ended_;
  return saved.dump();
}

Status ReferenceMode::Load(std::string_view saved, std::vector<std::string>* notes) {
  WINNOW_CHECK(phase_ == Phase::kClosed);
  WINNOW_ASSIGN_OR_RETURN(const nlohmann::json json,
                          LoadPlannerHeader(saved, settings_, &counters_, notes));
  try {
    step_ = json.at("step").get<uint64_t>();
    epoch_ = json.at("epoch").get<uint32_t>();
    position_ = json.at("position").get<uint64_t>();
    stream_->Seek(json.at("draws").get<uint64_t>());
    samples_ = json.at("samples").get<uint64_t>();
    exploration_ = {json.at("p_easy").get<double>(), json.at("p_hard").get<double>()};
    data_ended_ = json.at("data_ended").get<bool>();
  } catch (const nlohmann::json::exception& error) {
    return DataLoss(Format("planner state: {}", error.what()));
  }
  counters_.LoadAges(*state_);
  return OkStatus();
}

}  // namespace winnow::orchestrator
