#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "cli/command.h"

// A failed command ends with one line on stderr and the exit code of reliability.md §6.
int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{"Winnow: reinforcement-learning post-training for language models", "winnow"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "winnow 0.1.0");
  winnow::cli::Run run;
  int exit_code = 0;  // of a command that ends without an error
  winnow::cli::DeclareTrain(&app, &run);
  winnow::cli::DeclareSft(&app, &run);
  winnow::cli::DeclareGenerate(&app, &run);
  winnow::cli::DeclareEval(&app, &run);
  winnow::cli::DeclareHistory(&app, &run);
  winnow::cli::DeclareFilter(&app, &run);
  winnow::cli::DeclareVerify(&app, &run, &exit_code);
  winnow::cli::DeclareData(&app, &run);
  winnow::cli::DeclareConfig(&app, &run);
  winnow::cli::DeclareTokenize(&app, &run);
  winnow::cli::DeclareLogprobs(&app, &run);
  winnow::cli::DeclareExport(&app, &run);
  winnow::cli::DeclareBench(&app, &run);
  winnow::cli::DeclareDoctor(&app, &run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (!run) return 2;
  const winnow::Status status = run();
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.message().c_str());
  return status.ok() ? exit_code : winnow::ExitCodeFor(status);
}
