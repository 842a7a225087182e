#include "rollout/engine.h"

#include <unistd.h>

#include <algorithm>
#include <deque>
#include <list>
#include <numeric>

#include "base/check.h"
#include "base/clock.h"
#include "base/format.h"
#include "rollout/stop_strings.h"

namespace winnow::rollout {
namespace {

uint64_t PhysicalMemoryBytes() {
  return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// A prompt that is prefilled once, for all samples of its group (or for one of them, without
// prefix caching). Holds the prompt's pages until its last sample has started.
struct PrefilledPrompt {
  size_t group = 0;
  const GroupRequest* request = nullptr;
  uint32_t first_sample = 0;  // offset in the group
  uint32_t num_samples = 0;
  uint32_t num_started = 0;
  std::vector<int32_t> pages;
  size_t num_cached = 0;
  bool ready = false;
  std::vector<float> first_row;  // [V] scaled logits after the prompt, while samples wait
  LogitRow first;
  std::vector<uint64_t> first_masses;
};

// A sample that has begun. It runs while it holds pages; preempted, it keeps its tokens alone.
struct LiveSample {
  LiveSample(const model::Tokenizer* tokenizer, const std::vector<std::string>* stop)
      : stop_strings(tokenizer, stop) {}
  const GroupRequest* request = nullptr;
  size_t group = 0;
  uint32_t offset = 0;  // in the group
  uint64_t age = 0;     // samples that began before it
  std::vector<int32_t> pages;
  size_t num_cached = 0;  // tokens of prompt and response whose keys are in the pages
  std::array<uint32_t, 4> hash{};
  Trajectory trajectory;
  StopStrings stop_strings;
  bool finished = false;

  size_t num_tokens() const { return request->prompt.size() + trajectory.tokens.size(); }
  int32_t token(size_t i) const {
    const size_t prompt = request->prompt.size();
    return i < prompt ? request->prompt[i] : trajectory.tokens[i - prompt];
  }
};

// A row of logits from which a sample's next token is drawn.
struct PendingDraw {
  LiveSample* sample = nullptr;
  LogitRow row;
  SampledToken token;
};

}  // namespace

// One call of Generate: admits prompts and samples, runs passes, commits tokens.
//
// Pages are taken as sequences grow. When none is free, the youngest work gives up its own: first
// prompts that wait for their samples, then running samples, which are replayed later from their
// tokens (speculation.md §4). The oldest sample never waits, so every call ends.
class Engine::Run {
 public:
  Run(Engine* engine, std::span<const GroupRequest> groups, const GenerationOptions& options,
      PolicyVersion version, const OnSample& on_sample)
      : engine_(*engine),
        cache_(*engine->cache_),
        vocab_size_(engine->policy_->config().vocab_size),
        options_(options),
        version_(version),
        on_sample_(on_sample),
        results_(groups.size()) {
    for (const size_t g : LongestExpectedFirst(groups)) {
      results_[g].resize(groups[g].num_samples);
      const uint32_t share = engine->options_.prefix_caching ? groups[g].num_samples : 1;
      for (uint32_t first = 0; first < groups[g].num_samples; first += share) {
        waiting_.push_back(
            {.group = g, .request = &groups[g], .first_sample = first, .num_samples = share});
      }
    }
  }

  std::vector<std::vector<Trajectory>> Finish() {
    while (!waiting_.empty() || !open_.empty() || !live_.empty() || !preempted_.empty()) {
      const double start = MonotonicSeconds();
      Resume();
      OpenPrompts();
      StartSamples();
      const bool decodes = !live_.empty();
      if (decodes || !open_.empty()) Pass();
      (decodes ? engine_.stats_.decode_seconds : engine_.stats_.prefill_seconds) +=
          MonotonicSeconds() - start;
    }
    return std::move(results_);
  }

 private:
  // Indices of groups, the longest expected responses first, so that no long one is left alone at
  // the end; equal ones in the order of the requests.
  std::vector<size_t> LongestExpectedFirst(std::span<const GroupRequest> groups) const {
    std::vector<size_t> order(groups.size());
    std::iota(order.begin(), order.end(), size_t{0});
    const auto expected = [&](size_t g) {
      return groups[g].expected_tokens > 0 ? groups[g].expected_tokens : options_.max_tokens;
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return expected(a) > expected(b); });
    return order;
  }

  // Brings preempted samples back, the oldest first, while each running sample can still grow by a
  // page. Their keys are computed again by the passes to come.
  void Resume() {
    while (!preempted_.empty() && live_.size() < engine_.options_.max_num_seqs) {
      LiveSample& sample = preempted_.front();
      if (!live_.empty() &&
          cache_.num_free() < live_.size() + cache_.PagesFor(sample.num_tokens())) {
        return;
      }
      SharePromptOfSibling(&sample);
      live_.splice(live_.end(), preempted_, preempted_.begin());
    }
  }

  // Takes the full pages of the prompt from a sample of the group that has them.
  void SharePromptOfSibling(LiveSample* sample) {
    if (!engine_.options_.prefix_caching) return;
    const size_t full_pages = sample->request->prompt.size() / cache_.page_tokens();
    const size_t tokens = full_pages * cache_.page_tokens();
    for (const LiveSample& sibling : live_) {
      if (sibling.request != sample->request || sibling.num_cached < tokens) continue;
      for (size_t i = 0; i < full_pages; ++i) Share(sibling.pages[i], &sample->pages);
      sample->num_cached = tokens;
      return;
    }
  }

  void Share(int32_t page, std::vector<int32_t>* pages) {
    cache_.Share(page);
    pages->push_back(page);
  }

  // Opens prompts while they fit beside a page for each sample, running or expected. Samples that
  // were preempted come first.
  void OpenPrompts() {
    size_t expected = live_.size();
    for (const PrefilledPrompt& prompt : open_) expected += prompt.num_samples - prompt.num_started;
    while (preempted_.empty() && !waiting_.empty() && expected < engine_.options_.max_num_seqs) {
      PrefilledPrompt& prompt = waiting_.front();
      const size_t num_samples = prompt.num_samples - prompt.num_started;
      const size_t pages = cache_.PagesFor(prompt.request->prompt.size());
      if (expected > 0 && cache_.num_free() < pages + expected + num_samples) return;
      for (size_t i = 0; i < pages; ++i) prompt.pages.push_back(cache_.Allocate());
      expected += num_samples;
      open_.push_back(std::move(prompt));
      waiting_.pop_front();
    }
  }

  // Starts samples of prefilled prompts while slots and pages last; each draws its first token.
  void StartSamples() {
    std::vector<PendingDraw> draws;
    for (PrefilledPrompt& prompt : open_) {
      while (prompt.ready && prompt.num_started < prompt.num_samples &&
             live_.size() < engine_.options_.max_num_seqs &&
             (live_.empty() || cache_.num_free() > live_.size())) {
        draws.push_back({.sample = StartSample(&prompt), .row = prompt.first});
      }
    }
    Draw(&draws);
    for (auto prompt = open_.begin(); prompt != open_.end();) {
      if (prompt->num_started < prompt->num_samples) {
        ++prompt;
        continue;
      }
      ReleaseAll(&prompt->pages);
      prompt = open_.erase(prompt);
    }
  }

  LiveSample* StartSample(PrefilledPrompt* prompt) {
    LiveSample& sample = live_.emplace_back(engine_.tokenizer_, &options_.stop);
    const size_t length = prompt->request->prompt.size();
    const size_t full_pages = length / cache_.page_tokens();
    sample.request = prompt->request;
    sample.group = prompt->group;
    sample.offset = prompt->first_sample + prompt->num_started++;
    sample.age = num_begun_++;
    sample.num_cached = length;
    for (size_t i = 0; i < full_pages; ++i) Share(prompt->pages[i], &sample.pages);
    if (const size_t rest = length % cache_.page_tokens(); rest > 0) {
      sample.pages.push_back(cache_.Allocate());
      cache_.storage().CopyPage(prompt->pages[full_pages], sample.pages[full_pages], rest);
    }
    NoiseKey key = prompt->request->key;
    key.sample += sample.offset;
    sample.hash = StreamHash(key);
    sample.trajectory.prompt = key.prompt;
    sample.trajectory.sample = key.sample;
    sample.trajectory.version = version_;
    return &sample;
  }

  void ReleaseAll(std::vector<int32_t>* pages) {
    for (const int32_t page : *pages) cache_.Release(page);
    pages->clear();
  }

  // Frees a page by giving up the youngest work that is not older than `oldest`; false if that was
  // `oldest` itself.
  bool FreeAPage(const LiveSample& oldest) {
    while (cache_.num_free() == 0) {
      if (!open_.empty()) {
        PrefilledPrompt& prompt = open_.back();
        ReleaseAll(&prompt.pages);
        prompt.num_cached = 0;
        prompt.ready = false;
        waiting_.push_front(std::move(prompt));
        open_.pop_back();
        continue;
      }
      LiveSample& youngest = live_.back();
      WINNOW_CHECK_GE(youngest.age, oldest.age);
      const bool is_last = &youngest == &oldest;
      ReleaseAll(&youngest.pages);
      engine_.stats_.replayed_tokens += youngest.num_cached;
      ++engine_.stats_.preemptions;
      youngest.num_cached = 0;
      preempted_.splice(preempted_.begin(), live_, std::prev(live_.end()));
      if (is_last) return false;
    }
    return true;
  }

  // Gives `sample` pages for `tokens`; false if it was preempted for lack of them.
  bool Grow(LiveSample* sample, size_t tokens) {
    while (sample->pages.size() < cache_.PagesFor(tokens)) {
      if (!FreeAPage(*sample)) return false;
      sample->pages.push_back(cache_.Allocate());
    }
    return true;
  }

  // How many of `rest` tokens enter the pass at hand.
  size_t RowsOf(size_t rest) const {
    const size_t budget = std::max<size_t>(1, engine_.options_.max_num_batched_tokens);
    const size_t rows = tokens_.size() < budget ? std::min(rest, budget - tokens_.size()) : 0;
    if (rows < rest && !engine_.options_.chunked_prefill) return tokens_.empty() ? rest : 0;
    return rows;
  }

  // Rows of running samples, the oldest first: the last token of those that decode, more of those
  // that are replayed. Returns the samples that get logits.
  std::vector<LiveSample*> AddSampleRows() {
    std::vector<LiveSample*> drawing;
    for (auto it = live_.begin(); it != live_.end();) {
      LiveSample& sample = *it;
      const size_t rest = sample.num_tokens() - sample.num_cached;
      const size_t rows = RowsOf(rest);
      if (rows == 0 || !Grow(&sample, sample.num_cached + rows)) break;
      row_tokens_.clear();
      for (size_t i = 0; i < rows; ++i) row_tokens_.push_back(sample.token(sample.num_cached + i));
      AddSequence(sample.pages, sample.num_cached, row_tokens_, rows == rest);
      sample.num_cached += rows;
      if (rows == rest) drawing.push_back(&sample);
      ++it;
    }
    return drawing;
  }

  // One pass: rows of running samples, then prompt rows up to the row budget.
  void Pass() {
    tokens_.clear();
    sequences_.clear();
    logit_rows_.clear();
    const std::vector<LiveSample*> drawing = AddSampleRows();
    const size_t sample_rows = tokens_.size();
    const std::vector<PrefilledPrompt*> completed = AddPromptRows();
    WINNOW_CHECK(!tokens_.empty());
    EngineStats& stats = engine_.stats_;
    stats.peak_pages = std::max(stats.peak_pages, cache_.num_pages() - cache_.num_free());
    const size_t wanted = logit_rows_.size();
    const size_t num_blocks = device::NumMassBlocks(vocab_size_);
    logits_.resize(std::max(logits_.size(), wanted * vocab_size_));
    max_.resize(wanted);
    log_sum_.resize(wanted);
    masses_.resize(wanted * num_blocks);
    const double temperature = options_.sampling.temperature;
    engine_.policy_->Forward(tokens_, sequences_, &cache_.storage(),
                             {.rows = logit_rows_,
                              .z = logits_.data(),
                              .temperature = temperature > 0 ? temperature : 1.0,
                              .max = max_.data()});
    engine_.policy_->ops().SumMasses(logits_.data(), wanted, vocab_size_, max_.data(),
                                     log_sum_.data(), masses_.data());
    stats.decode_tokens += drawing.size();
    stats.prefill_tokens += tokens_.size() - sample_rows;
    ++stats.passes;

    std::vector<PendingDraw> draws;
    for (size_t i = 0; i < drawing.size(); ++i) {
      draws.push_back({.sample = drawing[i], .row = RowAt(i)});
    }
    for (size_t i = 0; i < completed.size(); ++i) {
      PrefilledPrompt& prompt = *completed[i];
      prompt.first = RowAt(drawing.size() + i);
      prompt.first_row.assign(prompt.first.z, prompt.first.z + vocab_size_);
      prompt.first_masses.assign(prompt.first.masses, prompt.first.masses + num_blocks);
      prompt.first.z = prompt.first_row.data();
      prompt.first.masses = prompt.first_masses.data();
      prompt.ready = true;
    }
    Draw(&draws);
  }

  LogitRow RowAt(size_t i) const {
    return {.z = &logits_[i * vocab_size_],
            .max = max_[i],
            .log_sum = log_sum_[i],
            .masses = &masses_[i * device::NumMassBlocks(vocab_size_)]};
  }

  std::vector<PrefilledPrompt*> AddPromptRows() {
    std::vector<PrefilledPrompt*> completed;
    for (PrefilledPrompt& prompt : open_) {
      if (prompt.ready) continue;
      const std::vector<int32_t>& ids = prompt.request->prompt;
      const size_t rest = ids.size() - prompt.num_cached;
      const size_t rows = RowsOf(rest);
      if (rows == 0) break;
      AddSequence(prompt.pages, prompt.num_cached, {ids.data() + prompt.num_cached, rows},
                  rows == rest);
      prompt.num_cached += rows;
      if (rows == rest) completed.push_back(&prompt);
    }
    return completed;
  }

  void AddSequence(std::span<const int32_t> pages, size_t num_cached,
                   std::span<const int32_t> tokens, bool wants_logits) {
    const size_t begin = tokens_.size();
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    sequences_.push_back({.pages = pages.first(cache_.PagesFor(num_cached + tokens.size())),
                          .num_cached = num_cached,
                          .row_begin = begin,
                          .row_end = tokens_.size()});
    if (wants_logits) logit_rows_.push_back(tokens_.size() - 1);
  }

  // Draws a token for each, in parallel, then commits them in order.
  void Draw(std::vector<PendingDraw>* draws) {
    device::Ops<float>& ops = engine_.policy_->ops();
    ops.pool().ParallelFor(draws->size(), 1, [&](size_t begin, size_t end) {
      thread_local Sampler::Scratch scratch;
      for (size_t i = begin; i < end; ++i) {
        PendingDraw& draw = (*draws)[i];
        const size_t generated = draw.sample->trajectory.tokens.size();
        const std::span<const int32_t> banned =
            generated < options_.min_tokens ? std::span(engine_.eos_) : std::span<const int32_t>();
        draw.token = engine_.sampler_.Sample(draw.row, options_.sampling, draw.sample->hash,
                                             static_cast<uint32_t>(draw.sample->num_tokens()),
                                             banned, &scratch);
      }
    });
    for (const PendingDraw& draw : *draws) Commit(draw.sample, draw.token);
    RemoveFinished();
  }

  void Commit(LiveSample* sample, const SampledToken& drawn) {
    Trajectory& trajectory = sample->trajectory;
    if (drawn.failed) {
      trajectory.finish = FinishReason::kError;
      sample->finished = true;
      return;
    }
    trajectory.tokens.push_back(drawn.token);
    trajectory.log_probs.push_back(drawn.log_prob);
    trajectory.full_log_probs.push_back(drawn.full_log_prob);
    trajectory.ended_by_eos =
        !options_.ignore_eos &&
        std::binary_search(engine_.eos_.begin(), engine_.eos_.end(), drawn.token);
    const bool stopped = sample->stop_strings.Push(drawn.token) || trajectory.ended_by_eos;
    if (stopped) {
      trajectory.finish = FinishReason::kStop;
    } else if (trajectory.tokens.size() >= options_.max_tokens) {
      trajectory.finish = FinishReason::kLength;
    }
    sample->finished = stopped || trajectory.tokens.size() >= options_.max_tokens;
  }

  void RemoveFinished() {
    for (auto sample = live_.begin(); sample != live_.end();) {
      if (!sample->finished) {
        ++sample;
        continue;
      }
      ReleaseAll(&sample->pages);
      if (on_sample_) on_sample_(sample->group, sample->trajectory);
      results_[sample->group][sample->offset] = std::move(sample->trajectory);
      sample = live_.erase(sample);
    }
  }

  Engine& engine_;
  KvCache& cache_;
  const size_t vocab_size_;
  const GenerationOptions& options_;
  const PolicyVersion version_;
  const OnSample& on_sample_;
  std::deque<PrefilledPrompt> waiting_;
  std::list<PrefilledPrompt> open_;
  std::list<LiveSample> live_;       // by age, siblings side by side: attention shares their prompt
  std::list<LiveSample> preempted_;  // by age, all younger than those that run
  uint64_t num_begun_ = 0;
  std::vector<std::vector<Trajectory>> results_;
  // Of the current pass.
  std::vector<int32_t> tokens_, row_tokens_;
  std::vector<model::PassSequence> sequences_;
  std::vector<size_t> logit_rows_;
  std::vector<float> logits_, max_, log_sum_;
  std::vector<uint64_t> masses_;
};

Engine::Engine(model::Policy<float>* policy, const model::Tokenizer* tokenizer,
               const EngineOptions& options)
    : policy_(policy),
      tokenizer_(tokenizer),
      options_(options),
      sampler_(&policy->ops(), policy->config().vocab_size),
      eos_(policy->config().eos_token_ids) {
  std::sort(eos_.begin(), eos_.end());
  eos_.erase(std::unique(eos_.begin(), eos_.end()), eos_.end());
}

Engine::~Engine() = default;

// Makes the cache at first use, no larger than the work at hand needs, and again when a later call
// needs more; the bound of the options holds always.
Status Engine::EnsureCache(size_t longest, size_t num_samples) {
  const size_t page_bytes = policy_->KvBytesPerToken() * options_.page_tokens;
  const auto bound = options_.kv_cache_bytes > 0
                         ? options_.kv_cache_bytes
                         : static_cast<uint64_t>(options_.memory_share *
                                                 static_cast<double>(PhysicalMemoryBytes()));
  const size_t max_pages = static_cast<size_t>(bound / page_bytes);
  // Of one sequence, with its own copy of the prompt's last page while others share that.
  const size_t pages_each = (longest + options_.page_tokens - 1) / options_.page_tokens + 1;
  if (pages_each > max_pages) {
    return InvalidArgument(
        Format("rollout.kv_cache_bytes must hold one sequence of {} tokens, which needs {}: {}",
               longest, pages_each * page_bytes, bound));
  }
  const size_t num_sequences = std::min(num_samples, options_.max_num_seqs);
  const size_t num_pages = std::min(max_pages, pages_each * (num_sequences + 1));
  if (cache_ == nullptr || cache_->num_pages() < num_pages) {
    cache_.reset();
    cache_ = std::make_unique<KvCache>(policy_->MakeKvStorage(options_.page_tokens, num_pages));
  }
  return OkStatus();
}

Result<std::vector<std::vector<Trajectory>>> Engine::Generate(std::span<const GroupRequest> groups,
                                                              const GenerationOptions& options,
                                                              PolicyVersion version,
                                                              const OnSample& on_sample) {
  size_t longest = 0;
  size_t num_samples = 0;
  for (const GroupRequest& group : groups) {
    WINNOW_CHECK(!group.prompt.empty());
    longest = std::max(longest, group.prompt.size() + options.max_tokens);
    num_samples += group.num_samples;
  }
  if (num_samples == 0) return std::vector<std::vector<Trajectory>>(groups.size());
  if (longest > policy_->config().max_positions) {
    return InvalidArgument(Format("prompt and response must fit the model's {} positions: {}",
                                  policy_->config().max_positions, longest));
  }
  WINNOW_RETURN_IF_ERROR(EnsureCache(longest, num_samples));
  return Run(this, groups, options, version, on_sample).Finish();
}

}  // namespace winnow::rollout
