#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "base/clock.h"
#include "base/format.h"
#include "base/process.h"
#include "cli/bench/commands.h"
#include "cli/bench/measure.h"
#include "cli/bench/report.h"
#include "cli/job_file.h"
#include "cli/training_run.h"
#include "orchestrator/run_folder.h"

namespace winnow::cli {
namespace {

struct Options {
  std::string job;
  std::vector<std::string> sets;
  int steps = 3;
  bool as_json = false;
};

// A folder of its own under the system's temporary one, removed at the end.
class TemporaryFolder {
 public:
  static Result<TemporaryFolder> Make() {
    std::string path = (std::filesystem::temp_directory_path() / "winnow-bench-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) {
      return InvalidArgument(Format("{}: cannot make a temporary folder", path));
    }
    return TemporaryFolder(std::move(path));
  }
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// The lines of metrics.jsonl that belong to training steps after the first, which warms up.
Result<std::vector<Json>> StepMetrics(const std::string& run_folder) {
  WINNOW_ASSIGN_OR_RETURN(const auto folder, orchestrator::RunFolder::Open(run_folder));
  std::vector<Json> steps;
  WINNOW_RETURN_IF_ERROR(
      ForEachJsonLine(folder.metrics(), [&](const Json& line, const std::string&) {
        if (line.value("step", 0) > 1 && line.contains("time/step_s")) steps.push_back(line);
        return OkStatus();
      }));
  return steps;
}

// Median of a metric over the steps, null if some step lacks it.
Json MedianOf(const std::vector<Json>& steps, const char* name) {
  std::vector<double> values;
  for (const Json& step : steps) {
    if (!step.contains(name) || !step[name].is_number()) return nullptr;
    values.push_back(step[name].get<double>());
  }
  return Median(std::move(values));
}

Status RunBenchStep(const Options& options) {
  WINNOW_ASSIGN_OR_RETURN(const TemporaryFolder temporary, TemporaryFolder::Make());
  std::vector<std::string> sets = options.sets;
  const std::string run_folder = temporary.path() + "/run";
  for (const std::string& set :
       {"run.dir=" + run_folder, Format("trainer.total_training_steps={}", options.steps + 1),
        std::string("trainer.save_freq=-1"), std::string("trainer.test_freq=-1"),
        std::string("trainer.val_before_train=false"), std::string("trainer.export=none"),
        std::string("metrics.logger=[jsonl]")}) {
    sets.push_back(set);
  }
  WINNOW_ASSIGN_OR_RETURN(Config config, ReadJob(options.job, sets, Purpose::kTrain));
  config = config.WithCreationTime(WallSeconds());
  WINNOW_ASSIGN_OR_RETURN(JobInputs inputs, OpenInputs(config, /*max_rows=*/-1));
  WINNOW_RETURN_IF_ERROR(TrainInFolder(std::move(inputs), /*accept_changed=*/false));
  WINNOW_ASSIGN_OR_RETURN(const std::vector<Json> steps, StepMetrics(run_folder));
  if (steps.empty()) {
    return InvalidArgument(options.job + ": the data end before the first timed step");
  }
  Json json = {{"steps", steps.size()}};
  for (const char* name :
       {"time/step_s", "time/generate_s", "time/reward_s", "time/update_s", "perf/forward_ms",
        "perf/backward_ms", "perf/optimizer_ms", "perf/tokens_per_s", "rollout/tokens"}) {
    json[name] = MedianOf(steps, name);
  }
  json["seconds_per_step"] = json["time/step_s"];
  json["peak_rss_bytes"] = PeakResidentBytes();
  PrintReport(json, options.as_json);
  return OkStatus();
}

}  // namespace

void DeclareBenchStep(CLI::App* bench, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      bench->add_subcommand("step", "Seconds per GRPO step of a job, in a temporary run folder");
  command->add_option("config", options->job, "job file (YAML)")->required();
  command->add_option("--set", options->sets, "KEY=VALUE over the file, repeatable");
  command->add_option("--steps", options->steps, "timed steps, after one untimed")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command->add_flag("--json", options->as_json, "one JSON object");
  command->callback([run, options] { *run = [options] { return RunBenchStep(*options); }; });
}

}  // namespace winnow::cli
