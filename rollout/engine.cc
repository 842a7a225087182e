#include "rollout/engine.h"

#include <unistd.h>

#include <algorithm>
#include <deque>
#include <list>
#include <optional>

#include "base/check.h"
#include "base/clock.h"
#include "base/format.h"
#include "model/tokenizer_stream.h"

namespace winnow::rollout {
namespace {

uint64_t PhysicalMemoryBytes() {
  return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// Finds stop strings in text that arrives token by token.
class StopStrings {
 public:
  StopStrings(const model::Tokenizer* tokenizer, const std::vector<std::string>* stop)
      : stop_(stop) {
    if (stop->empty()) return;
    WINNOW_CHECK(tokenizer != nullptr);
    decoder_.emplace(tokenizer);
    for (const std::string& text : *stop) longest_ = std::max(longest_, text.size());
  }

  // True once the text of all tokens pushed so far holds a stop string.
  bool Push(int32_t token) {
    if (stop_->empty()) return false;
    tail_ += decoder_->Push(token);
    for (const std::string& text : *stop_) {
      if (tail_.find(text) != std::string::npos) return true;
    }
    if (tail_.size() > longest_) tail_.erase(0, tail_.size() - longest_);
    return false;
  }

 private:
  const std::vector<std::string>* stop_;
  std::optional<model::StreamDecoder> decoder_;
  size_t longest_ = 0;
  std::string tail_;
};

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

struct LiveSample {
  LiveSample(const model::Tokenizer* tokenizer, const std::vector<std::string>* stop)
      : stop_strings(tokenizer, stop) {}
  size_t group = 0;
  uint32_t offset = 0;  // in the group
  size_t prompt_tokens = 0;
  std::vector<int32_t> pages;
  std::array<uint32_t, 4> hash{};
  Trajectory trajectory;
  StopStrings stop_strings;
  bool finished = false;
};

// A row of logits from which a sample's next token is drawn.
struct PendingDraw {
  LiveSample* sample = nullptr;
  LogitRow row;
  SampledToken token;
};

}  // namespace

// One call of Generate: admits prompts and samples, runs passes, commits tokens.
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
    for (size_t g = 0; g < groups.size(); ++g) {
      results_[g].resize(groups[g].num_samples);
      const uint32_t share = engine->options_.prefix_caching ? groups[g].num_samples : 1;
      for (uint32_t first = 0; first < groups[g].num_samples; first += share) {
        waiting_.push_back(
            {.group = g, .request = &groups[g], .first_sample = first, .num_samples = share});
      }
    }
  }

  std::vector<std::vector<Trajectory>> Finish() {
    while (!waiting_.empty() || !open_.empty() || !live_.empty()) {
      const double start = MonotonicSeconds();
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
  size_t SamplePages(const PrefilledPrompt& prompt) const {
    const size_t length = prompt.request->prompt.size();
    return cache_.PagesFor(length + options_.max_tokens) - length / cache_.page_tokens();
  }

  // Opens prompts in order while the samples they will start fit; each open prompt keeps the pages
  // of one sample in reserve, so that opened work can always finish.
  void OpenPrompts() {
    size_t expected = live_.size();
    for (const PrefilledPrompt& prompt : open_) expected += prompt.num_samples - prompt.num_started;
    while (!waiting_.empty() && expected < engine_.options_.max_num_seqs) {
      PrefilledPrompt& prompt = waiting_.front();
      const size_t prompt_pages = cache_.PagesFor(prompt.request->prompt.size());
      const size_t sample_pages = SamplePages(prompt);
      if (cache_.num_free() < reserved_ + prompt_pages + sample_pages) return;
      for (size_t i = 0; i < prompt_pages; ++i) prompt.pages.push_back(cache_.Allocate());
      reserved_ += sample_pages;
      expected += prompt.num_samples;
      open_.push_back(std::move(prompt));
      waiting_.pop_front();
    }
  }

  // Starts samples of prefilled prompts while slots and pages last; each draws its first token.
  void StartSamples() {
    std::vector<PendingDraw> draws;
    for (PrefilledPrompt& prompt : open_) {
      while (prompt.ready && prompt.num_started < prompt.num_samples &&
             live_.size() < engine_.options_.max_num_seqs) {
        const size_t pages = SamplePages(prompt);
        if (prompt.num_started == 0) {
          reserved_ -= pages;
        } else if (cache_.num_free() < reserved_ + pages) {
          break;
        }
        LiveSample* sample = StartSample(&prompt);
        draws.push_back({.sample = sample, .row = prompt.first});
      }
    }
    Draw(&draws);
    for (auto prompt = open_.begin(); prompt != open_.end();) {
      if (prompt->num_started < prompt->num_samples) {
        ++prompt;
        continue;
      }
      for (const int32_t page : prompt->pages) cache_.Release(page);
      prompt = open_.erase(prompt);
    }
  }

  LiveSample* StartSample(PrefilledPrompt* prompt) {
    LiveSample& sample = live_.emplace_back(engine_.tokenizer_, &options_.stop);
    const size_t length = prompt->request->prompt.size();
    const size_t full_pages = length / cache_.page_tokens();
    sample.group = prompt->group;
    sample.offset = prompt->first_sample + prompt->num_started++;
    sample.prompt_tokens = length;
    for (size_t i = 0; i < full_pages; ++i) {
      cache_.Share(prompt->pages[i]);
      sample.pages.push_back(prompt->pages[i]);
    }
    for (size_t i = SamplePages(*prompt); i > 0; --i) sample.pages.push_back(cache_.Allocate());
    if (const size_t rest = length % cache_.page_tokens(); rest > 0) {
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

  // One pass: a row for each live sample, then prompt rows up to the row budget.
  void Pass() {
    tokens_.clear();
    sequences_.clear();
    logit_rows_.clear();
    std::vector<LiveSample*> decoding;
    for (LiveSample& sample : live_) {
      const Trajectory& trajectory = sample.trajectory;
      AddSequence(sample.pages, sample.prompt_tokens + trajectory.tokens.size() - 1,
                  {&trajectory.tokens.back(), 1}, /*wants_logits=*/true);
      decoding.push_back(&sample);
    }
    const std::vector<PrefilledPrompt*> completed = AddPromptRows();
    WINNOW_CHECK(!tokens_.empty());
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
    engine_.stats_.decode_tokens += decoding.size();
    engine_.stats_.prefill_tokens += tokens_.size() - decoding.size();
    ++engine_.stats_.passes;

    std::vector<PendingDraw> draws;
    for (size_t i = 0; i < decoding.size(); ++i) {
      draws.push_back({.sample = decoding[i], .row = RowAt(i)});
    }
    for (size_t i = 0; i < completed.size(); ++i) {
      PrefilledPrompt& prompt = *completed[i];
      prompt.first = RowAt(decoding.size() + i);
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
    const size_t budget = engine_.options_.max_num_batched_tokens;
    for (PrefilledPrompt& prompt : open_) {
      if (prompt.ready) continue;
      const std::vector<int32_t>& ids = prompt.request->prompt;
      const size_t rest = ids.size() - prompt.num_cached;
      size_t rows = tokens_.size() < budget ? std::min(rest, budget - tokens_.size()) : 0;
      if (!engine_.options_.chunked_prefill && rows < rest) rows = tokens_.empty() ? rest : 0;
      if (tokens_.empty()) rows = std::max<size_t>(rows, 1);
      if (rows == 0) break;
      const bool completes = rows == rest;
      AddSequence(prompt.pages, prompt.num_cached, {ids.data() + prompt.num_cached, rows},
                  completes);
      prompt.num_cached += rows;
      if (completes) completed.push_back(&prompt);
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
        draw.token = engine_.sampler_.Sample(
            draw.row, options_.sampling, draw.sample->hash,
            static_cast<uint32_t>(draw.sample->prompt_tokens + generated), banned, &scratch);
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
      for (const int32_t page : sample->pages) cache_.Release(page);
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
  std::list<LiveSample> live_;
  size_t reserved_ = 0;  // pages kept for the first sample of each open, unstarted prompt
  std::vector<std::vector<Trajectory>> results_;
  // Of the current pass.
  std::vector<int32_t> tokens_;
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
  const size_t pages_each = longest / options_.page_tokens + 2;
  if (2 * pages_each > max_pages) {
    return InvalidArgument(
        Format("rollout.kv_cache_bytes must hold one sequence of {} tokens, which needs {}: {}",
               longest, 2 * pages_each * page_bytes, bound));
  }
  const size_t wanted = 2 * pages_each * std::min(num_samples, options_.max_num_seqs);
  const size_t num_pages = std::min(max_pages, wanted);
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
