#include "orchestrator/filter/streaming_filter.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/format.h"
#include "base/philox.h"

namespace winnow::orchestrator {
namespace {

constexpr int kSaveVersion = 1;

const store::PromptAggregate* Pointer(const std::optional<store::PromptAggregate>& aggregate) {
  return aggregate.has_value() ? &*aggregate : nullptr;
}

// The epoch of the prompt's next offer: one after its last.
uint32_t NextEpoch(const store::PromptAggregate* aggregate) {
  if (aggregate == nullptr) return 0;
  uint32_t next = 0;
  if (aggregate->groups > aggregate->shadow) next = aggregate->last_epoch + 1;
  if (aggregate->skips > 0) next = std::max(next, aggregate->last_skip_epoch + 1);
  return next;
}

}  // namespace

std::string_view ClassNameOf(const store::PromptAggregate* aggregate) {
  if (aggregate == nullptr || aggregate->unseen()) return "unseen";
  return store::OutcomeClassName(aggregate->last_class());
}

StreamingFilter::StreamingFilter(const FilterSettings& settings, PromptState* state)
    : settings_(settings), state_(state) {
  WINNOW_CHECK(state != nullptr);
}

double StreamingFilter::Uniform(const Offer& offer, uint32_t d) const {
  return FilterUniform(settings_.job.seed, offer.prompt, offer.epoch, d);
}

bool StreamingFilter::HasEnoughScored(const store::Outcome& outcome) const {
  return store::NumScored(outcome) >= std::min(settings_.job.n, settings_.job.min_scored);
}

std::optional<Decision> StreamingFilter::DecideQuarantine(
    const Offer& offer, const store::PromptAggregate* aggregate) const {
  const bool unscored = aggregate != nullptr && aggregate->unknown_run >= kQuarantineAfterUnscored;
  if (!unscored && !state_->Quarantined(offer.prompt)) return std::nullopt;
  Decision decision;
  decision.offer = offer;
  decision.keep = false;
  decision.reason = store::FilterReason::kQuarantined;
  decision.z = aggregate == nullptr ? 0 : aggregate->streak;
  decision.skip_probability = 1;
  return decision;
}

std::vector<Decision> StreamingFilter::Select(std::span<const Offer> offers, size_t want) const {
  WINNOW_CHECK_LE(offers.size(), want);
  std::vector<Decision> decisions;
  decisions.reserve(offers.size());
  for (const Offer& offer : offers) {
    const std::optional<store::PromptAggregate> found = state_->Find(offer.prompt);
    std::optional<Decision> quarantine = DecideQuarantine(offer, Pointer(found));
    decisions.push_back(quarantine.has_value() ? *quarantine : Decide(offer, Pointer(found)));
  }
  return decisions;
}

bool StreamingFilter::Trainable(const store::Outcome& outcome) const {
  return outcome.cls == store::OutcomeClass::kEffective && !outcome.shadow &&
         store::NumScored(outcome) >= settings_.job.min_scored;
}

void StreamingFilter::Observe(const store::Outcome& outcome) { state_->Observe(outcome); }

void StreamingFilter::OnStep(const StepTally&) {}

std::string StreamingFilter::SaveScalars(const MetricList& scalars) const {
  nlohmann::ordered_json saved = {{"version", kSaveVersion}, {"type", name()}};
  for (const Metric& scalar : scalars) saved[scalar.name] = scalar.value.value_or(0);
  return saved.dump();
}

Result<MetricList> StreamingFilter::LoadScalars(std::string_view saved,
                                                std::span<const std::string_view> names) const {
  const nlohmann::json json = nlohmann::json::parse(saved, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("version") || json["version"] != kSaveVersion) {
    return DataLoss(Format("filter state: version must be {}: {}", kSaveVersion,
                           json.is_object() && json.contains("version") ? json["version"].dump()
                                                                        : std::string("none")));
  }
  if (!json.contains("type") || json["type"] != name()) {
    return FailedPrecondition(
        Format("filter state: filter.type must be that of the run, {}: {}",
               json.contains("type") ? json["type"].dump() : std::string("none"), name()));
  }
  MetricList scalars;
  for (const std::string_view name : names) {
    const auto found = json.find(name);
    if (found == json.end() || !found->is_number()) {
      return DataLoss(Format("filter state: {} must be a number: {}", name,
                             found == json.end() ? std::string("none") : found->dump()));
    }
    scalars.push_back({std::string(name), found->get<double>()});
  }
  return scalars;
}

std::string StreamingFilter::Save() const { return SaveScalars({}); }

Status StreamingFilter::Load(std::string_view saved) { return LoadScalars(saved, {}).status(); }

Explanation StreamingFilter::Explain(PromptId prompt) const {
  const std::optional<store::PromptAggregate> found = state_->Find(prompt);
  const store::PromptAggregate* aggregate = Pointer(found);
  const Offer next{prompt, NextEpoch(aggregate)};
  const std::optional<Decision> quarantine = DecideQuarantine(next, aggregate);
  const Decision decision = quarantine.has_value() ? *quarantine : Decide(next, aggregate);
  Explanation explanation;
  explanation.prompt = prompt;
  explanation.cls = ClassNameOf(aggregate);
  explanation.z = decision.z;
  explanation.p = decision.p;
  explanation.skip_probability = decision.skip_probability;
  explanation.next_epoch = next.epoch;
  explanation.next_u = Uniform(next, /*d=*/0);
  explanation.next_keep = decision.keep;
  explanation.next_reason = decision.reason;
  if (aggregate == nullptr) return explanation;
  if (aggregate->skips > 0) {
    explanation.last_skip = {aggregate->last_skip_step, aggregate->last_skip_epoch,
                             aggregate->last_skip_reason,
                             Uniform({prompt, aggregate->last_skip_epoch}, /*d=*/0)};
  }
  explanation.groups_by_class = aggregate->groups_by_class;
  explanation.skips_by_reason = aggregate->skips_by_reason;
  explanation.last_classes.assign(aggregate->recent.begin(),
                                  aggregate->recent.begin() + aggregate->num_recent);
  return explanation;
}

}  // namespace winnow::orchestrator
