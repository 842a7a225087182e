#include "cli/verify/source.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/format.h"
#include "reward/plugin/plugin.h"
#include "reward/registry.h"

namespace winnow::cli {
namespace {

constexpr std::string_view kKwargs = "reward_kwargs.";

// KEY=VALUE options, taken out one by one by who reads them.
class OptionSet {
 public:
  static Result<OptionSet> Split(const std::vector<std::string>& options) {
    OptionSet set;
    for (const std::string& option : options) {
      const size_t equals = option.find('=');
      if (equals == 0 || equals == std::string::npos) {
        return InvalidArgument("--option must be KEY=VALUE: " + option);
      }
      set.options_[option.substr(0, equals)] = option.substr(equals + 1);
    }
    return set;
  }

  std::optional<std::string> Take(const std::string& key) {
    const auto found = options_.find(key);
    if (found == options_.end()) return std::nullopt;
    std::string value = std::move(found->second);
    options_.erase(found);
    return value;
  }

  // Leaves `*value` alone if the key is not there.
  Status TakeNumber(const std::string& key, double min, double* value) {
    const std::optional<std::string> text = Take(key);
    if (!text) return OkStatus();
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), *value);
    if (error != std::errc() || end != text->data() + text->size() || !std::isfinite(*value)) {
      return InvalidArgument(Format("reward.{} must be a number: \"{}\"", key, *text));
    }
    if (*value >= min) return OkStatus();
    return InvalidArgument(Format("reward.{} must be at least {}: {}", key, min, *text));
  }
  template <typename Integer>
  Status TakeCount(const std::string& key, double min, Integer* value) {
    double number = static_cast<double>(*value);
    WINNOW_RETURN_IF_ERROR(TakeNumber(key, min, &number));
    if (number != std::floor(number) || number > 1e9) {
      return InvalidArgument(Format("reward.{} must be an integer: {}", key, number));
    }
    *value = static_cast<Integer>(number);
    return OkStatus();
  }

  // The arguments of a function as one JSON object: values that are JSON as such, others as text.
  std::string TakeKwargs() {
    nlohmann::ordered_json kwargs = nlohmann::ordered_json::object();
    for (auto it = options_.begin(); it != options_.end();) {
      if (!it->first.starts_with(kKwargs)) {
        ++it;
        continue;
      }
      auto value = nlohmann::ordered_json::parse(it->second, nullptr, /*allow_exceptions=*/false);
      kwargs[it->first.substr(kKwargs.size())] =
          value.is_discarded() ? nlohmann::ordered_json(it->second) : std::move(value);
      it = options_.erase(it);
    }
    return kwargs.dump();
  }

  const reward::VerifierOptions& rest() const { return options_; }
  // An option that nobody has read is a mistake.
  Status RefuseRest(std::string_view owner) const {
    if (options_.empty()) return OkStatus();
    return InvalidArgument(
        Format("reward.{} is not an option of a {}", options_.begin()->first, owner));
  }

 private:
  reward::VerifierOptions options_;
};

Result<reward::PluginSettings> TakeSettings(bool debug, OptionSet* options) {
  reward::PluginSettings settings{.debug = debug};
  WINNOW_RETURN_IF_ERROR(options->TakeNumber("timeout_s", 1e-3, &settings.timeout_s));
  WINNOW_RETURN_IF_ERROR(options->TakeCount("retries", 0, &settings.retries));
  WINNOW_RETURN_IF_ERROR(options->TakeCount("num_workers", 0, &settings.num_workers));
  WINNOW_RETURN_IF_ERROR(options->TakeCount("memory_mb", 1, &settings.memory_mb));
  settings.python = options->Take("python").value_or(settings.python);
  const std::string frames = options->Take("frames").value_or("binary");
  if (frames != "binary" && frames != "lines") {
    return InvalidArgument(Format("reward.frames must be binary or lines: \"{}\"", frames));
  }
  settings.lines = frames == "lines";
  return settings;
}

// "a.py:f" or "a.py:f,g"; without a name the style must be reasoning_gym, whose package has them.
Result<reward::FunctionChoice> ParseFunction(const VerifySource& source, OptionSet* options) {
  reward::FunctionChoice choice;
  if (!source.style.empty()) choice.style = source.style;
  const size_t colon = source.function.rfind(':');
  const bool has_name =
      colon != std::string::npos && colon > 0 && colon + 1 < source.function.size();
  if (has_name) {
    choice.path = source.function.substr(0, colon);
    std::string_view names = std::string_view(source.function).substr(colon + 1);
    while (!names.empty()) {
      const size_t comma = std::min(names.find(','), names.size());
      choice.names.emplace_back(names.substr(0, comma));
      names.remove_prefix(std::min(comma + 1, names.size()));
    }
  } else if (!source.function.empty() || choice.style != "reasoning_gym") {
    return InvalidArgument("--function must be FILE.py:NAME: " + source.function);
  }
  choice.kwargs_json = options->TakeKwargs();
  if (const auto weights = options->Take("reward_weights")) {
    const auto list = nlohmann::json::parse(*weights, nullptr, /*allow_exceptions=*/false);
    for (const auto& weight : list) {
      if (!list.is_array() || !weight.is_number()) {
        return InvalidArgument("reward.reward_weights must be a list of numbers: " + *weights);
      }
      choice.weights.push_back(weight.get<double>());
    }
  }
  return choice;
}

Result<std::unique_ptr<reward::Verifier>> OpenVerifier(const VerifySource& source,
                                                       OptionSet* options) {
  const bool is_other = !source.verifier.empty() || !source.command.empty();
  // The package reasoning_gym has functions of its own.
  const bool is_function =
      !source.function.empty() || (source.style == "reasoning_gym" && !is_other);
  if (!is_function && !is_other) {
    return InvalidArgument("one of --verifier, --function and --command must be given");
  }
  if (!is_function && !source.style.empty()) {
    return InvalidArgument("--style needs --function: " + source.style);
  }
  if (!source.verifier.empty()) {
    return reward::MakeVerifier(source.verifier, options->rest());
  }
  WINNOW_ASSIGN_OR_RETURN(const reward::PluginSettings settings,
                          TakeSettings(source.debug, options));
  if (is_function) {
    WINNOW_ASSIGN_OR_RETURN(const reward::FunctionChoice choice, ParseFunction(source, options));
    WINNOW_RETURN_IF_ERROR(options->RefuseRest("function; its own are reward_kwargs.NAME"));
    return reward::MakeFunctionVerifier(choice, settings);
  }
  WINNOW_RETURN_IF_ERROR(options->RefuseRest("command"));
  std::vector<std::string> words;
  std::string_view rest = source.command;
  while (!rest.empty()) {
    const size_t space = std::min(rest.find(' '), rest.size());
    if (space > 0) words.emplace_back(rest.substr(0, space));
    rest.remove_prefix(std::min(space + 1, rest.size()));
  }
  return reward::MakeCommandVerifier(words, settings);
}

}  // namespace

Result<ChosenVerifier> OpenSource(const VerifySource& source) {
  WINNOW_ASSIGN_OR_RETURN(OptionSet options, OptionSet::Split(source.options));
  double min = NAN, max = NAN;
  WINNOW_RETURN_IF_ERROR(options.TakeNumber("min", -1e30, &min));
  WINNOW_RETURN_IF_ERROR(options.TakeNumber("max", -1e30, &max));
  ChosenVerifier chosen;
  WINNOW_ASSIGN_OR_RETURN(chosen.verifier, OpenVerifier(source, &options));
  const reward::RewardRange& own = chosen.verifier->traits().range;
  chosen.range = {std::isnan(min) ? own.min : static_cast<float>(min),
                  std::isnan(max) ? own.max : static_cast<float>(max)};
  return chosen;
}

}  // namespace winnow::cli
