#include "orchestrator/filter/wave_builder.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/check.h"
#include "base/format.h"
#include "base/philox.h"
#include "orchestrator/filter/planner_state.h"

namespace winnow::orchestrator {
namespace {

constexpr uint32_t kShadowDraw = 1;

double Share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

uint32_t NextWaveSize(uint64_t miss, uint64_t wave, uint64_t effective,
                      const FilterSettings& settings) {
  const uint32_t max_wave = settings.max_wave();
  if (effective == 0 || !settings.options.adaptive_batch) return max_wave;
  const double estimate =
      std::floor(static_cast<double>(miss) * static_cast<double>(wave) /
                 static_cast<double>(effective) * settings.options.safety_factor);
  return static_cast<uint32_t>(std::clamp(estimate, static_cast<double>(settings.min_wave()),
                                          static_cast<double>(max_wave)));
}

WaveBuilder::WaveBuilder(const FilterSettings& settings, std::unique_ptr<PromptFilter> filter,
                         PromptState* state, const OfferSource* source)
    : settings_(settings),
      filter_(std::move(filter)),
      state_(state),
      source_(source),
      counters_(settings.job.n, source->num_prompts()) {
  WINNOW_CHECK_GE(source->num_prompts(), 1u);
  counters_.LoadAges(*state_);
}

bool WaveBuilder::SourceAtEnd() const {
  const std::optional<uint32_t> num_epochs = source_->num_epochs();
  return num_epochs.has_value() && epoch_ >= *num_epochs;
}

bool WaveBuilder::ended() const {
  return DataEnded() || empty_steps_ >= settings_.options.max_empty_steps;
}

void WaveBuilder::BeginStep(uint64_t step, PolicyVersion version) {
  WINNOW_CHECK(phase_ == Phase::kClosed);
  WINNOW_CHECK(!ended());
  phase_ = Phase::kOpen;
  step_ = step;
  version_ = version;
  size_ = filter_->refills() ? settings_.max_wave() : settings_.job.train_batch_size;
  waves_ = 0;
  offered_.clear();
  short_reason_.clear();
  tally_ = {.step = step};
  stale_.clear();
  skips_.clear();
  events_.clear();
  counters_.BeginStep();
  std::erase_if(buffer_, [&](const Buffered& group) {
    const bool stale = version.value() - group.version.value() > settings_.job.max_staleness;
    if (stale) stale_.push_back(group.key);
    return stale;
  });
  counters_.Add(Count::kStale, static_cast<double>(stale_.size()));
}

Offer WaveBuilder::TakeFromSource() {
  if (order_epoch_ != epoch_) {
    order_ = source_->Order(epoch_);
    order_epoch_ = epoch_;
    WINNOW_CHECK_EQ(order_.size(), source_->num_prompts());
  }
  const Offer offer{order_[position_], epoch_};
  if (++position_ == order_.size()) {
    position_ = 0;
    ++epoch_;
  }
  return offer;
}

std::optional<Offer> WaveBuilder::NextOffer() {
  while (!DataEnded()) {
    Offer offer;
    if (!set_aside_.empty()) {
      offer = set_aside_.front();
      set_aside_.pop_front();
    } else {
      offer = TakeFromSource();
    }
    if (offered_.insert(offer.prompt).second) return offer;
    deferred_.push_back(offer);
    counters_.Add(Count::kSetAside);
  }
  return std::nullopt;
}

void WaveBuilder::OnDecisions(std::span<const Decision> decisions, Wave* wave,
                              std::vector<PlannedGroup>* shadows) {
  AppendFilterEvents(decisions, step_, &events_);
  for (const Decision& decision : decisions) {
    const Offer& offer = decision.offer;
    counters_.OnDecision(decision);
    tally_.last_epoch = offer.epoch;
    PlannedGroup group{.prompt = offer.prompt, .epoch = offer.epoch};
    if (decision.keep) {
      wave->groups.push_back(group);
      continue;
    }
    skips_.push_back(SkipOf(decision, step_));
    state_->OnSkip(skips_.back());
    const double u = FilterUniform(settings_.job.seed, offer.prompt, offer.epoch, kShadowDraw);
    group.shadow = true;
    if (decision.reason != store::FilterReason::kQuarantined && u < settings_.options.shadow_rate) {
      shadows->push_back(group);
    }
  }
}

void WaveBuilder::Fill(Wave* wave) {
  std::vector<PlannedGroup> shadows;
  while (wave->groups.size() < size_) {
    const size_t want = size_ - wave->groups.size();
    std::vector<Offer> offers;
    const size_t candidates = filter_->CandidatesFor(want);
    while (offers.size() < candidates && !AllOffered()) {
      const std::optional<Offer> offer = NextOffer();
      if (!offer.has_value()) break;
      offers.push_back(*offer);
    }
    if (offers.empty()) break;
    const std::vector<Decision> decisions = filter_->Select(offers, want);
    WINNOW_CHECK_EQ(decisions.size(), offers.size());
    OnDecisions(decisions, wave, &shadows);
  }
  WINNOW_CHECK_LE(wave->groups.size(), size_);
  wave->groups.insert(wave->groups.end(), shadows.begin(), shadows.end());
}

Result<std::optional<Wave>> WaveBuilder::NextWave() {
  WINNOW_CHECK(phase_ == Phase::kOpen || phase_ == Phase::kReady);
  if (phase_ == Phase::kReady) return std::optional<Wave>();
  Wave wave{.index = waves_, .groups = {}};
  Fill(&wave);
  wave_ = wave.groups;
  if (wave_.empty()) {
    Advance(/*wave_size=*/0, /*added=*/0);
    WINNOW_CHECK(phase_ == Phase::kReady);
    return std::optional<Wave>();
  }
  phase_ = Phase::kWaveOut;
  return std::optional<Wave>(std::move(wave));
}

void WaveBuilder::ObserveOutcome(const PlannedGroup& group, store::Outcome* outcome) {
  WINNOW_CHECK_EQ(outcome->prompt, group.prompt);
  outcome->step = step_;
  outcome->epoch = group.epoch;
  outcome->occurrence = group.occurrence;
  outcome->shadow = group.shadow;
  outcome->cls = store::Classify(settings_.classify_rule(), *outcome);
  const std::optional<store::PromptAggregate> before = state_->Find(group.prompt);
  counters_.OnOutcome(*outcome, before.has_value() ? &*before : nullptr);
  filter_->Observe(*outcome);
  if (group.shadow) return;
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
  if (filter_->Trainable(*outcome)) {
    buffer_.push_back({{step_, group.prompt, group.occurrence}, outcome->version_min});
  }
}

Status WaveBuilder::OnOutcomes(std::span<store::Outcome> outcomes) {
  WINNOW_CHECK(phase_ == Phase::kWaveOut);
  WINNOW_CHECK_EQ(outcomes.size(), wave_.size());
  const size_t before = buffer_.size();
  PlannerEvent event;
  event.kind = PlannerEvent::Kind::kRollout;
  event.epoch = tally_.last_epoch;
  event.step = step_;
  uint64_t zero_variance = 0;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    ObserveOutcome(wave_[i], &outcomes[i]);
    if (wave_[i].shadow) continue;
    event.ids.push_back(wave_[i].prompt);
    zero_variance += outcomes[i].cls == store::OutcomeClass::kEasy ||
                             outcomes[i].cls == store::OutcomeClass::kHard
                         ? 1
                         : 0;
  }
  const uint64_t wave_size = event.ids.size();
  event.zero_variance_share = Share(zero_variance, wave_size);
  events_.push_back(std::move(event));
  if (wave_size > 0) {
    ++waves_;
    counters_.Add(Count::kWaves);
  }
  Advance(wave_size, buffer_.size() - before);
  return OkStatus();
}

void WaveBuilder::Advance(uint64_t wave_size, uint64_t added) {
  const uint32_t batch = settings_.job.train_batch_size;
  const uint32_t limit = settings_.options.max_num_gen_batches;
  phase_ = Phase::kReady;
  if (buffer_.size() >= batch) return;
  if (DataEnded()) {
    short_reason_ = "the data end here";
  } else if (AllOffered()) {
    short_reason_ = Format("all {} prompts were offered", source_->num_prompts());
  } else if (!filter_->refills()) {
    short_reason_.clear();  // trained as it is
  } else if (limit > 0 && waves_ >= limit) {
    short_reason_ = Format("generation limit of {} waves", limit);
  } else {
    size_ = NextWaveSize(batch - buffer_.size(), wave_size, added, settings_);
    PlannerEvent event;
    event.kind = PlannerEvent::Kind::kResample;
    event.epoch = tally_.last_epoch;
    event.step = step_;
    event.wave_size = size_;
    events_.push_back(event);
    phase_ = Phase::kOpen;
  }
}

std::string WaveBuilder::WarningOf(size_t batch) const {
  if (short_reason_.empty() || batch >= settings_.job.train_batch_size) return "";
  if (batch == 0) return Format("step {}: no group to train on: {}", step_, short_reason_);
  return Format("step {}: training on {} of {} groups: {}", step_, batch,
                settings_.job.train_batch_size, short_reason_);
}

void WaveBuilder::CutBatch(StepResult* result) {
  const size_t size = std::min<size_t>(buffer_.size(), settings_.job.train_batch_size);
  for (size_t i = 0; i < size; ++i) result->batch.push_back(buffer_[i].key);
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<ptrdiff_t>(size));
  if (settings_.job.max_staleness > 0) return;
  for (const Buffered& group : buffer_) result->surplus.push_back(group.key);
  buffer_.clear();
}

Result<StepResult> WaveBuilder::FinishStep() {
  WINNOW_CHECK(phase_ == Phase::kReady);
  StepResult result;
  result.step = step_;
  CutBatch(&result);
  result.stale = std::move(stale_);
  result.skips = std::move(skips_);
  result.tally = tally_;
  result.warning = WarningOf(result.batch.size());
  filter_->OnStep(tally_);

  empty_steps_ = result.batch.empty() ? empty_steps_ + 1 : 0;
  counters_.Add(Count::kEmptySteps, result.batch.empty() ? 1 : 0);
  counters_.Add(Count::kShortBatches, result.warning.empty() ? 0 : 1);
  counters_.Add(Count::kSurplus, static_cast<double>(result.surplus.size()));
  set_aside_.insert(set_aside_.end(), deferred_.begin(), deferred_.end());
  deferred_.clear();
  phase_ = Phase::kClosed;

  result.run_ends = ended();
  if (result.run_ends) {
    result.end_reason =
        DataEnded() ? Format("the data ended after {} epochs", epoch_)
                    : Format("nothing left to learn: {} steps in a row without a trainable group",
                             empty_steps_);
  }
  result.metrics = counters_.Metrics(tally_.last_epoch);
  filter_->AppendMetrics(&result.metrics);

  const uint64_t known = tally_.effective + tally_.easy + tally_.hard;
  PlannerEvent event;
  event.kind = PlannerEvent::Kind::kTrain;
  event.epoch = tally_.last_epoch;
  event.step = step_;
  for (const GroupKey& key : result.batch) event.ids.push_back(key.prompt);
  event.hard_ratio = Share(tally_.hard, known);
  event.easy_ratio = Share(tally_.easy, known);
  event.exploration = filter_->exploration();
  event.samples = static_cast<uint64_t>(counters_.total(Count::kResponses));
  events_.push_back(std::move(event));
  return result;
}

std::vector<PlannerEvent> WaveBuilder::TakeEvents() { return std::exchange(events_, {}); }

std::string WaveBuilder::Save() const {
  WINNOW_CHECK(phase_ == Phase::kClosed);
  nlohmann::ordered_json saved = SavePlannerHeader(settings_, counters_);
  saved["step"] = step_;
  saved["policy_version"] = version_.value();
  saved["epoch"] = epoch_;
  saved["position"] = position_;
  saved["empty_steps"] = empty_steps_;
  saved["set_aside"] = nlohmann::ordered_json::array();
  for (const Offer& offer : set_aside_) {
    saved["set_aside"].push_back({offer.prompt.value(), offer.epoch});
  }
  saved["buffer"] = nlohmann::ordered_json::array();
  for (const Buffered& group : buffer_) {
    saved["buffer"].push_back({group.key.step, group.key.prompt.value(), group.version.value()});
  }
  saved["filter"] = filter_->Save();
  return saved.dump();
}

Status WaveBuilder::Load(std::string_view saved, std::vector<std::string>* notes) {
  WINNOW_CHECK(phase_ == Phase::kClosed);
  WINNOW_ASSIGN_OR_RETURN(const nlohmann::json json,
                          LoadPlannerHeader(saved, settings_, &counters_, notes));
  try {
    step_ = json.at("step").get<uint64_t>();
    version_ = PolicyVersion(json.at("policy_version").get<uint64_t>());
    epoch_ = json.at("epoch").get<uint32_t>();
    position_ = json.at("position").get<uint64_t>();
    empty_steps_ = json.at("empty_steps").get<uint32_t>();
    set_aside_.clear();
    for (const nlohmann::json& offer : json.at("set_aside")) {
      set_aside_.push_back({PromptId(offer.at(0).get<uint64_t>()), offer.at(1).get<uint32_t>()});
    }
    buffer_.clear();
    for (const nlohmann::json& group : json.at("buffer")) {
      buffer_.push_back({{group.at(0).get<uint64_t>(), PromptId(group.at(1).get<uint64_t>()), 0},
                         PolicyVersion(group.at(2).get<uint64_t>())});
    }
    WINNOW_RETURN_IF_ERROR(filter_->Load(json.at("filter").get<std::string>()));
  } catch (const nlohmann::json::exception& error) {
    return DataLoss(Format("planner state: {}", error.what()));
  }
  if (position_ >= source_->num_prompts()) {
    return DataLoss(Format("planner state: position must be below the number of prompts, {}: {}",
                           source_->num_prompts(), position_));
  }
  counters_.LoadAges(*state_);
  return OkStatus();
}

}  // namespace winnow::orchestrator
