#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "rollout/kv_cache.h"

namespace winnow::rollout {

struct SchedulerOptions {
  size_t max_num_seqs = 256;             // samples that run at once
  size_t max_num_batched_tokens = 8192;  // rows of a pass
  bool prefix_caching = true;            // samples of a group share the pages of their prompt
  bool chunked_prefill = true;  // false: prompts are prefilled whole, in passes of their own
};

// What there is to know about a group before it runs.
struct GroupShape {
  size_t prompt_tokens = 0;
  uint32_t num_samples = 1;
  size_t expected_tokens = 0;  // of a response
};

// Rows of one sample in a pass: its tokens [num_cached, num_cached + num_rows), prompt included.
struct ScheduledRows {
  size_t sample = 0;
  size_t num_cached = 0;
  size_t num_rows = 0;
  std::span<const int32_t> pages;  // valid until the next plan
  bool wants_logits = false;       // the last row is of the sample's last token: a draw follows
  bool is_decode = false;          // that draw is not the sample's first
};

// The first `tokens` keys and values of page `from`, all layers, go to page `to`.
struct PageCopy {
  int32_t from = 0;
  int32_t to = 0;
  size_t tokens = 0;
};

struct PassPlan {
  std::vector<PageCopy> copies;     // to be made before the pass, in order
  std::vector<ScheduledRows> rows;  // oldest sample first, siblings side by side
};

struct SchedulerStats {
  uint64_t preemptions = 0;
  uint64_t replayed_tokens = 0;  // rows computed again because their keys had been dropped
};

// Decides what each pass of a generation computes, by counts alone: it sees no token.
//
// Samples are numbered by age: groups in descending order of their expected length, then as given,
// and in a group by sample. Longest first, because a long response that starts late runs on alone
// (longest processing time first, Graham 1969). A sample waits, runs, or is finished.
// Rows (SARATHI, arXiv 2308.16369): a pass has one row for each sample that decodes; what is left
//   of the row budget goes to prompts, oldest first, in chunks.
// Groups (BatchLLM, arXiv 2412.03594): the first sample of a group computes the prompt, and seats
//   are kept for the others meanwhile; they then share its full pages and copy the last, partial
//   one. While none of a group runs but some wait, the prompt's pages are kept, until others need
//   them.
// Pages are taken as sequences grow. If none is left, kept prompts go first, then the youngest
//   sample is preempted (as in vLLM, arXiv 2309.06180): its pages are dropped, and it waits to
//   compute its tokens again. The oldest that runs is never preempted, so every pass brings it
//   nearer to its end: no livelock.
// Nothing here changes a token or a bit, only when it is computed.
// Threads:   one caller at a time. Ownership: the cache is borrowed; on destruction all pages have
//            been returned if done().
// REQUIRES:  the cache holds any one sample at its longest.
class Scheduler {
 public:
  Scheduler(const SchedulerOptions& options, std::span<const GroupShape> groups, KvCache* cache);

  size_t num_samples() const { return samples_.size(); }
  size_t group(size_t sample) const { return samples_[sample].group; }
  uint32_t offset(size_t sample) const { return samples_[sample].offset; }
  // The first sample of a group; the others follow it.
  size_t first_sample(size_t group) const { return groups_[group].first_sample; }

  bool done() const { return waiting_.empty() && running_.empty(); }
  // The next pass, never empty; the caller runs it before anything else. REQUIRES: not done.
  const PassPlan& Next();
  // A token of the sample was drawn, and more are wanted. After a group's prompt all its samples
  // draw, those that wait too.
  void Append(size_t sample);
  // The sample has ended.
  void Finish(size_t sample);

  const SchedulerStats& stats() const { return stats_; }

 private:
  struct Sample {
    size_t group = 0;
    uint32_t offset = 0;
    size_t length = 0;   // tokens known: prompt and drawn
    size_t cached = 0;   // tokens whose keys are in the pages
    size_t dropped = 0;  // tokens whose keys were there when it was preempted
    std::vector<int32_t> pages;
  };
  struct Group {
    size_t prompt_tokens = 0;
    size_t first_sample = 0;
    size_t num_samples = 0;
    size_t num_waiting = 0;
    std::vector<int32_t> kept;  // pages of the prompt, while no sample of the group runs
  };

  // -- Admission --
  void Admit();
  bool IsPrefilling(const Sample& sample) const;
  // A running sample of the group that has the whole prompt, or null.
  const Sample* Donor(const Group& group) const;
  // Whether a running sample of the group is at the prompt.
  bool PromptIsComing(const Group& group) const;
  // Pages that the running samples are about to ask for.
  size_t OwedPages() const;
  // Gives the sample a seat if there are pages for its tokens.
  bool Start(size_t index);

  // -- Pages --
  void SharePrompt(const Sample& donor, Sample* sample);
  // Room for `tokens`; false if the sample itself was preempted for want of it.
  bool Grow(size_t index, size_t tokens);
  // Releases a sample's pages, but keeps its prompt for siblings that wait.
  void DropPages(Sample* sample);
  void DropKept(Group* group);
  // Drops the kept prompt of the youngest group but `spared`; false if there is none.
  bool DropAKeptPrompt(const Group* spared);
  void PreemptYoungest();

  void PlanRows();
  void AddRows(size_t index, size_t num_rows);

  const SchedulerOptions options_;
  KvCache* const cache_;
  std::vector<Sample> samples_;  // oldest first
  std::vector<Group> groups_;    // as given
  std::set<size_t> waiting_;     // samples, oldest first
  std::vector<size_t> running_;  // samples, oldest first
  std::set<size_t> keepers_;     // first samples of groups with kept pages
  size_t num_kept_ = 0;          // pages
  PassPlan plan_;
  SchedulerStats stats_;
};

}  // namespace winnow::rollout
