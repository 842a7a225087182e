#include "model/policy.h"

#include <algorithm>

#include "base/aligned_memory.h"
#include "base/check.h"
#include "model/base_weights.h"
#include "model/embedding_gradient.h"
#include "model/export.h"
#include "model/head.h"
#include "model/inference_pass.h"
#include "model/initial_values.h"
#include "model/lora.h"
#include "model/network.h"
#include "model/rope_table.h"
#include "model/training_pass.h"
#include "model/weight_files.h"

namespace winnow::model {
namespace {

template <typename Real>
class DecoderPolicy : public Policy<Real> {
 public:
  // `adapters` may be null; `trained` asks for gradient accumulators.
  DecoderPolicy(std::shared_ptr<BaseWeights<Real>> base, std::unique_ptr<Adapters<Real>> adapters,
                bool trained, device::Ops<Real>* ops)
      : base_(std::move(base)),
        adapters_(std::move(adapters)),
        trained_(trained),
        ops_(ops),
        gradient_memory_(AllocateZeroed(trained ? trainable_layout().size() * sizeof(Real) : 0)),
        network_(BuildNetwork<Real>(*base_, adapters_.get(), Target())),
        rope_(base_->config()),
        head_(ops, &network_.head),
        training_(base_->config(), &network_, ops, &rope_),
        inference_(base_->config(), &network_, ops, &rope_),
        embedding_gradient_(base_->config().hidden_size) {}

  const ModelConfig& config() const override { return base_->config(); }
  device::Ops<Real>& ops() const override { return *ops_; }
  const ParameterLayout& trainable_layout() const override {
    return adapters_ != nullptr ? adapters_->layout() : base_->layout();
  }
  std::span<Real> trainable() override {
    return adapters_ != nullptr ? adapters_->values() : base_->values();
  }
  std::span<const Real> trainable() const override {
    return adapters_ != nullptr ? std::as_const(*adapters_).values()
                                : std::as_const(*base_).values();
  }
  void WeightsChanged() override {
    if (adapters_ != nullptr) {
      adapters_->Pack();
    } else {
      base_->Pack();
    }
  }
  Digest WeightsDigest() const override;
  std::unique_ptr<Policy<Real>> WithoutAdapters() override {
    if (adapters_ == nullptr) return nullptr;
    return std::make_unique<DecoderPolicy>(base_, nullptr, /*trained=*/false, ops_);
  }

  std::unique_ptr<KvStorage<Real>> MakeKvStorage(size_t page_tokens,
                                                 size_t num_pages) const override {
    return std::make_unique<KvPages<Real>>(config(), ops_->kv_element_bytes(), config().num_layers,
                                           page_tokens, num_pages);
  }
  size_t KvBytesPerToken() const override {
    return 2 * config().num_layers * config().num_kv_heads * config().head_dim *
           ops_->kv_element_bytes();
  }
  void Forward(std::span<const int32_t> tokens, std::span<const PassSequence> sequences,
               KvStorage<Real>* kv, const LogitRows<Real>& wanted) override;

  void TrainForward(std::span<const TrainSequence> sequences, const TrainOptions& options,
                    Policy<Real>* reference, HeadValues<Real>* values) override;
  void LogProbs(std::span<const TrainSequence> sequences, double temperature,
                HeadValues<Real>* values) override;
  void TrainBackward(std::span<const device::HeadRowGradient<Real>> gradients) override;
  void ClearGradient() override;
  std::span<Real> Gradient() override;
  size_t TrainingBytes() const override {
    return training_.size_bytes() + head_.size_bytes() + dhidden_.size_bytes() +
           reference_hidden_.size_bytes();
  }

  Status Export(const std::string& source_folder, const std::string& folder,
                ExportKind kind) const override {
    WINNOW_CHECK(base_->has_masters());
    return ExportPolicy(*base_, adapters_.get(), kind, source_folder, folder);
  }
  std::span<const Real> base_weights() const override {
    WINNOW_CHECK(base_->has_masters());
    return std::as_const(*base_).values();
  }
  const ParameterLayout& base_layout() const override { return base_->layout(); }

 private:
  GradientTarget<Real> Target() {
    if (!trained_) return {};
    return {.layout = &trainable_layout(), .values = GradientSpan().data()};
  }
  std::span<Real> GradientSpan() {
    return {reinterpret_cast<Real*>(gradient_memory_.get()), trainable_layout().size()};
  }
  // Null if no KL was asked for.
  const HeadReference<Real>* RunReference(std::span<const TrainSequence> sequences,
                                          Policy<Real>* reference);

  const std::shared_ptr<BaseWeights<Real>> base_;
  const std::unique_ptr<Adapters<Real>> adapters_;
  const bool trained_;
  device::Ops<Real>* const ops_;
  const AlignedMemory gradient_memory_;  // [trainable_layout().size()] Real, if trained
  const Network<Real> network_;
  RopeTable<Real> rope_;
  Head<Real> head_;
  TrainingPass<Real> training_;
  InferencePass<Real> inference_;
  EmbeddingGradient<Real> embedding_gradient_;
  bool embedding_joined_ = false;  // Gradient() was called since ClearGradient

  // Of the last TrainForward, for TrainBackward.
  bool awaits_backward_ = false;
  TrainOptions options_;
  HeadReference<Real> reference_;
  Buffer<Real> reference_hidden_;
  bool has_reference_ = false;
  Buffer<Real> dhidden_;
};

template <typename Real>
Digest DecoderPolicy<Real>::WeightsDigest() const {
  WINNOW_CHECK(base_->has_masters());
  Digester digester;
  AddToDigest<Real>(base_->layout(), std::as_const(*base_).values(), &ops_->pool(), &digester);
  if (adapters_ != nullptr) {
    AddToDigest<Real>(adapters_->layout(), std::as_const(*adapters_).values(), &ops_->pool(),
                      &digester);
  }
  return digester.Finish();
}

template <typename Real>
void DecoderPolicy<Real>::Forward(std::span<const int32_t> tokens,
                                  std::span<const PassSequence> sequences, KvStorage<Real>* kv,
                                  const LogitRows<Real>& wanted) {
  for (const int32_t token : tokens) {
    WINNOW_CHECK_LT(static_cast<size_t>(token), config().vocab_size);
  }
  auto* pages = dynamic_cast<KvPages<Real>*>(kv);
  WINNOW_CHECK(pages != nullptr);
  inference_.Run(tokens, sequences, pages, wanted);
}

template <typename Real>
const HeadReference<Real>* DecoderPolicy<Real>::RunReference(
    std::span<const TrainSequence> sequences, Policy<Real>* reference) {
  has_reference_ = reference != nullptr;
  if (!has_reference_) return nullptr;
  auto* other = dynamic_cast<DecoderPolicy*>(reference);
  WINNOW_CHECK(other != nullptr && other != this);
  other->awaits_backward_ = false;
  other->training_.ForwardOnly(sequences);
  const size_t count = other->training_.head_rows().size() * other->config().hidden_size;
  Real* hidden = reference_hidden_.Reserve(count);
  std::copy_n(other->training_.hidden(), count, hidden);
  reference_ = {.matrix = &other->network_.head, .hidden = hidden};
  return &reference_;
}

template <typename Real>
void DecoderPolicy<Real>::TrainForward(std::span<const TrainSequence> sequences,
                                       const TrainOptions& options, Policy<Real>* reference,
                                       HeadValues<Real>* values) {
  WINNOW_CHECK(trained_);
  WINNOW_CHECK(options.head_chunk_tokens >= 64 && options.head_chunk_tokens % 64 == 0);
  WINNOW_CHECK_EQ(options.stream_backward_chunk % 64, 0u);
  options_ = options;
  const HeadReference<Real>* head_reference = RunReference(sequences, reference);
  training_.Forward(sequences, options);
  head_.Forward(training_.hidden(), training_.head_rows(), options, head_reference, values);
  awaits_backward_ = true;
}

template <typename Real>
void DecoderPolicy<Real>::LogProbs(std::span<const TrainSequence> sequences, double temperature,
                                   HeadValues<Real>* values) {
  awaits_backward_ = false;
  training_.ForwardOnly(sequences);
  head_.Forward(training_.hidden(), training_.head_rows(),
                {.head_chunk_bytes = kHeadChunkBytes, .temperature = temperature}, nullptr, values);
}

template <typename Real>
void DecoderPolicy<Real>::TrainBackward(std::span<const device::HeadRowGradient<Real>> gradients) {
  WINNOW_CHECK(awaits_backward_ && !embedding_joined_);
  WINNOW_CHECK_EQ(gradients.size(), training_.head_rows().size());
  awaits_backward_ = false;
  if (gradients.empty()) return;
  Real* dhidden = dhidden_.Reserve(gradients.size() * config().hidden_size);
  head_.Backward(training_.hidden(), training_.head_rows(), options_,
                 has_reference_ ? &reference_ : nullptr, gradients, dhidden);
  training_.Backward(dhidden,
                     network_.embedding_gradient != nullptr ? &embedding_gradient_ : nullptr);
}

template <typename Real>
void DecoderPolicy<Real>::ClearGradient() {
  const std::span<Real> all = GradientSpan();
  constexpr size_t kElementsPerTask = 1 << 18;
  ops_->pool().ParallelFor(all.size(), kElementsPerTask, [&](size_t begin, size_t end) {
    std::fill(all.begin() + static_cast<ptrdiff_t>(begin),
              all.begin() + static_cast<ptrdiff_t>(end), Real{0});
  });
  embedding_gradient_.Clear();
  embedding_joined_ = false;
}

template <typename Real>
std::span<Real> DecoderPolicy<Real>::Gradient() {
  WINNOW_CHECK(trained_);
  if (network_.embedding_gradient != nullptr && !embedding_joined_) {
    embedding_gradient_.JoinInto(network_.embedding_gradient);
  }
  embedding_joined_ = true;
  return GradientSpan();
}

template <typename Real>
Result<std::unique_ptr<Policy<Real>>> MakePolicy(std::shared_ptr<BaseWeights<Real>> base,
                                                 const PolicyOptions& options,
                                                 device::Ops<Real>* ops) {
  std::unique_ptr<Adapters<Real>> adapters;
  if (options.lora.rank > 0) {
    const auto use =
        options.trainable ? device::PackFor::kForwardAndInputGradient : device::PackFor::kForward;
    WINNOW_ASSIGN_OR_RETURN(adapters, Adapters<Real>::Make(base->config(), options.lora, use, ops));
  }
  return std::unique_ptr<Policy<Real>>(std::make_unique<DecoderPolicy<Real>>(
      std::move(base), std::move(adapters), options.trainable, ops));
}

template <typename Real>
std::shared_ptr<BaseWeights<Real>> MakeBase(const ModelConfig& config, const PolicyOptions& options,
                                            device::Ops<Real>* ops) {
  return std::make_shared<BaseWeights<Real>>(
      config,
      options.trainable ? device::PackFor::kForwardAndInputGradient : device::PackFor::kForward,
      ops, options.keep_masters);
}

}  // namespace

template <typename Real>
Result<std::unique_ptr<Policy<Real>>> LoadPolicy(const std::string& folder,
                                                 const PolicyOptions& options,
                                                 device::Ops<Real>* ops) {
  WINNOW_ASSIGN_OR_RETURN(ModelConfig config, LoadModelConfig(folder));
  WINNOW_ASSIGN_OR_RETURN(const WeightFiles files, WeightFiles::Open(folder));
  const ParameterLayout layout = BaseLayout(config);
  WINNOW_RETURN_IF_ERROR(files.Check(layout, config.stored_dtype));
  if (config.stored_dtype.empty()) {
    config.stored_dtype = ConfigDtype(files.Find(layout.parameters()[0].name).info->dtype);
  }
  std::shared_ptr<BaseWeights<Real>> base = MakeBase(config, options, ops);
  WINNOW_RETURN_IF_ERROR(files.Read<Real>(base->layout(), &ops->pool(), base->values()));
  if (options.keep_masters) {
    base->Pack();
  } else {
    WINNOW_CHECK(!options.trainable && options.lora.rank == 0);
    WINNOW_RETURN_IF_ERROR(base->PackFrom([&](const Parameter& parameter, std::span<Real> values) {
      return files.ReadOne<Real>(parameter, &ops->pool(), values);
    }));
  }
  return MakePolicy(std::move(base), options, ops);
}

template <typename Real>
Result<std::unique_ptr<Policy<Real>>> InitializePolicy(const std::string& folder,
                                                       const PolicyOptions& options, uint64_t seed,
                                                       device::Ops<Real>* ops) {
  WINNOW_ASSIGN_OR_RETURN(ModelConfig config, LoadModelConfig(folder));
  if (config.stored_dtype.empty()) config.stored_dtype = "float32";
  std::shared_ptr<BaseWeights<Real>> base = MakeBase(config, options, ops);
  FillInitialWeights<Real>(base->layout(), seed, config.initializer_range, &ops->pool(),
                           base->values());
  base->Pack();
  return MakePolicy(std::move(base), options, ops);
}

#define WINNOW_INSTANTIATE_POLICY(Real)                                  \
  template Result<std::unique_ptr<Policy<Real>>> LoadPolicy<Real>(       \
      const std::string&, const PolicyOptions&, device::Ops<Real>*);     \
  template Result<std::unique_ptr<Policy<Real>>> InitializePolicy<Real>( \
      const std::string&, const PolicyOptions&, uint64_t, device::Ops<Real>*);
WINNOW_INSTANTIATE_POLICY(float)
WINNOW_INSTANTIATE_POLICY(double)
#undef WINNOW_INSTANTIATE_POLICY

}  // namespace winnow::model
