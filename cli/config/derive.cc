// Fills in defaults, and computes those that depend on other keys.
#include <algorithm>
#include <filesystem>
#include <functional>

#include "base/check.h"
#include "base/format.h"
#include "base/thread_pool.h"
#include "cli/config/config_state.h"
#include "cli/config/keys.h"
#include "cli/config/not_built.h"

namespace winnow::cli {
namespace {

constexpr double kDefaultRewardBound = 10.0;

// Looks values up while they are being resolved.
class Lookup {
 public:
  explicit Lookup(const ConfigState& state) : state_(state) {}
  const Value& operator()(std::string_view name) const {
    const auto key = KeyRegistry::Get().Find(name);
    WINNOW_CHECK(key.has_value());
    return state_.entries[*key].value;
  }
  int64_t Int(std::string_view name) const { return (*this)(name).integer; }
  bool Is(std::string_view name, std::string_view word) const {
    const Value& value = (*this)(name);
    return !value.is_null && value.text == word;
  }
  const ConfigState& state() const { return state_; }

 private:
  const ConfigState& state_;
};

Value Capped(int64_t value) { return IntValue(std::min<int64_t>(value, (int64_t{1} << 31) - 1)); }

// The file's stem in the letters that run.name allows.
std::string NameFromFile(const std::string& file) {
  std::string name = std::filesystem::path(file).stem().string();
  if (name.ends_with(".resolved")) name.erase(name.size() - 9);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!is_word && c != '.' && c != '_' && c != '-') c = '-';
  }
  const size_t first = name.find_first_not_of("._-");
  name = first == std::string::npos ? "job" : name.substr(first);
  return name.substr(0, 64);
}

Value PathValue(const ConfigState& state, const std::string& path) {
  Value value =
      TextValue((std::filesystem::path(state.working_folder) / path).lexically_normal().string());
  value.shown = path;
  return value;
}

struct Derivation {
  const char* key;
  std::function<Value(const Lookup& at)> compute;
};

// In an order in which each needs only plain keys and those above it.
const std::vector<Derivation>& Derivations() {
  static const std::vector<Derivation> derivations = {
      {"run.name", [](const Lookup& at) { return TextValue(NameFromFile(at.state().file)); }},
      {"run.dir",
       [](const Lookup& at) { return PathValue(at.state(), "runs/" + at("run.name").text); }},
      {"rollout.parallel.max_total_tokens",
       [](const Lookup& at) { return Capped(4 * at.Int("data.max_response_length")); }},
      {"rollout.dars.n_max", [](const Lookup& at) { return Capped(4 * at.Int("rollout.n")); }},
      {"filter.gen_batch_max",
       [](const Lookup& at) {  // ceil(1.5 T)
         return Capped((3 * at.Int("data.train_batch_size") + 1) / 2);
       }},
      {"filter.gen_batch_min",
       [](const Lookup& at) {
         return IntValue(std::min<int64_t>(64, at.Int("filter.gen_batch_max")));
       }},
      {"reward.min", [](const Lookup&) { return NumberValue(-kDefaultRewardBound); }},
      {"reward.max", [](const Lookup&) { return NumberValue(kDefaultRewardBound); }},
      {"filter.midpoint",
       [](const Lookup& at) {
         return NumberValue((at("reward.min").number + at("reward.max").number) / 2);
       }},
      {"reward.rel",
       [](const Lookup& at) {
         return NumberValue(at.Is("reward.verifier", "numeric") ? 1e-6 : 0.0);
       }},
      {"reward.memory_mb",
       [](const Lookup& at) { return IntValue(at.Is("reward.verifier", "code") ? 512 : 2048); }},
      {"reward.num_workers",
       [](const Lookup&) { return IntValue(std::max(1, AvailableCores() / 2)); }},
      {"learner.ppo_mini_batch_size",
       [](const Lookup& at) { return IntValue(at.Int("data.train_batch_size")); }},
      {"learner.sft.max_length",
       [](const Lookup& at) {
         return Capped(at.Int("data.max_prompt_length") + at.Int("data.max_response_length"));
       }},
      {"algorithm.rollout_correction.rollout_is",
       [](const Lookup& at) {
         return at.Is("run.mode", "async") ? TextValue("token") : NullValue();
       }},
      {"algorithm.rollout_correction.rollout_is_threshold",
       [](const Lookup& at) {
         return at.Is("run.mode", "async") ? TextValue("2.0") : NullValue();
       }},
      {"trainer.max_off_policy_threshold",
       [](const Lookup& at) { return IntValue(at.Is("run.mode", "async") ? 1 : 0); }},
  };
  return derivations;
}

Value PlainDefault(const KeyDeclaration& key) {
  const std::string off = DefaultUntilBuilt(key.name);
  const std::string& text = off.empty() ? key.default_text : off;
  if (text.empty()) return NullValue();  // Required, or derived below.
  YamlNode node;
  std::vector<YamlMistake> mistakes;
  WINNOW_CHECK(ParseYaml(text, &node, &mistakes));
  Value value;
  std::string notice;
  WINNOW_CHECK_EQ(ReadValue(key, node, "/", &value, &notice), "");
  return value;
}

const std::vector<Value>& PlainDefaults() {
  static const std::vector<Value> defaults = [] {
    std::vector<Value> values;
    for (const KeyDeclaration& key : KeyRegistry::Get().keys()) {
      values.push_back(PlainDefault(key));
    }
    return values;
  }();
  return defaults;
}

}  // namespace

void Resolve(ConfigState* state) {
  const KeyRegistry& registry = KeyRegistry::Get();
  const size_t count = registry.keys().size();
  state->defaults = PlainDefaults();
  state->entries.assign(count, {});
  for (size_t i = 0; i < count; ++i) {
    if (const auto derived = state->by_caller.find(i); derived != state->by_caller.end()) {
      state->entries[i] = derived->second;
    } else if (const auto given = state->given.find(i); given != state->given.end()) {
      state->entries[i] = given->second;
    } else {
      state->entries[i].value = state->defaults[i];
    }
  }
  for (const Derivation& derivation : Derivations()) {
    const auto key = registry.Find(derivation.key);
    WINNOW_CHECK(key.has_value());
    const Value value = derivation.compute(Lookup(*state));
    state->defaults[*key] = value;
    if (state->by_caller.contains(*key) || state->given.contains(*key)) continue;
    state->entries[*key].value = value;
    state->entries[*key].origin = {.kind = ValueOrigin::Kind::kDerived,
                                   .name = registry.key(*key).derived};
  }
}

}  // namespace winnow::cli
