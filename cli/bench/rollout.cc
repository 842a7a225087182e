#include <CLI/CLI.hpp>

#include "base/format.h"
#include "base/process.h"
#include "cli/bench/commands.h"
#include "cli/bench/measure.h"
#include "cli/bench/model_gemms.h"
#include "cli/bench/random_input.h"
#include "cli/bench/report.h"
#include "rollout/engine.h"

namespace winnow::cli {
namespace {

struct Options : BenchOptions {
  size_t batch = 8;
  size_t prompt_tokens = 64;
  size_t new_tokens = 128;
  size_t group = 1;
};

// What one call of the engine took, from its own clocks.
struct Measured {
  double seconds = 0;
  double prefill_seconds = 0;
  double decode_seconds = 0;
};

std::vector<rollout::GroupRequest> Requests(const Options& options, size_t vocab_size) {
  std::vector<rollout::GroupRequest> groups(options.batch / options.group);
  for (size_t g = 0; g < groups.size(); ++g) {
    groups[g].prompt = RandomTokens(options.prompt_tokens, vocab_size, options.seed,
                                    /*stream=*/static_cast<uint32_t>(g));
    groups[g].key = {.seed = options.seed, .prompt = PromptId(g), .use = NoiseUse::kBench};
    groups[g].num_samples = static_cast<uint32_t>(options.group);
  }
  return groups;
}

Result<Measured> GenerateOnce(std::span<const rollout::GroupRequest> groups,
                              const rollout::GenerationOptions& generation,
                              rollout::Engine* engine) {
  const rollout::EngineStats before = engine->stats();
  Status status;
  Measured measured;
  measured.seconds =
      SecondsOf([&] { status = engine->Generate(groups, generation, PolicyVersion(0)).status(); });
  measured.prefill_seconds = engine->stats().prefill_seconds - before.prefill_seconds;
  measured.decode_seconds = engine->stats().decode_seconds - before.decode_seconds;
  WINNOW_RETURN_IF_ERROR(status);
  return measured;
}

Status CheckSizes(const Options& options, const model::ModelConfig& config) {
  if (options.batch % options.group != 0) {
    return InvalidArgument(
        Format("--batch must be a multiple of --group {}: {}", options.group, options.batch));
  }
  if (options.prompt_tokens + options.new_tokens > config.max_positions) {
    return InvalidArgument(
        Format("--prompt-tokens and --new-tokens must fit the model's {} positions: {}",
               config.max_positions, options.prompt_tokens + options.new_tokens));
  }
  return OkStatus();
}

Status RunBenchRollout(const Options& options) {
  WINNOW_ASSIGN_OR_RETURN(ModelSession session, OpenModel(options.model));
  const model::ModelConfig& config = session.policy->config();
  WINNOW_RETURN_IF_ERROR(CheckSizes(options, config));
  // All prompts in one pass, so that decoding is timed apart from them.
  rollout::Engine engine(session.policy.get(), nullptr,
                         {.max_num_seqs = options.batch,
                          .max_num_batched_tokens = options.batch * options.prompt_tokens});
  const auto groups = Requests(options, config.vocab_size);
  const rollout::GenerationOptions generation{.max_tokens = options.new_tokens, .ignore_eos = true};
  WINNOW_RETURN_IF_ERROR(GenerateOnce(groups, generation, &engine).status());  // untimed
  const uint64_t peak_bytes = PeakResidentBytes();
  ModelGemms gemms(config, options.seed, session.ops.get());

  // Generation and its floor in turn, so that both see the same moods of the machine.
  std::vector<double> total, prefill, decode, floor;
  for (int i = 0; i < options.repeats; ++i) {
    WINNOW_ASSIGN_OR_RETURN(const Measured measured, GenerateOnce(groups, generation, &engine));
    const double floor_seconds = MedianSeconds(/*repeats=*/5, [&] {
      return gemms.ForwardSeconds(options.batch, options.batch, options.batch);
    });
    total.push_back(measured.seconds);
    prefill.push_back(measured.prefill_seconds);
    decode.push_back(measured.decode_seconds);
    floor.push_back(floor_seconds);
  }
  const auto batch = static_cast<double>(options.batch);
  const auto new_tokens = static_cast<double>(options.new_tokens);
  const double rate = batch * (new_tokens - 1) / Median(decode);
  const double floor_rate = batch / Median(floor);
  Json json = MachineReport(session);
  json["batch"] = options.batch;
  json["group"] = options.group;
  json["prompt_tokens"] = options.prompt_tokens;
  json["new_tokens"] = options.new_tokens;
  json["tokens_per_second"] = rate;
  json["total_tokens_per_second"] = batch * new_tokens / Median(total);
  json["prefill_tokens_per_second"] =
      static_cast<double>(groups.size() * options.prompt_tokens) / Median(prefill);
  json["gemm_floor_tokens_per_second"] = floor_rate;
  json["achieved"] = rate / floor_rate;
  json["peak_rss_bytes"] = peak_bytes;
  PrintReport(json, options.as_json);
  return OkStatus();
}

}  // namespace

void DeclareBenchRollout(CLI::App* bench, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = bench->add_subcommand("rollout", "Rates of generation");
  AddBenchOptions(command, /*needs_model=*/true, options.get());
  const auto at_least = [](int64_t least) { return CLI::Range(least, int64_t{1} << 24); };
  command->add_option("--batch", options->batch, "sequences")
      ->check(at_least(1))
      ->capture_default_str();
  command->add_option("--prompt-tokens", options->prompt_tokens, "of each prompt")
      ->check(at_least(1))
      ->capture_default_str();
  command->add_option("--new-tokens", options->new_tokens, "of each response")
      ->check(at_least(2))
      ->capture_default_str();
  command->add_option("--group", options->group, "samples of a prompt")
      ->check(at_least(1))
      ->capture_default_str();
  command->callback([run, options] { *run = [options] { return RunBenchRollout(*options); }; });
}

}  // namespace winnow::cli
