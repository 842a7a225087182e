#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "base/file.h"
#include "cli/command.h"
#include "orchestrator/problems/generator.h"

namespace winnow::cli {
namespace {

struct Options {
  orchestrator::GeneratorOptions generator;
  std::string out;
};

Status RunGenerate(const Options& options) {
  std::string text;
  WINNOW_RETURN_IF_ERROR(
      orchestrator::GenerateProblems(options.generator, [&text](std::string_view line) {
        text.append(line).push_back('\n');
        return OkStatus();
      }));
  if (options.out == "-") {
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size()
               ? OkStatus()
               : Unavailable("cannot write to stdout");
  }
  return WriteFileAtomically(options.out, text).WithPrefix("--out cannot be written");
}

}  // namespace

void DeclareData(CLI::App* app, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app->add_subcommand("data", "Data sets");
  command->require_subcommand(1);
  CLI::App* generate = command->add_subcommand(
      "generate", "Verifiable problems with graded difficulty, as JSON lines");
  orchestrator::GeneratorOptions& generator = options->generator;
  generate->add_option("--task", generator.task, "chain_sum, countdown or gsm_graph")->required();
  generate->add_option("--difficulty", generator.difficulty,
                       "KEY=VALUE,… such as terms=2-4,digits=1 (none: the task's defaults)");
  generate->add_option("--count", generator.count, "lines")->required();
  generate->add_option("--seed", generator.seed, "equal arguments give equal files")
      ->capture_default_str();
  generate->add_option("--offset", generator.offset,
                       "problems of the same sequence to leave out first, for held-out files");
  generate->add_option("--out", options->out, "file, - for stdout")->required();
  generate->callback([run, options] { *run = [options] { return RunGenerate(*options); }; });
}

}  // namespace winnow::cli
