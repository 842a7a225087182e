#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/command.h"
#include "cli/config/commands.h"
#include "cli/job_file.h"

namespace winnow::cli {
namespace {

struct Options {
  std::string job;
  std::string other;
  std::string pattern;
  std::vector<std::string> sets;
  ShowOptions show;
};

void Print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  if (!text.empty() && text.back() != '\n') std::fputc('\n', stdout);
}

Status RunShow(const Options& options) {
  const std::string path = options.job.empty() ? "" : ConfigFileOf(options.job);
  WINNOW_ASSIGN_OR_RETURN(const Config config, ReadJob(path, options.sets, Purpose::kShow));
  Print(ShowConfig(config, options.show));
  return OkStatus();
}

Status RunKeys(const Options& options) {
  const std::string text = DescribeKeys(options.pattern);
  if (text.empty()) return NotFound("no key matches " + options.pattern);
  Print(text);
  return OkStatus();
}

Status RunDiff(const Options& options) {
  WINNOW_ASSIGN_OR_RETURN(const Config a, ReadJob(ConfigFileOf(options.job), {}, Purpose::kShow));
  WINNOW_ASSIGN_OR_RETURN(const Config b, ReadJob(ConfigFileOf(options.other), {}, Purpose::kShow));
  Print(DiffConfigs(a, b));
  return OkStatus();
}

}  // namespace

void DeclareConfig(CLI::App* app, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app->add_subcommand("config", "Show, list and compare configuration");
  command->require_subcommand(1);
  CLI::App* show = command->add_subcommand("show", "Every key with its value");
  show->add_option("job", options->job, "job file or run folder; none = the defaults");
  show->add_option("--set", options->sets, "KEY=VALUE, repeatable");
  show->add_flag("--origin", options->show.origin, "add where each value comes from");
  show->add_flag("--changed", options->show.changed, "only what differs from the default");
  show->add_flag("--json", options->show.json, "one JSON object");
  show->callback([run, options] { *run = [options] { return RunShow(*options); }; });
  CLI::App* keys = command->add_subcommand("keys", "Name, type, default, range, meaning of keys");
  keys->add_option("pattern", options->pattern, "part of a name; with * the whole name");
  keys->callback([run, options] { *run = [options] { return RunKeys(*options); }; });
  CLI::App* diff = command->add_subcommand("diff", "What two jobs or runs differ in");
  diff->add_option("a", options->job, "job file or run folder")->required();
  diff->add_option("b", options->other, "job file or run folder")->required();
  diff->callback([run, options] { *run = [options] { return RunDiff(*options); }; });
}

}  // namespace winnow::cli
