#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "reward/plugin/output_log.h"
#include "reward/plugin/worker_process.h"

namespace winnow::reward::plugin {

// What a plug-in says of itself when it is ready.
struct PluginInfo {
  std::string name;
  std::string version;
  std::string style;               // of a Python function
  bool whole_group = false;        // wants all samples of a group in one call
  bool deterministic = true;       // the verdict depends on the sample alone
  std::vector<std::string> notes;  // for people, said once
};

// A program to run under the reaper.
struct CommandOptions {
  std::vector<std::string> command;  // the first by PATH
  std::string folder;                // to run in; "" = this one
  Framing framing = Framing::kBinary;
  bool debug = false;  // terminal attached, no process group of its own
};

// Runs `command` with one end of a socket pair as its descriptor 3 (with kLines as stdin and stdout
// too), its output going to `log` and an environment of the allow-list. Errors: kUnavailable.
Result<std::unique_ptr<WorkerProcess>> StartCommand(const CommandOptions& options, OutputLog* log);

// Starts workers of one plug-in. Threads: any.
class Launcher {
 public:
  virtual ~Launcher() = default;
  // A worker that has said it is ready, and what it says of itself.
  // Errors: kInvalidArgument for a mistake that no retry mends, else kUnavailable.
  virtual Result<std::unique_ptr<WorkerProcess>> Launch(PluginInfo* info) = 0;
};

// Seconds in which a worker must say that it is ready.
inline constexpr double kStartSeconds = 60;

// A process of its own for each worker.
class CommandLauncher final : public Launcher {
 public:
  CommandLauncher(CommandOptions options, OutputLog* log)
      : options_(std::move(options)), log_(log) {}
  Result<std::unique_ptr<WorkerProcess>> Launch(PluginInfo* info) override;

 private:
  const CommandOptions options_;
  OutputLog* const log_;
};

// One Python process that has imported the user's file; each worker is a fork of it.
class ZygoteLauncher final : public Launcher {
 public:
  ZygoteLauncher(CommandOptions options, OutputLog* log)
      : options_(std::move(options)), log_(log) {}
  Result<std::unique_ptr<WorkerProcess>> Launch(PluginInfo* info) override;

 private:
  Status StartZygote();

  const CommandOptions options_;
  OutputLog* const log_;
  std::mutex mutex_;  // Guards all below.
  std::unique_ptr<WorkerProcess> zygote_;
  PluginInfo info_;
};

}  // namespace winnow::reward::plugin
