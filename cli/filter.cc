#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/format.h"
#include "cli/command.h"
#include "orchestrator/filter/replay.h"

namespace winnow::cli {
namespace {

struct Options {
  std::string trace;
  std::string mode = "reference";
  std::string type = "greso";
  orchestrator::ReplayOptions replay;
  bool json = false;
};

// A line per event instead of the whole list.
void PrintEvents(const std::string& text) {
  for (const auto& event : nlohmann::ordered_json::parse(text)) {
    const std::string kind = event.value("ev", "?");
    std::string line = Format("{:<9} epoch {}", kind, event.value("epoch", 0));
    if (event.contains("step")) line += Format(" step {}", event["step"].dump());
    if (event.contains("ids")) line += Format(" prompts {}", event["ids"].size());
    for (const char* name :
         {"draws", "zvr", "abs", "hard_ratio", "easy_ratio", "p_easy", "p_hard", "samples"}) {
      if (event.contains(name)) line += Format(" {} {}", name, event[name].dump());
    }
    std::printf("%s\n", line.c_str());
  }
}

Status RunReplay(const Options& options) {
  orchestrator::ReplayOptions replay = options.replay;
  const auto mode = orchestrator::ParseFilterMode(options.mode);
  if (!mode.has_value()) {
    return InvalidArgument("--mode must be one of winnow, reference: \"" + options.mode + "\"");
  }
  const auto type = orchestrator::ParseFilterType(options.type);
  if (!type.has_value()) {
    return InvalidArgument(
        "--type must be one of none, dynamic_sampling, greso, random_skip, mopps, band: \"" +
        options.type + "\"");
  }
  replay.mode = *mode;
  replay.filter.type = *type;
  auto text = ReadFile(options.trace);
  if (!text.ok()) return text.status().WithPrefix("--trace cannot be read");
  auto events = orchestrator::ReplayTrace(*text, replay);
  if (!events.ok()) return events.status().WithPrefix(options.trace);
  if (options.json) {
    std::printf("%s\n", events->c_str());
  } else {
    PrintEvents(*events);
  }
  return OkStatus();
}

}  // namespace

void DeclareFilter(CLI::App* app, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app->add_subcommand("filter", "Prompt filters without a model");
  command->require_subcommand(1);
  CLI::App* replay = command->add_subcommand("replay", "Run a filter on a trace of rewards");
  orchestrator::FilterOptions& filter = options->replay.filter;
  replay->add_option("--trace", options->trace, "greso-trace/1 file")->required();
  replay->add_option("--mode", options->mode, "reference (as published) or winnow")
      ->capture_default_str();
  replay->add_option("--type", options->type, "winnow mode: the filter")->capture_default_str();
  replay->add_option("--seed", options->replay.seed, "winnow mode: run.seed");
  replay->add_option("--p-easy", filter.p_easy, "winnow mode")->capture_default_str();
  replay->add_option("--p-hard", filter.p_hard, "winnow mode")->capture_default_str();
  replay->add_option("--p-min", filter.p_min, "winnow mode")->capture_default_str();
  replay->add_option("--p-max", filter.p_max, "winnow mode")->capture_default_str();
  replay->add_option("--step", filter.step, "winnow mode")->capture_default_str();
  replay->add_option("--floor", filter.floor, "winnow mode")->capture_default_str();
  replay->add_option("--target-zero-variance", filter.target_zero_variance, "winnow mode")
      ->capture_default_str();
  replay->add_option("--gen-batch-max", filter.gen_batch_max, "winnow mode");
  replay->add_option("--gen-batch-min", filter.gen_batch_min, "winnow mode");
  replay->add_option("--skip-rate", filter.skip_rate, "winnow mode, random_skip");
  replay->add_flag("--json", options->json, "the event list as one JSON array, nothing else");
  replay->callback([run, options] { *run = [options] { return RunReplay(*options); }; });
}

}  // namespace winnow::cli
