#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/philox.h"
#include "base/status.h"
#include "model/policy.h"
#include "model/tokenizer.h"
#include "rollout/kv_cache.h"
#include "rollout/sampler.h"
#include "rollout/scheduler.h"
#include "rollout/trajectory.h"

namespace winnow::rollout {

struct EngineOptions {
  size_t max_num_seqs = 256;             // samples that run at once
  size_t max_num_batched_tokens = 8192;  // rows of a pass
  uint64_t kv_cache_bytes = 0;           // 0 = memory_share of what is available
  double memory_share = 0.6;
  bool prefix_caching = true;  // this and the next as in SchedulerOptions
  bool chunked_prefill = true;
  size_t page_tokens = 16;
};

// How responses are drawn and where they end.
struct GenerationOptions {
  SamplingOptions sampling;
  size_t max_tokens = 512;
  size_t min_tokens = 0;  // no end of sequence before
  bool ignore_eos = false;
  std::vector<std::string> stop;  // a response ends with the token that completes one of these
};

// One prompt of which `num_samples` responses are wanted.
struct GroupRequest {
  std::vector<int32_t> prompt;  // not empty
  NoiseKey key;                 // key.sample is the index of the first sample
  uint32_t num_samples = 1;
  size_t expected_tokens = 0;  // of a response; 0 = max_tokens. Orders the work, changes no result.
};

// Sums over all calls.
struct EngineStats {
  uint64_t decode_tokens = 0;    // rows that gave a sample a token beyond its first
  uint64_t prefill_tokens = 0;   // all other rows
  uint64_t replayed_tokens = 0;  // rows computed again after a preemption, among these
  uint64_t preemptions = 0;      // samples that gave up their pages
  uint64_t passes = 0;
  size_t peak_pages = 0;       // most that were in use at once
  double prefill_seconds = 0;  // of passes without a decoding row, first draws included
  double decode_seconds = 0;   // of all others
};

// Generates responses by continuous batching over a paged key-value cache; rollout/scheduler.h
// decides what each pass computes.
// Place:     the rollout side of a run; uses the same Policy as the learner (design.md §1).
// Bits:      tokens and log-probs of a sample depend on weights, prompt and noise key alone: not on
//            batch mates, batch sizes, paging, prefix sharing or threads.
// Threads:   one caller at a time; work is spread over the policy's pool.
// Ownership: policy and tokenizer are borrowed; the cache pages live as long as the engine.
// Errors:    kInvalidArgument if one sequence cannot fit the cache or the model's positions.
class Engine {
 public:
  // `tokenizer` is needed for stop strings only and may be null without them.
  Engine(model::Policy<float>* policy, const model::Tokenizer* tokenizer,
         const EngineOptions& options);
  ~Engine();

  // kInvalidArgument unless the cache may hold one sequence of so many tokens.
  Status CheckFits(size_t tokens) const;

  // Called once per finished sample, in the order in which samples finish.
  using OnSample = std::function<void(size_t group, const Trajectory& trajectory)>;

  // Responses of all groups, [group][sample], in the order of the requests.
  Result<std::vector<std::vector<Trajectory>>> Generate(std::span<const GroupRequest> groups,
                                                        const GenerationOptions& options,
                                                        PolicyVersion version,
                                                        const OnSample& on_sample = nullptr);
  const EngineStats& stats() const { return stats_; }

 private:
  class Run;
  struct Buffers;
  size_t MaxPages() const;  // that the options' bound on memory allows
  size_t PagesFor(size_t tokens) const;
  Status EnsureCache(size_t longest, size_t num_samples);

  model::Policy<float>* const policy_;
  const model::Tokenizer* const tokenizer_;
  const EngineOptions options_;
  const Sampler sampler_;
  const std::unique_ptr<Buffers> buffers_;
  std::vector<int32_t> eos_;  // end-of-sequence ids, ascending, each once
  std::unique_ptr<model::KvStorage<float>> storage_;
  std::unique_ptr<KvCache> cache_;  // which of the storage's pages are whose
  EngineStats stats_;
};

}  // namespace winnow::rollout
