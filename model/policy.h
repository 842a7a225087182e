#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/status.h"
#include "device/ops.h"
#include "model/config.h"
#include "model/parameters.h"

namespace winnow::model {

// Low-rank adapters beside the linear layers (arXiv 2106.09685): y = Wx + s·B(Ax).
struct LoraOptions {
  size_t rank = 0;  // 0 = none, all weights are trained
  double alpha = 16;
  bool use_rslora = false;  // s = alpha/sqrt(rank) instead of alpha/rank
  std::vector<std::string> target_modules = {"all-linear"};  // name suffixes
  uint64_t seed = 1;                                         // keys the initial A; B starts at 0
  std::string adapter_folder;  // PEFT folder whose A and B to start from; empty: fresh ones
};

enum class ExportKind { kMerged, kAdapter };

// Keys and values of paged sequences, all layers. Page ids are indices; who owns which page is the
// caller's business (rollout/kv_cache). Dumb memory: not thread-safe for writers.
template <typename Real>
class KvStorage {
 public:
  virtual ~KvStorage() = default;
  virtual size_t page_tokens() const = 0;
  virtual size_t num_pages() const = 0;
  // Copies the first `tokens` keys and values of page `from` to page `to`, all layers.
  virtual void CopyPage(int32_t from, int32_t to, size_t tokens) = 0;
};

// Tokens [begin, end) of a sequence.
struct TokenInterval {
  size_t begin = 0;
  size_t end = 0;
};

// One sequence's part of an inference pass.
struct PassSequence {
  std::span<const int32_t> pages;  // enough for num_cached + (row_end − row_begin) tokens
  size_t num_cached = 0;           // tokens whose keys are in the pages already
  size_t row_begin = 0;            // its rows of the pass, consecutive tokens
  size_t row_end = 0;
  // Cached tokens hidden from these rows (multiverse.md §2): ascending, disjoint.
  std::span<const TokenInterval> holes;
  std::optional<size_t> first_position;  // RoPE position of the first row; none: num_cached
};

// Consecutive tokens of a training sequence that see the same earlier tokens, and each other
// causally.
struct TrainSegment {
  size_t begin = 0;  // tokens
  size_t end = 0;
  std::span<const TokenInterval> holes;  // tokens before `begin` that they do not see; ascending
  size_t first_position = 0;             // RoPE position of token `begin`
};

// Rows of an inference pass whose logits are wanted, ascending, and where these go.
template <typename Real>
struct LogitRows {
  std::span<const size_t> rows;
  Real* z = nullptr;  // [rows, vocabulary] logit / temperature
  double temperature = 1;
  Real* max = nullptr;  // [rows] the maximum of each row of z; null: not wanted
};

// A sequence to train on: all of its tokens, and which of them are predicted and count (m = 1).
struct TrainSequence {
  std::span<const int32_t> tokens;  // [T]
  // [T]; mask[t] = 1: log p(tokens[t] | what token t − 1 sees, itself included) is wanted;
  // mask[0] = 0
  std::span<const uint8_t> mask;
  // Cover [0, T) in order; none: one without holes from position 0.
  std::span<const TrainSegment> segments = {};
  // Leading tokens that are run once for this sequence and the one before it in the same call:
  // equal there, at the same positions, with the same holes. They have m = 0 here.
  size_t num_shared = 0;
};

enum class Recompute { kNone, kSelective, kFull };

// Logits of 64 tokens of the largest vocabularies of today, 151,936.
inline constexpr size_t kHeadChunkBytes = 64 * 151'936 * sizeof(float);

struct TrainOptions {
  Recompute recompute = Recompute::kNone;
  // Tokens whose logits exist at once, a multiple of 64; more if head_chunk_bytes hold their
  // float32 logits. Never changes bits.
  size_t head_chunk_tokens = 64;
  size_t head_chunk_bytes = 0;
  double temperature = 1.0;
  // Rows of a pass whose activations exist at once, a multiple of 64; 0: all of them, as
  // `recompute` says. Otherwise only the layers' inputs are kept, and the backward pass goes
  // through each layer chunk by chunk, the last one first (StreamBP, arXiv 2506.03077): the
  // gradient's sums get another order, the forward pass no other bits.
  size_t stream_backward_chunk = 0;
};

// Per wanted token, in (sequence, position) order. With z the scaled logits of the row and their
// LogSoftmaxStats, log_prob = (z_label − max) − log_sum: the sampler's expression too.
template <typename Real>
struct HeadValues {
  std::vector<Real> log_prob;
  std::vector<Real> entropy;
  std::vector<Real> kl;  // Σ_v p log(p/q) against the reference, if one was given; else empty
};

// The network being trained: weights, the one forward pass of rollout and learner, its backward.
// Place:     one per process in colocated runs, used by rollout/ and learner/ in turn.
// Threads:   one caller at a time; work is spread over the pool of `ops`.
// Ownership: weights and packed copies are its own; `ops` is borrowed and must outlive it.
// Bits:      a token's logits depend on its prefix and the weights alone (design.md §1).
template <typename Real>
class Policy {
 public:
  virtual ~Policy() = default;

  virtual const ModelConfig& config() const = 0;
  virtual device::Ops<Real>& ops() const = 0;
  // The trained tensors: all stored ones, or the adapters with LoRA. Flat, in name order, f32.
  virtual const ParameterLayout& trainable_layout() const = 0;
  virtual std::span<Real> trainable() = 0;
  virtual std::span<const Real> trainable() const = 0;
  // Must follow each change of trainable(): refills the packed copies.
  virtual void WeightsChanged() = 0;
  // Digest of all weights (base and adapters), names and shapes included.
  virtual Digest WeightsDigest() const = 0;

  // The same base without its adapters, sharing weights and packs: the reference policy of LoRA
  // runs. Not trainable; must not outlive this policy. Null without LoRA.
  virtual std::unique_ptr<Policy<Real>> WithoutAdapters() = 0;

  // -- Inference ------------------------------------------------------------------------------
  virtual std::unique_ptr<KvStorage<Real>> MakeKvStorage(size_t page_tokens,
                                                         size_t num_pages) const = 0;
  virtual size_t KvBytesPerToken() const = 0;
  // Runs `tokens` [R] through the network, writing their keys and values to the sequences' pages
  // and the wanted logits.
  virtual void Forward(std::span<const int32_t> tokens, std::span<const PassSequence> sequences,
                       KvStorage<Real>* kv, const LogitRows<Real>& wanted) = 0;

  // -- Training -------------------------------------------------------------------------------
  // Runs whole sequences and keeps what Backward needs (by options.recompute) until the next call.
  // `reference`, if not null, gives HeadValues::kl; the reference runs its own forward inside, and
  // must live unchanged until TrainBackward. At most one TrainBackward per TrainForward.
  virtual void TrainForward(std::span<const TrainSequence> sequences, const TrainOptions& options,
                            Policy<Real>* reference, HeadValues<Real>* values) = 0;
  // As TrainForward, but keeps nothing: for reference and old log-probs.
  virtual void LogProbs(std::span<const TrainSequence> sequences, double temperature,
                        HeadValues<Real>* values) = 0;
  // Adds the gradient of Σ_tokens (g.log_prob·x + g.entropy·H + g.kl·K) to the accumulators, one
  // HeadRowGradient per wanted token of the last TrainForward. Canonical order (learner.md §7):
  // the accumulated bits do not depend on how sequences are cut into calls, unless they share
  // tokens or the pass is streamed.
  virtual void TrainBackward(std::span<const device::HeadRowGradient<Real>> gradients) = 0;
  // Zeroes the accumulators.
  virtual void ClearGradient() = 0;
  // The accumulated gradient of trainable() [size], tied parts joined; valid until ClearGradient,
  // which must come before the next TrainBackward.
  virtual std::span<Real> Gradient() = 0;
  // Memory that training passes hold, beside the gradient: grows to the largest pass so far.
  virtual size_t TrainingBytes() const = 0;

  // -- Files ----------------------------------------------------------------------------------
  // Writes a folder that Hugging Face loads: config.json, generation_config.json, tokenizer files
  // copied from `source_folder`, weights in the source's stored dtype (or adapter files, PEFT
  // layout). Temporary folder, fsync, rename; `folder` must not exist or be empty.
  virtual Status Export(const std::string& source_folder, const std::string& folder,
                        ExportKind kind) const = 0;
  // Merged weights by stored name as float32, for checkpoints and tests.
  virtual std::span<const Real> base_weights() const = 0;
  virtual const ParameterLayout& base_layout() const = 0;
};

struct PolicyOptions {
  LoraOptions lora;
  bool trainable = true;  // false: no gradient buffers, no packs for gradients
  // False: linear layers keep their packed copies alone, for inference and log-probs only. Such a
  // policy has no digest, no export and no base_weights. REQUIRES: not trainable, no adapters.
  bool keep_masters = true;
};

// Loads FOLDER (config.json, safetensors). Errors: one line naming file and tensor (reliability
// §5).
template <typename Real>
Result<std::unique_ptr<Policy<Real>>> LoadPolicy(const std::string& folder,
                                                 const PolicyOptions& options,
                                                 device::Ops<Real>* ops);

// Fresh weights by config.initializer_range: N(0, range) for matrices keyed by seed and name, 0 for
// biases, 1 for norms.
template <typename Real>
Result<std::unique_ptr<Policy<Real>>> InitializePolicy(const std::string& folder,
                                                       const PolicyOptions& options, uint64_t seed,
                                                       device::Ops<Real>* ops);

}  // namespace winnow::model
