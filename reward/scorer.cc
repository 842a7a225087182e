#include "reward/scorer.h"

#include <exception>
#include <functional>
#include <unordered_map>

#include "base/check.h"
#include "base/clock.h"
#include "base/format.h"
#include "base/log.h"
#include "base/philox.h"

namespace winnow::reward {
namespace {

constexpr Logger kLog("reward");

// All that a verdict may depend on (prompt_id and index only name the sample).
bool SameQuestion(const Sample& a, const Sample& b) {
  return a.response == b.response && a.reference == b.reference && a.prompt == b.prompt &&
         a.data_source == b.data_source && a.extra_json == b.extra_json &&
         a.response_tokens == b.response_tokens && a.longest_path_tokens == b.longest_path_tokens &&
         a.finish == b.finish;
}

// first[i]: index of the first sample equal to samples[i].
std::vector<size_t> FirstEqual(std::span<const Sample> samples) {
  std::vector<size_t> first(samples.size());
  std::unordered_multimap<size_t, size_t> seen;
  for (size_t i = 0; i < samples.size(); ++i) {
    const size_t hash = std::hash<std::string_view>()(samples[i].response);
    first[i] = i;
    const auto [begin, end] = seen.equal_range(hash);
    for (auto it = begin; it != end; ++it) {
      if (SameQuestion(samples[it->second], samples[i])) first[i] = it->second;
    }
    if (first[i] == i) seen.emplace(hash, i);
  }
  return first;
}

RewardRange RangeOf(const Verifier& verifier, const ScorerOptions& options) {
  const RewardRange& own = verifier.traits().range;
  return {options.min.value_or(own.min), options.max.value_or(own.max)};
}

}  // namespace

uint64_t VerdictCounts::of(VerdictKind kind) const {
  switch (kind) {
    case VerdictKind::kScored:
      return scored;
    case VerdictKind::kInvalid:
      return invalid;
    case VerdictKind::kTimeout:
      return timeout;
    case VerdictKind::kError:
      return error;
  }
  return 0;
}

Scorer::Scorer(std::unique_ptr<Verifier> verifier, const ScorerOptions& options)
    : verifier_(std::move(verifier)), options_(options), range_(RangeOf(*verifier_, options)) {}

std::vector<Verdict> Scorer::Score(std::span<const Sample> samples, Deadline deadline) {
  std::vector<size_t> first(samples.size());
  for (size_t i = 0; i < samples.size(); ++i) first[i] = i;
  if (traits().deterministic && !traits().whole_group) first = FirstEqual(samples);

  std::vector<Sample> asked;
  std::vector<size_t> slot(samples.size());  // of a first sample among the asked ones
  for (size_t i = 0; i < samples.size(); ++i) {
    if (first[i] != i) continue;
    slot[i] = asked.size();
    asked.push_back(samples[i]);
  }
  std::vector<Verdict> answers(asked.size());
  const double begin = MonotonicSeconds();
  Ask(asked, deadline, answers);
  const double wall_s = asked.empty() ? 0.0 : (MonotonicSeconds() - begin) / asked.size();
  Audit(asked, deadline, answers);

  std::vector<Verdict> verdicts;
  verdicts.reserve(samples.size());
  const std::lock_guard lock(counts_mutex_);
  counts_.deduplicated += samples.size() - asked.size();
  for (size_t i = 0; i < samples.size(); ++i) {
    Verdict verdict = InRange(answers[slot[first[i]]]);
    switch (verdict.kind()) {
      case VerdictKind::kScored:
        ++counts_.scored;
        break;
      case VerdictKind::kInvalid:
        ++counts_.invalid;
        break;
      case VerdictKind::kTimeout:
        ++counts_.timeout;
        break;
      case VerdictKind::kError:
        ++counts_.error;
        break;
    }
    Provenance provenance = answers[slot[first[i]]].provenance();
    // A verifier out of process measures each sample for itself.
    if (provenance.verifier.empty()) provenance.wall_s = wall_s;
    provenance.verifier = traits().name;
    provenance.version = traits().version;
    verdicts.push_back(std::move(verdict).WithProvenance(std::move(provenance)));
  }
  return verdicts;
}

void Scorer::Ask(std::span<const Sample> samples, Deadline deadline, std::span<Verdict> out) {
  size_t limit = traits().batch_limit == 0 ? 1 : traits().batch_limit;
  if (traits().whole_group) limit = std::max<size_t>(1, samples.size());
  for (size_t at = 0; at < samples.size(); at += limit) {
    const size_t size = std::min(limit, samples.size() - at);
    AskBatch(samples.subspan(at, size), deadline, out.subspan(at, size));
  }
}

void Scorer::AskBatch(std::span<const Sample> samples, Deadline deadline, std::span<Verdict> out) {
  std::unique_lock<std::mutex> lock(verifier_mutex_, std::defer_lock);
  if (!traits().thread_safe) lock.lock();
  std::string reason;
  try {
    verifier_->Verify(samples, deadline, out);
    return;
  } catch (const std::exception& error) {
    reason = error.what();
  } catch (...) {
    reason = "the verifier threw something that is no std::exception";
  }
  if (lock.owns_lock()) lock.unlock();
  if (samples.size() == 1) {
    out[0] = Verdict::Error(reason);
    return;
  }
  // One sample must not take its group along.
  for (size_t i = 0; i < samples.size(); ++i) {
    out[i] = Verdict();
    AskBatch(samples.subspan(i, 1), deadline, out.subspan(i, 1));
  }
}

Verdict Scorer::InRange(Verdict verdict) const {
  if (!verdict.is_scored()) return verdict;
  return Verdict::Scored(verdict.reward(), verdict.parts(), range_);
}

bool Scorer::IsAudited(const Sample& sample) const {
  const uint64_t id = sample.prompt_id.value();
  const auto words =
      Philox({static_cast<uint32_t>(options_.seed), static_cast<uint32_t>(options_.seed >> 32)},
             {static_cast<uint32_t>(id), static_cast<uint32_t>(id >> 32), sample.index,
              0x61756474 /* "audt" */});
  return UnitDouble(words) < options_.audit_fraction;
}

void Scorer::Audit(std::span<const Sample> samples, Deadline deadline,
                   std::span<const Verdict> verdicts) {
  std::vector<Verdict> group;  // once more, where the verdicts hang together
  for (size_t i = 0; i < samples.size(); ++i) {
    if (!IsAudited(samples[i])) continue;
    if (traits().whole_group && group.empty()) {
      group.resize(samples.size());
      AskBatch(samples, deadline, group);
    }
    Verdict second;
    if (traits().whole_group) {
      second = group[i];
    } else {
      AskBatch(samples.subspan(i, 1), deadline, std::span(&second, 1));
    }
    const bool same = second.SameJudgement(verdicts[i]);
    if (!same) {
      kLog.Warning(Format("verifier {} gave two verdicts to prompt {}, sample {}: {}; then {}",
                          traits().name, ToHex(samples[i].prompt_id), samples[i].index,
                          verdicts[i].ToString(), second.ToString()));
    }
    const std::lock_guard lock(counts_mutex_);
    ++counts_.audited;
    counts_.nondeterministic += same ? 0 : 1;
  }
}

VerdictCounts Scorer::counts() const {
  const std::lock_guard lock(counts_mutex_);
  return counts_;
}

}  // namespace winnow::reward
