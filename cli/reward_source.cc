#include "cli/reward_source.h"

#include <string>
#include <vector>

#include "base/format.h"
#include "reward/plugin/plugin.h"
#include "reward/registry.h"

namespace winnow::cli {
namespace {

constexpr char kFunction[] = "reward.custom_reward_function";

reward::PluginSettings SettingsOf(const Config& config) {
  return {.timeout_s = config.Number("reward.timeout_s"),
          .retries = static_cast<uint32_t>(config.Int("reward.retries")),
          .num_workers = static_cast<size_t>(config.Int("reward.num_workers")),
          .memory_mb = static_cast<uint64_t>(config.Int("reward.memory_mb")),
          .python = config.String("reward.python"),
          .lines = config.String("reward.frames") == "lines",
          .log_path = config.String("run.dir") + "/verifier.log"};
}

// "f" or "f,g".
std::vector<std::string> SplitNames(std::string_view names) {
  std::vector<std::string> split;
  while (!names.empty()) {
    const size_t comma = std::min(names.find(','), names.size());
    split.emplace_back(names.substr(0, comma));
    names.remove_prefix(std::min(comma + 1, names.size()));
  }
  return split;
}

Result<std::unique_ptr<reward::Verifier>> MakeFunction(const Config& config) {
  reward::FunctionChoice choice{.path = config.String(Format("{}.path", kFunction)),
                                .names = SplitNames(config.String(Format("{}.name", kFunction))),
                                .style = config.String(Format("{}.style", kFunction)),
                                .kwargs_json = config.MapJson("reward.reward_kwargs")};
  if (!config.IsNull("reward.reward_weights")) {
    choice.weights = config.Numbers("reward.reward_weights");
  }
  return reward::MakeFunctionVerifier(choice, SettingsOf(config));
}

Result<std::unique_ptr<reward::Verifier>> MakeBuiltin(const Config& config) {
  reward::VerifierChoice choice{config.String("reward.verifier"), config.VerifierOptions()};
  if (config.Bool("reward.overlong_buffer.enable")) {
    choice = reward::WithOverlong(
        choice, static_cast<uint32_t>(config.Int("data.max_response_length")),
        static_cast<uint32_t>(config.OptionalInt("reward.overlong_buffer.len").value_or(0)),
        config.Number("reward.overlong_buffer.penalty_factor"));
  }
  return reward::MakeVerifier(choice.name, choice.options);
}

}  // namespace

Result<std::unique_ptr<reward::Verifier>> MakeJobVerifier(const Config& config) {
  std::string key = "reward.verifier";
  if (!config.IsNull(Format("{}.path", kFunction))) key = Format("{}.path", kFunction);
  if (!config.IsNull("reward.command")) key = "reward.command";
  const bool is_plugin = key != "reward.verifier";
  if (is_plugin && config.Bool("reward.overlong_buffer.enable")) {
    return Unimplemented(Format("{}: reward.overlong_buffer.enable with {} is not built yet",
                                config.Origin("reward.overlong_buffer.enable"), key));
  }
  Result<std::unique_ptr<reward::Verifier>> verifier =
      !is_plugin                ? MakeBuiltin(config)
      : key == "reward.command" ? reward::MakeCommandVerifier(config.List(key), SettingsOf(config))
                                : MakeFunction(config);
  if (!verifier.ok()) return verifier.status().WithPrefix(config.Origin(key));
  return verifier;
}

}  // namespace winnow::cli
