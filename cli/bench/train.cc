#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "base/format.h"
#include "base/process.h"
#include "cli/bench/commands.h"
#include "cli/bench/measure.h"
#include "cli/bench/model_gemms.h"
#include "cli/bench/random_input.h"
#include "cli/bench/report.h"
#include "learner/parameter_update.h"
#include "model/head.h"

namespace winnow::cli {
namespace {

struct Options : BenchOptions {
  size_t tokens = 4096;
  size_t sequence_length = 512;
  std::string recompute = "none";
  size_t head_chunk_tokens = 64;
  size_t stream_backward_chunk = 0;
};

// Seconds of the parts of one step.
struct Measured {
  double forward = 0;
  double backward = 0;
  double optimizer = 0;
};

// Whole sequences of random tokens; all but the first token of each are predicted.
class Batch {
 public:
  Batch(const Options& options, size_t vocab_size)
      : tokens_(RandomTokens(options.tokens, vocab_size, options.seed, /*stream=*/0)),
        mask_(options.sequence_length, 1) {
    mask_[0] = 0;
    for (size_t at = 0; at < tokens_.size(); at += options.sequence_length) {
      sequences_.push_back(
          {.tokens = std::span(tokens_).subspan(at, options.sequence_length), .mask = mask_});
    }
  }
  std::span<const model::TrainSequence> sequences() const { return sequences_; }
  size_t num_predicted() const { return tokens_.size() - sequences_.size(); }

 private:
  std::vector<int32_t> tokens_;
  std::vector<uint8_t> mask_;
  std::vector<model::TrainSequence> sequences_;
};

Result<Measured> StepOnce(const Batch& batch, const model::TrainOptions& options, int64_t step,
                          model::Policy<float>* policy, learner::ParameterUpdater<float>* updater) {
  Measured measured;
  model::HeadValues<float> values;
  measured.forward = SecondsOf(
      [&] { policy->TrainForward(batch.sequences(), options, /*reference=*/nullptr, &values); });
  const std::vector<device::HeadRowGradient<float>> gradients(
      batch.num_predicted(), {.log_prob = -1.0f / static_cast<float>(batch.num_predicted())});
  measured.backward = SecondsOf([&] {
    policy->ClearGradient();
    policy->TrainBackward(gradients);
  });
  const double start = MonotonicSeconds();
  WINNOW_RETURN_IF_ERROR(updater->Apply(step).status());
  measured.optimizer = MonotonicSeconds() - start;
  return measured;
}

model::Recompute RecomputeNamed(const std::string& name) {
  if (name == "full") return model::Recompute::kFull;
  return name == "selective" ? model::Recompute::kSelective : model::Recompute::kNone;
}

Status RunBenchTrain(const Options& options) {
  for (const size_t chunk : {options.head_chunk_tokens, options.stream_backward_chunk}) {
    if (chunk % 64 != 0) {
      return InvalidArgument(Format("chunks must be multiples of 64 tokens: {}", chunk));
    }
  }
  if (options.tokens % options.sequence_length != 0) {
    return InvalidArgument(Format("--tokens must be a multiple of --sequence-length {}: {}",
                                  options.sequence_length, options.tokens));
  }
  ModelSessionOptions model = options.model;
  model.policy = {.trainable = true};
  WINNOW_ASSIGN_OR_RETURN(ModelSession session, OpenModel(model));
  const model::ModelConfig& config = session.policy->config();
  if (options.sequence_length > config.max_positions) {
    return InvalidArgument(Format("--sequence-length must be at most the model's {} positions: {}",
                                  config.max_positions, options.sequence_length));
  }
  WINNOW_ASSIGN_OR_RETURN(auto updater, learner::ParameterUpdater<float>::Create(
                                            {.lr = 1e-6}, {}, session.policy.get()));
  const Batch batch(options, config.vocab_size);
  const model::TrainOptions train{.recompute = RecomputeNamed(options.recompute),
                                  .head_chunk_tokens = options.head_chunk_tokens,
                                  .head_chunk_bytes = model::kHeadChunkBytes,
                                  .stream_backward_chunk = options.stream_backward_chunk};
  ModelGemms gemms(config, options.seed, session.ops.get());

  // The step and the bare products in turn, so that both see the same moods of the machine.
  std::vector<double> forward, backward, optimizer, total, rate;
  for (int i = -1; i < options.repeats; ++i) {
    WINNOW_ASSIGN_OR_RETURN(const Measured step,
                            StepOnce(batch, train, i + 1, session.policy.get(), updater.get()));
    const double gemm_rate = gemms.ForwardOperations(options.tokens, options.tokens) /
                             gemms.ForwardSeconds(options.tokens, options.tokens,
                                                  model::HeadChunkTokens(train, config.vocab_size));
    if (i < 0) continue;
    forward.push_back(step.forward);
    backward.push_back(step.backward);
    optimizer.push_back(step.optimizer);
    total.push_back(step.forward + step.backward + step.optimizer);
    rate.push_back(gemm_rate);
  }
  const auto tokens = static_cast<double>(options.tokens);
  Json json = MachineReport(session);
  json["tokens"] = options.tokens;
  json["sequence_length"] = options.sequence_length;
  json["tokens_per_second"] = tokens / Median(total);
  json["forward_seconds"] = Median(forward);
  json["backward_seconds"] = Median(backward);
  json["optimizer_seconds"] = Median(optimizer);
  json["gemm_flops"] = Median(rate);
  json["achieved"] = 6 * MultipliedParameters(config) * tokens / Median(total) / Median(rate);
  json["training_bytes"] = session.policy->TrainingBytes();
  json["peak_rss_bytes"] = PeakResidentBytes();
  PrintReport(json, options.as_json);
  return OkStatus();
}

}  // namespace

void DeclareBenchTrain(CLI::App* bench, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      bench->add_subcommand("train", "Rates of forward, backward and optimizer on random tokens");
  AddBenchOptions(command, /*needs_model=*/true, options.get());
  command->add_option("--tokens", options->tokens, "of a step")
      ->check(CLI::Range(2, 1 << 24))
      ->capture_default_str();
  command->add_option("--sequence-length", options->sequence_length, "divides --tokens")
      ->check(CLI::Range(2, 1 << 24))
      ->capture_default_str();
  command->add_option("--recompute", options->recompute, "none, selective, full")
      ->check(CLI::IsMember({"none", "selective", "full"}))
      ->capture_default_str();
  command->add_option("--head-chunk-tokens", options->head_chunk_tokens, "a multiple of 64")
      ->check(CLI::Range(64, 1 << 20))
      ->capture_default_str();
  command
      ->add_option("--stream-backward-chunk", options->stream_backward_chunk,
                   "a multiple of 64; 0 = off")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
  command->callback([run, options] { *run = [options] { return RunBenchTrain(*options); }; });
}

}  // namespace winnow::cli
