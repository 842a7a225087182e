#include "cli/config/commands.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/format.h"
#include "cli/config/keys.h"
#include "cli/config/not_built.h"

namespace winnow::cli {
namespace {

// Shell-like match of `*`; without one, a search.
bool Matches(std::string_view name, std::string_view pattern) {
  if (pattern.find('*') == std::string_view::npos) {
    return name.find(pattern) != std::string_view::npos;
  }
  size_t at = 0;
  bool is_first = true;
  while (true) {
    const size_t star = pattern.find('*');
    const std::string_view piece = pattern.substr(0, star);
    if (star == std::string_view::npos) {  // The last piece ends the name.
      return name.size() >= at + piece.size() && name.ends_with(piece);
    }
    const size_t found = name.find(piece, at);
    if (found == std::string_view::npos || (is_first && found != 0)) return false;
    at = found + piece.size();
    is_first = false;
    pattern.remove_prefix(star + 1);
  }
}

std::string DefaultText(const KeyDeclaration& key) {
  if (key.required) return "required";
  const std::string off = DefaultUntilBuilt(key.name);
  if (!off.empty()) return Format("default {} until built, then {}", off, key.default_text);
  if (!key.derived.empty()) return "default from " + key.derived;
  return "default " + key.default_text;
}

std::string AliasText(const KeyDeclaration& key) {
  std::string text;
  for (const KeyAlias& alias : key.aliases) {
    text += (text.empty() ? "" : ", ") + alias.name;
    for (size_t i = 0; i < alias.values.size(); ++i) {
      text += (i == 0 ? " (" : ", ") + alias.values[i].first + " = " + alias.values[i].second;
      if (i + 1 == alias.values.size()) text += ")";
    }
  }
  return text;
}

// 5242880 as 5,242,880.
std::string Grouped(int64_t number) {
  const std::string digits = Format("{}", number);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string WaveText(const Config& config) {
  const std::string& type = config.String("filter.type");
  const int64_t samples = config.Int("rollout.n");
  if (type == "none" || type == "mopps") {
    const int64_t groups = config.Int("data.train_batch_size");
    return Format("one wave of {} prompts, {} sequences", Grouped(groups),
                  Grouped(groups * samples));
  }
  const int64_t largest = config.Int("filter.gen_batch_max");
  const std::string sequences = Grouped(largest * samples);
  if (!config.Bool("filter.adaptive_batch")) {
    return Format("waves of {} prompts, {} sequences", Grouped(largest), sequences);
  }
  return Format("waves of {} to {} prompts, up to {} sequences",
                Grouped(config.Int("filter.gen_batch_min")), Grouped(largest), sequences);
}

}  // namespace

std::string JobSummary(const Config& config) {
  const int64_t groups = config.Int("data.train_batch_size");
  const int64_t sequences = groups * config.Int("rollout.n");
  const int64_t mini_batch = config.Int("learner.ppo_mini_batch_size");
  const int64_t updates = config.Int("learner.ppo_epochs") * (groups / mini_batch);
  std::string text = Format(
      "step     {} groups x {} samples = {} sequences, up to {} response tokens; {} update{} of {} "
      "groups\n",
      Grouped(groups), config.Int("rollout.n"), Grouped(sequences),
      Grouped(sequences * config.Int("data.max_response_length")), Grouped(updates),
      updates == 1 ? "" : "s", Grouped(mini_batch));
  text += Format("rollout  {}\n", WaveText(config));
  const auto steps = config.OptionalInt("trainer.total_training_steps");
  const auto epochs = config.OptionalInt("trainer.total_epochs");
  text += steps
              ? Format("run      {} steps, {} updates", Grouped(*steps), Grouped(*steps * updates))
              : Format("run      {} epochs", Grouped(epochs.value_or(0)));
  const int64_t save = config.Int("trainer.save_freq");
  const int64_t test = config.Int("trainer.test_freq");
  text += save > 0 ? Format("; save every {}", save) : "; save at the end";
  text += test > 0 ? Format(", evaluate every {}\n", test) : ", evaluate never\n";
  return text;
}

std::string ShowConfig(const Config& config, const ShowOptions& options) {
  if (!options.origin && !options.changed && !options.json) return config.ToResolvedYaml();
  if (options.json && !options.origin) return config.ToJson(options.changed) + "\n";
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  std::string text;
  for (const KeyDeclaration& key : KeyRegistry::Get().keys()) {
    if (options.changed && !config.IsChanged(key.name)) continue;
    if (options.json) {
      json[key.name] = {{"value", config.Text(key.name)}, {"origin", config.Origin(key.name)}};
      continue;
    }
    const std::string line = Format("{}: {}", key.name, config.Text(key.name));
    text += options.origin ? Format("{}  # {}\n", line, config.Origin(key.name)) : line + "\n";
  }
  if (!options.json) return text;
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string DescribeKeys(std::string_view pattern) {
  std::string text;
  for (const KeyDeclaration& key : KeyRegistry::Get().keys()) {
    if (!Matches(key.name, pattern)) continue;
    text += Format("{}  {}{}, {}\n", key.name, KeyTypeName(key.type), key.nullable ? "?" : "",
                   DefaultText(key));
    text += Format("    {}\n", key.meaning);
    if (const std::string allowed = key.AllowedText(); !allowed.empty()) {
      text += Format("    allowed: {}\n", allowed);
    }
    if (const std::string aliases = AliasText(key); !aliases.empty()) {
      text += Format("    also accepted: {}\n", aliases);
    }
  }
  return text;
}

std::string DiffConfigs(const Config& a, const Config& b) {
  std::string text;
  for (const KeyDeclaration& key : KeyRegistry::Get().keys()) {
    const std::string left = a.Text(key.name);
    const std::string right = b.Text(key.name);
    if (left != right) text += Format("{}: {} -> {}\n", key.name, left, right);
  }
  return text;
}

std::string ConfigFileOf(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return path;
  return (std::filesystem::path(path) / "config.resolved.yaml").string();
}

}  // namespace winnow::cli
