// Checks of the reward options, of the filter (greso.md §5) and of the files that are named.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/format.h"
#include "cli/config/check_rules.h"
#include "cli/config/keys.h"
#include "cli/config/value.h"
#include "cli/config/verifier_parts.h"

namespace winnow::cli {
namespace {

bool Contains(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// `numeric`, `json and code`.
std::string Readers(const std::vector<std::string>& verifiers) {
  std::string text;
  for (size_t i = 0; i < verifiers.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == verifiers.size() ? " and " : ", ") + verifiers[i];
  }
  return text;
}

// p_easy and p_hard lie between p_min and p_max.
void CheckExploration(const Rules& rules) {
  const Config& config = rules.config();
  const double p_min = config.Number("filter.p_min");
  const double p_max = config.Number("filter.p_max");
  if (p_min > p_max) {
    rules.Pair("filter.p_min", "must be at most", "filter.p_max", "must be at least");
    return;
  }
  for (const char* key : {"filter.p_easy", "filter.p_hard"}) {
    const double p = config.Number(key);
    if (p >= p_min && p <= p_max) continue;
    rules.Report(key, Format("{} must lie in [filter.p_min, filter.p_max] = [{}, {}]: {}", key,
                             WriteNumber(p_min), WriteNumber(p_max), config.value(key).shown));
  }
  if (config.Number("filter.floor") == 0) {
    rules.Warn("filter.floor",
               "filter.floor 0: a prompt with a long streak may never be generated again");
  }
}

// A key of another variant.
void CheckVariantKeys(const Rules& rules) {
  const std::string& type = rules.config().String("filter.type");
  const auto only = [&](std::initializer_list<const char*> keys, bool is_read,
                        std::string_view reader) {
    for (const char* key : keys) rules.OnlyFor(Format("filter.{}", key), is_read, reader);
  };
  only({"p_easy", "p_hard", "p_min", "p_max", "step", "floor", "target_zero_variance"},
       type == "greso", "greso");
  only({"shadow_rate"}, type == "greso" || type == "random_skip", "greso and random_skip");
  only({"skip_rate", "skip_rate_from"}, type == "random_skip", "random_skip");
  only({"band_low", "band_high"}, type == "band", "band");
  only({"mopps.lambda", "mopps.target", "mopps.prior_alpha", "mopps.prior_beta",
        "mopps.candidate_factor"},
       type == "mopps", "mopps");
  only({"n_gpus", "dl_batch", "full_sampling_bs"},
       rules.config().String("filter.mode") == "reference", "filter.mode: reference");
}

void CheckReferenceMode(const Rules& rules) {
  const Config& config = rules.config();
  if (config.String("filter.mode") != "reference") return;
  const std::string& type = config.String("filter.type");
  if (type != "greso" && type != "dynamic_sampling" && type != "none") {
    rules.Report("filter.type", Format("filter.type must be one of none, dynamic_sampling, greso "
                                       "with filter.mode reference {}: \"{}\"",
                                       Place(config, "filter.mode"), type));
  }
  if (config.Int("rollout.n") != 8) {
    rules.Pair("rollout.n", "must be 8 with", "filter.mode", "needs 8 samples per prompt of");
  }
}

void CheckSkipRate(const Rules& rules) {
  const Config& config = rules.config();
  if (config.String("filter.type") != "random_skip") return;
  const bool has_rate = !config.IsNull("filter.skip_rate");
  const bool has_file = !config.IsNull("filter.skip_rate_from");
  if (has_rate && has_file) {
    rules.Report("filter.skip_rate_from",
                 Format("filter.skip_rate_from must not be given together with filter.skip_rate "
                        "{}: keep one",
                        Place(config, "filter.skip_rate")));
  } else if (!has_rate && !has_file) {
    rules.Report("filter.skip_rate",
                 "filter.skip_rate or filter.skip_rate_from must be given with random_skip");
  }
}

// What greso.md §5 says of midpoint, tolerance and band, given the range of rewards. A metric other
// than the reward has a range of its own, which nobody knows.
void CheckRange(const Rules& rules) {
  const Config& config = rules.config();
  const double low = config.Number("reward.min");
  const double high = config.Number("reward.max");
  if (low >= high) return;
  const std::string range = Format("[{}, {}]", WriteNumber(low), WriteNumber(high));
  if (config.Number("filter.tolerance") >= high - low) {
    rules.Report("filter.tolerance",
                 Format("filter.tolerance must be below the width of [reward.min, reward.max] = "
                        "{}: {}",
                        range, config.value("filter.tolerance").shown));
  }
  if (config.String("filter.metric") != "reward") return;
  const double midpoint = config.Number("filter.midpoint");
  if (midpoint <= low || midpoint >= high) {
    rules.Report("filter.midpoint",
                 Format("filter.midpoint must lie inside [reward.min, reward.max] = {}: {}", range,
                        config.value("filter.midpoint").shown));
  }
  if (config.String("filter.type") != "band") return;
  for (const char* key : {"filter.band_low", "filter.band_high"}) {
    const double bound = config.Number(key);
    if (bound >= low && bound <= high) continue;
    rules.Report(key, Format("{} must lie in [reward.min, reward.max] = {}: {}", key, range,
                             config.value(key).shown));
  }
}

// The reason why `path` cannot be read, "" if it can.
std::string Unreadable(const std::string& path, bool is_folder) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) return std::strerror(error ? error.value() : ENOENT);
  const bool fits =
      is_folder ? std::filesystem::is_directory(status) : !std::filesystem::is_directory(status);
  if (!fits) return std::strerror(is_folder ? ENOTDIR : EISDIR);
  return ::access(path.c_str(), R_OK) == 0 ? "" : std::strerror(errno);
}

}  // namespace

void CheckOverlong(const Rules& rules) {
  const Config& config = rules.config();
  const char kLen[] = "reward.overlong_buffer.len";
  const std::vector<VerifierPart> parts = PartsOf(config);
  const bool is_on = config.Bool("reward.overlong_buffer.enable") ||
                     std::any_of(parts.begin(), parts.end(),
                                 [](const VerifierPart& part) { return part.kind == "overlong"; });
  rules.OnlyFor(kLen, is_on, "reward.overlong_buffer.enable: true");
  rules.OnlyFor("reward.overlong_buffer.penalty_factor", is_on,
                "reward.overlong_buffer.enable: true");
  rules.OnlyFor("reward.count", is_on, "reward.overlong_buffer.enable: true");
  if (config.Bool("reward.overlong_buffer.enable") && config.IsNull(kLen)) {
    rules.Report(kLen, Format("{} must be given with reward.overlong_buffer.enable {}", kLen,
                              Place(config, "reward.overlong_buffer.enable")));
  }
  const auto length = config.OptionalInt(kLen);
  if (length && *length > config.Int("data.max_response_length")) {
    rules.Pair(kLen, "must be at most", "data.max_response_length", "must be at least");
  }
}

void CheckVerifierOptions(const Rules& rules) {
  // Another source than a built-in verifier reads no such option.
  const Config& config = rules.config();
  std::vector<std::string> kinds = {config.OptionalString("reward.verifier").value_or("")};
  for (const VerifierPart& part : PartsOf(config)) kinds.push_back(part.kind);
  for (const KeyDeclaration& key : KeyRegistry::Get().keys()) {
    if (key.read_by.empty()) continue;
    const bool is_read = std::any_of(kinds.begin(), kinds.end(), [&](const std::string& kind) {
      return Contains(key.read_by, kind);
    });
    rules.OnlyFor(key.name, is_read, Readers(key.read_by));
  }
}

void CheckFilter(const Config& config, Findings* findings) {
  const Rules rules(config, findings);
  CheckExploration(rules);
  CheckVariantKeys(rules);
  CheckReferenceMode(rules);
  CheckSkipRate(rules);
  if (config.Number("filter.band_low") >= config.Number("filter.band_high")) {
    rules.Pair("filter.band_low", "must be below", "filter.band_high", "must be above");
  }
  const int64_t wave = config.Int("filter.gen_batch_max");
  if (config.Int("filter.gen_batch_min") > wave) {
    rules.Report(
        rules.IsGiven("filter.gen_batch_min") ? "filter.gen_batch_min" : "filter.gen_batch_max",
        Format("filter.gen_batch_min must lie in [1, filter.gen_batch_max] = [1, {}]: {}", wave,
               config.Int("filter.gen_batch_min")));
  }
  if (wave < config.Int("data.train_batch_size")) {
    rules.Warn(
        "filter.gen_batch_max",
        Format("filter.gen_batch_max is below data.train_batch_size {}, so every step takes "
               "several waves: {}, {}",
               Place(config, "data.train_batch_size"), wave, config.Int("data.train_batch_size")));
  }
  const bool knows_range = rules.IsGiven("reward.min") && rules.IsGiven("reward.max");
  if (knows_range) CheckRange(rules);
}

std::vector<std::string> CheckRewardRange(const Config& config) {
  Findings findings;
  CheckRange(Rules(config, &findings));
  std::vector<std::string> messages;
  for (Mistake& mistake : findings.mistakes) messages.push_back(std::move(mistake.text));
  return messages;
}

std::string CheckMetric(const Config& config, const std::vector<std::string>& parts) {
  const std::string& metric = config.String("filter.metric");
  if (metric == "reward" || Contains(parts, metric)) return "";
  std::string names = "reward";
  for (const std::string& part : parts) names += ", " + part;
  return MistakeAt(config, "filter.metric",
                   Format("filter.metric must be one of {}, which the verifier emits: \"{}\"",
                          names, metric))
      .text;
}

std::vector<Mistake> CheckFiles(const Config& config, Purpose purpose) {
  std::vector<Mistake> mistakes;
  const auto check = [&](const char* key, const std::string& path, const std::string& shown,
                         bool is_folder) {
    const std::string reason = Unreadable(path, is_folder);
    if (reason.empty()) return;
    mistakes.push_back(
        MistakeAt(config, key, Format("{} cannot be read: {} ({})", key, shown, reason)));
  };
  for (const char* key : {"model.path", "model.ref_path", "model.tokenizer_path",
                          "model.lora_adapter_path", "trainer.resume_from_path"}) {
    const Value& value = config.value(key);
    if (!value.is_null) check(key, value.text, value.shown, /*is_folder=*/true);
  }
  for (const char* key :
       {"model.chat_template", "filter.skip_rate_from", "reward.custom_reward_function.path"}) {
    const Value& value = config.value(key);
    const bool is_path = !value.is_null && value.text.starts_with('/');
    if (is_path) check(key, value.text, value.shown, /*is_folder=*/false);
  }
  const bool trains = purpose == Purpose::kTrain || purpose == Purpose::kSft;
  for (const char* key : {"data.train_files", "data.val_files"}) {
    const Value& value = config.value(key);
    if (value.is_null || (!trains && std::string_view(key) == "data.train_files")) continue;
    for (size_t i = 0; i < value.list.size(); ++i) {
      check(key, value.list[i], value.shown_list[i], /*is_folder=*/false);
    }
  }
  return mistakes;
}

}  // namespace winnow::cli
