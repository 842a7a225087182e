#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/status.h"

namespace CLI {
class App;
}

namespace winnow::cli {

// What a parsed command line is to run; set by the sub-command's callback.
using Run = std::function<Status()>;

// Each declares one sub-command of `winnow` on `app` and sets `run` when it is chosen. The options
// live in the closure. One file a command: cli/train.cc holds DeclareTrain.
void DeclareTrain(CLI::App* app, Run* run);
void DeclareSft(CLI::App* app, Run* run);
void DeclareGenerate(CLI::App* app, Run* run);
void DeclareEval(CLI::App* app, Run* run);
void DeclareHistory(CLI::App* app, Run* run);
void DeclareFilter(CLI::App* app, Run* run);
// A verdict that is not as expected sets `*exit_code` to 1; it is no error of the command.
void DeclareVerify(CLI::App* app, Run* run, int* exit_code);
void DeclareData(CLI::App* app, Run* run);
void DeclareConfig(CLI::App* app, Run* run);
void DeclareTokenize(CLI::App* app, Run* run);
void DeclareLogprobs(CLI::App* app, Run* run);
void DeclareExport(CLI::App* app, Run* run);
void DeclareBench(CLI::App* app, Run* run);
void DeclareDoctor(CLI::App* app, Run* run);

}  // namespace winnow::cli
