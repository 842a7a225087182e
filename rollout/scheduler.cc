#include "rollout/scheduler.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace winnow::rollout {

Scheduler::Scheduler(const SchedulerOptions& options, std::span<const GroupShape> groups,
                     KvCache* cache)
    : options_(options), cache_(cache), groups_(groups.size()) {
  std::vector<size_t> order(groups.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return groups[a].expected_tokens > groups[b].expected_tokens;
  });
  for (const size_t g : order) {
    WINNOW_CHECK_GT(groups[g].prompt_tokens, 0u);
    groups_[g] = {.prompt_tokens = groups[g].prompt_tokens,
                  .first_sample = samples_.size(),
                  .num_samples = groups[g].num_samples,
                  .num_waiting = groups[g].num_samples};
    for (uint32_t offset = 0; offset < groups[g].num_samples; ++offset) {
      waiting_.insert(waiting_.end(), samples_.size());
      samples_.push_back({.group = g, .offset = offset, .length = groups[g].prompt_tokens});
    }
  }
}

const PassPlan& Scheduler::Next() {
  plan_.copies.clear();
  plan_.rows.clear();
  Admit();
  // A plan can only be empty because all that it would have held was preempted.
  while (plan_.rows.empty()) {
    WINNOW_CHECK(!running_.empty());
    PlanRows();
  }
  return plan_;
}

void Scheduler::Append(size_t sample) { ++samples_[sample].length; }

void Scheduler::Finish(size_t index) {
  Sample& sample = samples_[index];
  Group& group = groups_[sample.group];
  if (waiting_.erase(index) > 0) {
    if (--group.num_waiting == 0) DropKept(&group);
    return;
  }
  const auto at = std::lower_bound(running_.begin(), running_.end(), index);
  WINNOW_CHECK(at != running_.end() && *at == index);
  running_.erase(at);
  DropPages(&sample);
}

// -- Admission --------------------------------------------------------------------------------

bool Scheduler::IsPrefilling(const Sample& sample) const {
  return sample.cached < groups_[sample.group].prompt_tokens;
}

const Scheduler::Sample* Scheduler::Donor(const Group& group) const {
  auto at = std::lower_bound(running_.begin(), running_.end(), group.first_sample);
  for (; at != running_.end() && *at < group.first_sample + group.num_samples; ++at) {
    if (!IsPrefilling(samples_[*at])) return &samples_[*at];
  }
  return nullptr;
}

bool Scheduler::PromptIsComing(const Group& group) const {
  const auto at = std::lower_bound(running_.begin(), running_.end(), group.first_sample);
  return at != running_.end() && *at < group.first_sample + group.num_samples &&
         Donor(group) == nullptr;
}

size_t Scheduler::OwedPages() const {
  size_t owed = 0;
  for (const size_t index : running_) {
    // Those for its tokens, and one to grow into.
    owed += cache_->PagesFor(samples_[index].length) + 1 - samples_[index].pages.size();
  }
  return owed;
}

// Oldest first, while seats and pages last. A pass has a row for each decoding sample, so there are
// no more seats than rows.
void Scheduler::Admit() {
  const size_t seats = std::min(options_.max_num_seqs, options_.max_num_batched_tokens);
  size_t promised = 0;  // seats of samples that wait for a sibling at their prompt
  if (options_.prefix_caching) {
    for (const size_t index : running_) {
      if (IsPrefilling(samples_[index])) promised += groups_[samples_[index].group].num_waiting;
    }
  }
  for (auto next = waiting_.begin(); next != waiting_.end() && running_.size() < seats;) {
    const size_t index = *next++;
    const Group& group = groups_[samples_[index].group];
    bool leads = true;
    if (options_.prefix_caching) {
      if (PromptIsComing(group)) continue;
      leads = Donor(group) == nullptr && group.kept.empty();
    }
    if (leads && running_.size() + promised >= seats) return;
    if (!Start(index)) return;
    if (leads && options_.prefix_caching) promised += group.num_waiting;
  }
}

bool Scheduler::Start(size_t index) {
  Sample& sample = samples_[index];
  Group& group = groups_[sample.group];
  const Sample* donor = options_.prefix_caching ? Donor(group) : nullptr;
  const size_t inherited =
      donor != nullptr ? group.prompt_tokens / cache_->page_tokens() : group.kept.size();
  size_t needed = cache_->PagesFor(sample.length) - inherited;
  if (!running_.empty()) needed += OwedPages() + 1;
  if (cache_->num_free() + num_kept_ - group.kept.size() < needed) return false;
  while (cache_->num_free() < needed) WINNOW_CHECK(DropAKeptPrompt(&group));
  if (donor != nullptr) {
    SharePrompt(*donor, &sample);
  } else if (!group.kept.empty()) {
    num_kept_ -= group.kept.size();
    keepers_.erase(group.first_sample);
    sample.pages.swap(group.kept);
    sample.cached = group.prompt_tokens;
  }
  waiting_.erase(index);
  --group.num_waiting;
  running_.insert(std::lower_bound(running_.begin(), running_.end(), index), index);
  return true;
}

// -- Pages ------------------------------------------------------------------------------------

void Scheduler::SharePrompt(const Sample& donor, Sample* sample) {
  const size_t prompt_tokens = groups_[sample->group].prompt_tokens;
  const size_t full = prompt_tokens / cache_->page_tokens();
  const size_t rest = prompt_tokens % cache_->page_tokens();
  for (size_t i = 0; i < full; ++i) {
    cache_->Share(donor.pages[i]);
    sample->pages.push_back(donor.pages[i]);
  }
  if (rest > 0) {
    sample->pages.push_back(cache_->Allocate());
    plan_.copies.push_back({.from = donor.pages[full], .to = sample->pages[full], .tokens = rest});
  }
  sample->cached = prompt_tokens;
}

bool Scheduler::Grow(size_t index, size_t tokens) {
  std::vector<int32_t>& pages = samples_[index].pages;
  while (pages.size() < cache_->PagesFor(tokens)) {
    while (cache_->num_free() == 0) {
      if (DropAKeptPrompt(/*spared=*/nullptr)) continue;
      const bool is_youngest = running_.back() == index;
      WINNOW_CHECK(!is_youngest || running_.size() > 1);  // alone it fits
      PreemptYoungest();
      if (is_youngest) return false;
    }
    pages.push_back(cache_->Allocate());
  }
  return true;
}

void Scheduler::DropPages(Sample* sample) {
  Group& group = groups_[sample->group];
  std::span<const int32_t> dropped = sample->pages;
  if (options_.prefix_caching && !IsPrefilling(*sample) && group.num_waiting > 0 &&
      Donor(group) == nullptr) {
    const size_t kept = cache_->PagesFor(group.prompt_tokens);
    group.kept.assign(dropped.begin(), dropped.begin() + static_cast<ptrdiff_t>(kept));
    num_kept_ += kept;
    keepers_.insert(group.first_sample);
    dropped = dropped.subspan(kept);
  }
  cache_->Release(dropped);
  sample->pages.clear();
  sample->cached = 0;
}

void Scheduler::DropKept(Group* group) {
  if (group->kept.empty()) return;
  num_kept_ -= group->kept.size();
  keepers_.erase(group->first_sample);
  cache_->Release(group->kept);
  group->kept.clear();
}

bool Scheduler::DropAKeptPrompt(const Group* spared) {
  for (auto youngest = keepers_.rbegin(); youngest != keepers_.rend(); ++youngest) {
    Group& group = groups_[samples_[*youngest].group];
    if (&group == spared) continue;
    DropKept(&group);
    return true;
  }
  return false;
}

void Scheduler::PreemptYoungest() {
  const size_t index = running_.back();
  Sample& sample = samples_[index];
  running_.pop_back();
  waiting_.insert(index);
  ++groups_[sample.group].num_waiting;
  ++stats_.preemptions;
  sample.dropped = std::max(sample.dropped, sample.cached);
  DropPages(&sample);
}

// -- Rows -------------------------------------------------------------------------------------

void Scheduler::PlanRows() {
  size_t decoding = 0;
  for (const size_t index : running_) {
    if (samples_[index].length - samples_[index].cached == 1) ++decoding;
  }
  const bool prompts_alone = !options_.chunked_prefill && decoding < running_.size();
  size_t budget = options_.max_num_batched_tokens - (prompts_alone ? 0 : decoding);
  // Preemption takes the youngest, so never one that this loop has passed.
  for (size_t i = 0; i < running_.size(); ++i) {
    const size_t index = running_[i];
    const size_t rest = samples_[index].length - samples_[index].cached;
    size_t rows = 1;
    if (rest == 1) {
      if (prompts_alone) continue;
    } else if (options_.chunked_prefill || rest <= budget) {
      rows = std::min(rest, budget);
      budget -= rows;
    } else {
      rows = plan_.rows.empty() ? rest : 0;  // longer than any budget: alone
      budget = 0;
    }
    if (rows > 0 && Grow(index, samples_[index].cached + rows)) AddRows(index, rows);
  }
}

void Scheduler::AddRows(size_t index, size_t num_rows) {
  Sample& sample = samples_[index];
  const size_t end = sample.cached + num_rows;
  plan_.rows.push_back(
      {.sample = index,
       .num_cached = sample.cached,
       .num_rows = num_rows,
       .pages = sample.pages,
       .wants_logits = end == sample.length,
       .is_decode = end == sample.length && end > groups_[sample.group].prompt_tokens});
  if (sample.dropped > sample.cached)
    stats_.replayed_tokens += std::min(sample.dropped, end) - sample.cached;
  sample.cached = end;
}

}  // namespace winnow::rollout
