#include "cli/verify/source.h"

#include <charconv>
#include <cmath>

#include "base/format.h"
#include "reward/registry.h"

namespace winnow::cli {
namespace {

Result<reward::VerifierOptions> SplitOptions(const std::vector<std::string>& options) {
  reward::VerifierOptions split;
  for (const std::string& option : options) {
    const size_t equals = option.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return InvalidArgument("--option must be KEY=VALUE: " + option);
    }
    split[option.substr(0, equals)] = option.substr(equals + 1);
  }
  return split;
}

// Takes `key` out of `options` as a finite number, if it is there.
Status TakeNumber(reward::VerifierOptions* options, const std::string& key, float* value) {
  const auto found = options->find(key);
  if (found == options->end()) return OkStatus();
  const std::string text = found->second;
  options->erase(found);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  if (error == std::errc() && end == text.data() + text.size() && std::isfinite(*value)) {
    return OkStatus();
  }
  return InvalidArgument(Format("reward.{} must be a number: \"{}\"", key, text));
}

}  // namespace

Result<ChosenVerifier> OpenSource(const VerifySource& source) {
  WINNOW_ASSIGN_OR_RETURN(reward::VerifierOptions options, SplitOptions(source.options));
  reward::RewardRange given{NAN, NAN};
  WINNOW_RETURN_IF_ERROR(TakeNumber(&options, "min", &given.min));
  WINNOW_RETURN_IF_ERROR(TakeNumber(&options, "max", &given.max));
  ChosenVerifier chosen;
  WINNOW_ASSIGN_OR_RETURN(chosen.verifier, reward::MakeVerifier(source.verifier, options));
  const reward::RewardRange& own = chosen.verifier->traits().range;
  chosen.range = {std::isnan(given.min) ? own.min : given.min,
                  std::isnan(given.max) ? own.max : given.max};
  return chosen;
}

}  // namespace winnow::cli
