#include "reward/registry.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/format.h"
#include "reward/builtin/entry.h"
#include "reward/nearest_name.h"

namespace winnow::reward {
namespace {

// Sorted by name.
const std::vector<VerifierEntry>& Entries() {
  static const std::vector<VerifierEntry> entries = {
      AssignmentEntry(), CodeEntry(),     ComposeEntry(), CountdownEntry(),      ExactEntry(),
      FormatEntry(),     JsonEntry(),     MathEntry(),    MultipleChoiceEntry(), NumberListEntry(),
      NumericEntry(),    OverlongEntry(), RegexEntry(),
  };
  return entries;
}

const VerifierEntry* Find(const std::string& name) {
  for (const VerifierEntry& entry : Entries()) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace

std::vector<std::string> VerifierNames() {
  std::vector<std::string> names;
  for (const VerifierEntry& entry : Entries()) names.push_back(entry.name);
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::unique_ptr<Verifier>> MakeVerifier(const std::string& name,
                                               const VerifierOptions& options) {
  const VerifierEntry* entry = Find(name);
  if (entry == nullptr) {
    const std::vector<std::string> names = VerifierNames();
    std::string list;
    for (const std::string& known : names) list += (list.empty() ? "" : ", ") + known;
    return InvalidArgument(
        Format("reward.verifier must be one of {}: \"{}\"{}", list, name, DidYouMean(name, names)));
  }
  OptionReader reader(entry->name, options, entry->options);
  WINNOW_RETURN_IF_ERROR(reader.Finish());
  Result<std::unique_ptr<Verifier>> verifier = entry->make(reader);
  WINNOW_RETURN_IF_ERROR(reader.Finish());
  return verifier;
}

VerifierChoice WithOverlong(const VerifierChoice& choice, uint32_t max_response_length,
                            uint32_t buffer_length, double penalty_factor) {
  VerifierChoice joined{"compose", {}};
  const std::string quoted = nlohmann::json(choice.name).dump();
  if (choice.name == "compose") {
    joined.options = choice.options;
    const auto weights = choice.options.find("weights");
    nlohmann::ordered_json map = nlohmann::ordered_json::object();
    if (weights != choice.options.end()) {
      map = nlohmann::ordered_json::parse(weights->second, nullptr, /*allow_exceptions=*/false);
    }
    if (map.is_object()) {
      map["overlong"] = 1;
      joined.options["weights"] = map.dump();
    } else {
      joined.options["weights"] = weights->second + ", overlong: 1";
    }
  } else {
    for (const auto& [key, value] : choice.options) joined.options[choice.name + "." + key] = value;
    joined.options["weights"] = "{" + quoted + ":1,\"overlong\":1}";
  }
  joined.options["overlong.max_response_length"] = Format("{}", max_response_length);
  joined.options["overlong.overlong_buffer.len"] = Format("{}", buffer_length);
  joined.options["overlong.overlong_buffer.penalty_factor"] = Format("{}", penalty_factor);
  return joined;
}

std::vector<OptionInfo> OptionsOf(const std::string& verifier) {
  std::vector<OptionInfo> options;
  const VerifierEntry* entry = Find(verifier);
  if (entry == nullptr) return options;
  for (const OptionSpec& spec : entry->options) {
    options.push_back({spec.name, spec.default_text, spec.help});
  }
  return options;
}

std::string SummaryOf(const std::string& verifier) {
  const VerifierEntry* entry = Find(verifier);
  return entry == nullptr ? "" : entry->summary;
}

}  // namespace winnow::reward
