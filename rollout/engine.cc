#include "rollout/engine.h"

#include <unistd.h>

#include <algorithm>

#include "base/check.h"
#include "base/clock.h"
#include "base/format.h"
#include "model/buffer.h"
#include "rollout/stop_strings.h"

namespace winnow::rollout {
namespace {

uint64_t PhysicalMemoryBytes() {
  return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

struct SampleState {
  Trajectory* trajectory = nullptr;  // in the results
  std::array<uint32_t, 4> hash{};    // of its noise
};

// A row of logits from which a sample's next token is drawn.
struct PendingDraw {
  size_t sample = 0;
  size_t row = 0;  // of the pass's logits
  SampledToken token;
};

SchedulerOptions SchedulerOptionsOf(const EngineOptions& options) {
  return {.max_num_seqs = options.max_num_seqs,
          .max_num_batched_tokens = options.max_num_batched_tokens,
          .prefix_caching = options.prefix_caching,
          .chunked_prefill = options.chunked_prefill};
}

std::vector<GroupShape> ShapesOf(std::span<const GroupRequest> groups, size_t max_tokens) {
  std::vector<GroupShape> shapes;
  for (const GroupRequest& group : groups) {
    const size_t expected = group.expected_tokens > 0 ? group.expected_tokens : max_tokens;
    shapes.push_back({.prompt_tokens = group.prompt.size(),
                      .num_samples = group.num_samples,
                      .expected_tokens = std::min(expected, max_tokens)});
  }
  return shapes;
}

}  // namespace

// Memory of a pass and of the draws after it, reused.
struct Engine::Buffers {
  std::vector<int32_t> tokens;                 // [R]
  std::vector<model::PassSequence> sequences;  // disjoint rows, in order
  std::vector<size_t> logit_rows;              // ascending
  // Of each logit row: z [V], its maximum, log Σ exp(z − max), and masses [NumMassBlocks(V)].
  model::Buffer<float> z, max, log_sum;
  model::Buffer<uint64_t> masses;
  std::vector<PendingDraw> draws;

  void Clear() {
    tokens.clear();
    sequences.clear();
    logit_rows.clear();
  }
  void ReserveLogits(size_t vocab_size) {
    z.Reserve(logit_rows.size() * vocab_size);
    max.Reserve(logit_rows.size());
    log_sum.Reserve(logit_rows.size());
    masses.Reserve(logit_rows.size() * device::NumMassBlocks(vocab_size));
  }
  LogitRow Row(size_t row, size_t vocab_size) const {
    return {.z = z.data() + row * vocab_size,
            .max = max.data()[row],
            .log_sum = log_sum.data()[row],
            .masses = masses.data() + row * device::NumMassBlocks(vocab_size)};
  }
};

// One call of Generate: runs the passes that the scheduler plans, draws and commits tokens.
class Engine::Run {
 public:
  Run(Engine* engine, std::span<const GroupRequest> groups, const GenerationOptions& options,
      PolicyVersion version, const OnSample& on_sample)
      : engine_(*engine),
        buffers_(*engine->buffers_),
        vocab_size_(engine->policy_->config().vocab_size),
        groups_(groups),
        options_(options),
        on_sample_(on_sample),
        scheduler_(SchedulerOptionsOf(engine->options_), ShapesOf(groups, options.max_tokens),
                   engine->cache_.get()),
        samples_(scheduler_.num_samples()),
        results_(groups.size()) {
    for (size_t g = 0; g < groups.size(); ++g) results_[g].resize(groups[g].num_samples);
    for (size_t i = 0; i < samples_.size(); ++i) Initialise(i, version);
  }

  std::vector<std::vector<Trajectory>> Finish() {
    double start = MonotonicSeconds();
    while (!scheduler_.done()) {
      const PassPlan& plan = scheduler_.Next();
      RunPass(plan);
      DrawAfter(plan);
      const double end = MonotonicSeconds();
      Count(plan, end - start);
      start = end;
    }
    engine_.stats_.preemptions += scheduler_.stats().preemptions;
    engine_.stats_.replayed_tokens += scheduler_.stats().replayed_tokens;
    engine_.stats_.peak_pages = std::max(engine_.stats_.peak_pages, engine_.cache_->most_used());
    return std::move(results_);
  }

 private:
  void Initialise(size_t i, PolicyVersion version) {
    const size_t g = scheduler_.group(i);
    NoiseKey key = groups_[g].key;
    key.sample += scheduler_.offset(i);
    Trajectory& trajectory = results_[g][scheduler_.offset(i)];
    trajectory.prompt = key.prompt;
    trajectory.sample = key.sample;
    trajectory.version = version;
    samples_[i] = {.trajectory = &trajectory, .hash = StreamHash(key)};
    if (!options_.stop.empty()) stop_strings_.emplace_back(engine_.tokenizer_, &options_.stop);
  }

  const std::vector<int32_t>& PromptOf(size_t sample) const {
    return groups_[scheduler_.group(sample)].prompt;
  }

  void RunPass(const PassPlan& plan) {
    model::KvStorage<float>& storage = *engine_.storage_;
    for (const PageCopy& copy : plan.copies) storage.CopyPage(copy.from, copy.to, copy.tokens);
    buffers_.Clear();
    for (const ScheduledRows& rows : plan.rows) AddRows(rows);
    buffers_.ReserveLogits(vocab_size_);
    const size_t wanted = buffers_.logit_rows.size();
    const double temperature = options_.sampling.temperature;
    engine_.policy_->Forward(buffers_.tokens, buffers_.sequences, &storage,
                             {.rows = buffers_.logit_rows,
                              .z = buffers_.z.data(),
                              .temperature = temperature > 0 ? temperature : 1.0,
                              .max = buffers_.max.data()});
    engine_.policy_->ops().SumMasses(buffers_.z.data(), wanted, vocab_size_, buffers_.max.data(),
                                     buffers_.log_sum.data(), buffers_.masses.data());
  }

  void AddRows(const ScheduledRows& rows) {
    const std::vector<int32_t>& prompt = PromptOf(rows.sample);
    const std::vector<int32_t>& drawn = samples_[rows.sample].trajectory->tokens;
    std::vector<int32_t>& tokens = buffers_.tokens;
    const size_t begin = tokens.size();
    for (size_t i = rows.num_cached; i < rows.num_cached + rows.num_rows; ++i)
      tokens.push_back(i < prompt.size() ? prompt[i] : drawn[i - prompt.size()]);
    buffers_.sequences.push_back({.pages = rows.pages,
                                  .num_cached = rows.num_cached,
                                  .row_begin = begin,
                                  .row_end = tokens.size()});
    if (rows.wants_logits) buffers_.logit_rows.push_back(tokens.size() - 1);
  }

  // A token for each sample whose last row was in the pass. The row after a prompt serves all
  // samples of its group, or with prefix caching off the one that computed it.
  void DrawAfter(const PassPlan& plan) {
    std::vector<PendingDraw>& draws = buffers_.draws;
    draws.clear();
    size_t row = 0;
    for (const ScheduledRows& rows : plan.rows) {
      if (!rows.wants_logits) continue;
      const size_t g = scheduler_.group(rows.sample);
      size_t first = rows.sample, count = 1;
      if (engine_.options_.prefix_caching && samples_[rows.sample].trajectory->tokens.empty()) {
        first = scheduler_.first_sample(g);
        count = groups_[g].num_samples;
      }
      for (size_t i = first; i < first + count; ++i) draws.push_back({.sample = i, .row = row});
      ++row;
    }
    engine_.policy_->ops().pool().ParallelFor(draws.size(), DrawGrain(),
                                              [&](size_t begin, size_t end) {
                                                thread_local Sampler::Scratch scratch;
                                                for (size_t i = begin; i < end; ++i)
                                                  Draw(&draws[i], &scratch);
                                              });
    for (const PendingDraw& draw : draws) Commit(draw.sample, draw.token);
  }

  // Draws that are worth a thread: one that looks at whole rows, or many that do not.
  size_t DrawGrain() const {
    const SamplingOptions& law = options_.sampling;
    const bool whole_rows = law.sampler == SamplerKind::kGumbel || law.top_k > 0 ||
                            law.top_p < 1.0 || options_.min_tokens > 0;
    return whole_rows ? 1 : 16;
  }

  void Draw(PendingDraw* draw, Sampler::Scratch* scratch) const {
    const SampleState& sample = samples_[draw->sample];
    const size_t drawn = sample.trajectory->tokens.size();
    const std::span<const int32_t> banned =
        drawn < options_.min_tokens ? std::span(engine_.eos_) : std::span<const int32_t>();
    draw->token = engine_.sampler_.Sample(
        buffers_.Row(draw->row, vocab_size_), options_.sampling, sample.hash,
        static_cast<uint32_t>(PromptOf(draw->sample).size() + drawn), banned, scratch);
  }

  void Commit(size_t index, const SampledToken& drawn) {
    Trajectory& trajectory = *samples_[index].trajectory;
    bool ended = drawn.failed;
    if (drawn.failed) {
      trajectory.finish = FinishReason::kError;
    } else {
      trajectory.tokens.push_back(drawn.token);
      trajectory.log_probs.push_back(drawn.log_prob);
      trajectory.full_log_probs.push_back(drawn.full_log_prob);
      ended = HasEnded(index, drawn.token);
    }
    if (!ended) {
      scheduler_.Append(index);
      return;
    }
    scheduler_.Finish(index);
    if (on_sample_) on_sample_(scheduler_.group(index), trajectory);
  }

  // Notes how the response ends, if its last token ends it.
  bool HasEnded(size_t index, int32_t token) {
    Trajectory& trajectory = *samples_[index].trajectory;
    const std::vector<int32_t>& eos = engine_.eos_;
    trajectory.ended_by_eos =
        !options_.ignore_eos && std::binary_search(eos.begin(), eos.end(), token);
    const bool stopped = !stop_strings_.empty() && stop_strings_[index].Push(token);
    if (stopped || trajectory.ended_by_eos) {
      trajectory.finish = FinishReason::kStop;
      return true;
    }
    if (trajectory.tokens.size() < options_.max_tokens) return false;
    trajectory.finish = FinishReason::kLength;
    return true;
  }

  void Count(const PassPlan& plan, double seconds) {
    EngineStats& stats = engine_.stats_;
    size_t decodes = 0;
    for (const ScheduledRows& rows : plan.rows) decodes += rows.is_decode ? 1 : 0;
    ++stats.passes;
    stats.decode_tokens += decodes;
    stats.prefill_tokens += buffers_.tokens.size() - decodes;
    (decodes > 0 ? stats.decode_seconds : stats.prefill_seconds) += seconds;
  }

  Engine& engine_;
  Buffers& buffers_;
  const size_t vocab_size_;
  const std::span<const GroupRequest> groups_;
  const GenerationOptions& options_;
  const OnSample& on_sample_;
  Scheduler scheduler_;
  std::vector<SampleState> samples_;       // by the scheduler's numbers
  std::vector<StopStrings> stop_strings_;  // of each sample; empty if nothing stops
  std::vector<std::vector<Trajectory>> results_;
};

Engine::Engine(model::Policy<float>* policy, const model::Tokenizer* tokenizer,
               const EngineOptions& options)
    : policy_(policy),
      tokenizer_(tokenizer),
      options_(options),
      sampler_(&policy->ops(), policy->config().vocab_size),
      buffers_(std::make_unique<Buffers>()),
      eos_(policy->config().eos_token_ids) {
  std::sort(eos_.begin(), eos_.end());
  eos_.erase(std::unique(eos_.begin(), eos_.end()), eos_.end());
}

Engine::~Engine() = default;

size_t Engine::MaxPages() const {
  const auto bound = options_.kv_cache_bytes > 0
                         ? options_.kv_cache_bytes
                         : static_cast<uint64_t>(options_.memory_share *
                                                 static_cast<double>(PhysicalMemoryBytes()));
  return static_cast<size_t>(bound / (policy_->KvBytesPerToken() * options_.page_tokens));
}

size_t Engine::PagesFor(size_t tokens) const {
  return (tokens + options_.page_tokens - 1) / options_.page_tokens;
}

Status Engine::CheckFits(size_t tokens) const {
  const size_t pages = PagesFor(tokens), most = MaxPages();
  if (pages <= most) return OkStatus();
  const size_t page_bytes = policy_->KvBytesPerToken() * options_.page_tokens;
  return InvalidArgument(
      Format("rollout.kv_cache_bytes must hold one sequence of {} tokens, which needs {} bytes: {}",
             tokens, pages * page_bytes,
             options_.kv_cache_bytes > 0 ? options_.kv_cache_bytes : most * page_bytes));
}

// Makes the cache at first use, no larger than the work at hand needs, and again when a later call
// needs more; the bound of the options holds always.
Status Engine::EnsureCache(size_t longest, size_t num_samples) {
  WINNOW_RETURN_IF_ERROR(CheckFits(longest));
  const size_t num_pages =
      std::min(MaxPages(), PagesFor(longest) * std::min(num_samples, options_.max_num_seqs));
  if (cache_ == nullptr || cache_->num_pages() < num_pages) {
    storage_.reset();
    storage_ = policy_->MakeKvStorage(options_.page_tokens, num_pages);
    cache_ = std::make_unique<KvCache>(num_pages, options_.page_tokens);
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
