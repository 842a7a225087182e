// What the job file says to its verifier, in the form in which reward/ reads it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/format.h"
#include "cli/config/config.h"
#include "cli/config/json_value.h"
#include "cli/config/keys.h"
#include "cli/config/verifier_parts.h"

namespace winnow::cli {
namespace {

using Options = std::map<std::string, std::string>;

std::string AsText(const nlohmann::ordered_json& json) {
  if (json.is_string()) return json.get<std::string>();
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

// The options that verifiers of kind `kind` read, defaults included.
void AddOwnOptions(const Config& config, const std::string& kind, const std::string& prefix,
                   Options* options) {
  for (const KeyDeclaration& key : KeyRegistry::Get().keys()) {
    const auto& readers = key.read_by;
    if (std::find(readers.begin(), readers.end(), kind) == readers.end()) continue;
    if (key.name == "reward.parts" || config.IsNull(key.name)) continue;
    // A default that follows from the verifier is left to it: parts of compose differ in theirs.
    if (!key.derived.empty() && !config.IsChanged(key.name)) continue;
    (*options)[prefix + key.short_name()] = AsText(ValueToJson(key, config.value(key.name)));
  }
  // Worker processes have this limit too, so it is no key of one verifier.
  if (kind == "code" && config.IsChanged("reward.memory_mb")) {
    (*options)[prefix + "memory_mb"] = config.Text("reward.memory_mb");
  }
  if (kind != "overlong") return;
  (*options)[prefix + "max_response_length"] = Format("{}", config.Int("data.max_response_length"));
  (*options)[prefix + "count"] = config.String("reward.count");
  for (const char* leaf : {"overlong_buffer.len", "overlong_buffer.penalty_factor"}) {
    const std::string name = Format("reward.{}", leaf);
    if (!config.IsNull(name)) (*options)[prefix + leaf] = config.Text(name);
  }
}

}  // namespace

std::vector<VerifierPart> PartsOf(const Config& config) {
  std::vector<VerifierPart> parts;
  if (config.IsNull("reward.verifier")) return parts;
  const std::string& verifier = config.String("reward.verifier");
  if (verifier != "compose") return {{verifier, verifier}};
  const YamlNode& own = config.value("reward.parts").map;
  const auto add = [&](const std::string& name) {
    for (const VerifierPart& part : parts) {
      if (part.name == name) return;
    }
    std::string kind = name;
    const auto found = std::find(own.keys.begin(), own.keys.end(), name);
    if (found != own.keys.end()) {
      const YamlNode& options = own.items[found - own.keys.begin()];
      for (size_t i = 0; i < options.keys.size(); ++i) {
        if (options.keys[i] == "verifier") kind = options.items[i].text;
      }
    }
    parts.push_back({name, kind});
  };
  for (const std::string& name : config.value("reward.weights").map.keys) add(name);
  for (const std::string& name : config.List("reward.gate")) add(name);
  for (const YamlNode& name : config.value("reward.routes").map.items) add(name.text);
  if (!config.IsNull("reward.default")) add(config.String("reward.default"));
  return parts;
}

std::map<std::string, std::string> Config::VerifierOptions() const {
  Options options;
  for (const char* key : {"reward.extract", "reward.no_answer", "reward.thinking"}) {
    if (!IsChanged(key)) continue;
    const KeyDeclaration& declaration = KeyRegistry::Get().key(*KeyRegistry::Get().Find(key));
    options[declaration.short_name()] = AsText(ValueToJson(declaration, value(key)));
  }
  const std::string verifier = OptionalString("reward.verifier").value_or("");
  AddOwnOptions(*this, verifier, "", &options);
  if (verifier != "compose") return options;
  for (const VerifierPart& part : PartsOf(*this)) {
    AddOwnOptions(*this, part.kind, part.name + ".", &options);
  }
  const YamlNode& own = value("reward.parts").map;
  for (size_t i = 0; i < own.items.size(); ++i) {
    for (size_t k = 0; k < own.items[i].items.size(); ++k) {
      options[own.keys[i] + "." + own.items[i].keys[k]] = AsText(NodeToJson(own.items[i].items[k]));
    }
  }
  return options;
}

}  // namespace winnow::cli
