#include "reward/plugin/plugin.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/digest.h"
#include "base/file.h"
#include "base/format.h"
#include "reward/plugin/embedded.h"
#include "reward/plugin/plugin_verifier.h"
#include "reward/plugin/worker_pool.h"

namespace winnow::reward {
namespace {

using plugin::CommandOptions;
using plugin::Launcher;
using plugin::OutputLog;
using plugin::PoolOptions;
using plugin::WorkerPool;

PoolOptions PoolOptionsOf(const PluginSettings& settings) {
  const size_t half = std::max(1u, std::thread::hardware_concurrency() / 2);
  PoolOptions options{.num_workers = settings.num_workers == 0 ? half : settings.num_workers,
                      .timeout_s = settings.timeout_s,
                      .memory_bytes = settings.memory_mb << 20};
  if (settings.lines) options.samples_per_message = 1;
  if (settings.debug) {
    options.num_workers = 1;
    options.timeout_s = INFINITY;
  }
  return options;
}

Result<std::unique_ptr<Verifier>> MakePool(std::unique_ptr<OutputLog> log,
                                           std::unique_ptr<Launcher> launcher, std::string name,
                                           std::string version, const PluginSettings& settings) {
  WINNOW_ASSIGN_OR_RETURN(
      std::unique_ptr<WorkerPool> pool,
      WorkerPool::Create(std::move(log), std::move(launcher), PoolOptionsOf(settings)));
  const plugin::PluginInfo& info = pool->info();
  Traits traits{.name = info.name.empty() ? std::move(name) : info.name,
                .version = info.version.empty() ? std::move(version) : info.version,
                .deterministic = info.deterministic,
                .needs_reference = false,
                .isolation = Isolation::kProcess,
                .range = RewardRange(),
                .whole_group = info.whole_group};
  return std::unique_ptr<Verifier>(std::make_unique<plugin::PluginVerifier>(
      std::move(traits), std::move(pool), settings.debug ? 0 : settings.retries));
}

}  // namespace

Result<std::unique_ptr<Verifier>> MakeFunctionVerifier(const FunctionChoice& choice,
                                                       const PluginSettings& settings) {
  std::string path, text;
  if (!choice.path.empty()) {
    path = std::filesystem::absolute(choice.path).lexically_normal().string();
    Result<std::string> read = ReadFile(path);
    if (!read.ok())
      return NotFound("the function's file cannot be read: " + read.status().message());
    text = *std::move(read);
  }
  const auto kwargs = nlohmann::json::parse(choice.kwargs_json, nullptr, false);
  if (!kwargs.is_object()) {
    return InvalidArgument("reward.reward_kwargs must be a map: " + choice.kwargs_json);
  }
  const nlohmann::json config = {
      {"path", path},     {"names", choice.names},     {"style", choice.style},
      {"kwargs", kwargs}, {"weights", choice.weights}, {"debug", settings.debug}};
  auto log = std::make_unique<OutputLog>(settings.log_path);
  CommandOptions command{
      .command = {settings.python, "-c", std::string(plugin::PythonWorker()), config.dump()},
      .debug = settings.debug};
  auto launcher = std::make_unique<plugin::ZygoteLauncher>(std::move(command), log.get());
  return MakePool(std::move(log), std::move(launcher), "function",
                  ToHex(DigestOf(text)).substr(0, 16), settings);
}

Result<std::unique_ptr<Verifier>> MakeCommandVerifier(const std::vector<std::string>& command,
                                                      const PluginSettings& settings) {
  if (command.empty() || command.front().empty()) {
    return InvalidArgument("reward.command must name a program: []");
  }
  auto log = std::make_unique<OutputLog>(settings.log_path);
  CommandOptions options{
      .command = command,
      .framing = settings.lines ? plugin::Framing::kLines : plugin::Framing::kBinary,
      .debug = settings.debug};
  auto launcher = std::make_unique<plugin::CommandLauncher>(std::move(options), log.get());
  const std::string name = std::filesystem::path(command.front()).filename();
  return MakePool(std::move(log), std::move(launcher), name, "", settings);
}

}  // namespace winnow::reward
