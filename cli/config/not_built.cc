// What the specification has and the program has not yet. Whoever builds a feature deletes its
// rows.
#include "cli/config/not_built.h"

#include <algorithm>
#include <functional>

#include "base/format.h"
#include "cli/config/checks.h"
#include "cli/config/config.h"
#include "cli/config/value.h"

namespace winnow::cli {
namespace {

struct Row {
  const char* key;
  std::function<bool(const Value&)> is_missing;  // Asked of values that are not null.
};

bool Any(const Value&) { return true; }
bool IsTrue(const Value& value) { return value.boolean; }
bool IsPositive(const Value& value) { return value.number > 0 || value.integer > 0; }
bool IsSeveral(const Value& value) { return value.integer > 1; }
bool IsNotEmpty(const Value& value) { return !value.list.empty(); }

std::function<bool(const Value&)> Words(std::vector<std::string> words) {
  return [words = std::move(words)](const Value& value) {
    return std::find(words.begin(), words.end(), value.text) != words.end();
  };
}

bool IsOutsideVerifier(const Value& value) {
  // A path names a plug-in; a bare name a built-in.
  return value.text.find('/') != std::string::npos || value.text.ends_with(".so");
}

bool HasPrometheus(const Value& value) {
  return std::find(value.list.begin(), value.list.end(), "prometheus") != value.list.end();
}

const std::vector<Row>& Rows() {
  static const std::vector<Row> rows = {
      {"run.mode", Words({"async"})},
      {"run.device", Words({"cuda"})},
      {"model.lora_adapter_path", Any},
      {"rollout.speculation.sources", IsNotEmpty},
      {"rollout.speculation.verification", Words({"rejection", "block"})},
      {"rollout.speculation.draft_model", Any},
      {"rollout.parallel.enabled", IsTrue},
      {"rollout.allocate", Words({"dars"})},
      {"reward.verifier", IsOutsideVerifier},
      {"reward.url", Any},
      {"reward.sandbox.unsafe", IsTrue},
      {"learner.clip_exempt_tags", IsTrue},
      {"learner.optim.name", Words({"adamw8bit", "apollo", "galore"})},
      {"algorithm.parallel_bonus.coef", IsPositive},
      {"placement.mode", Words({"local", "cluster"})},
      {"placement.actor_devices", Any},
      {"placement.learner_devices", Any},
      {"placement.nnodes", IsSeveral},
      {"placement.launcher", Words({"slurm", "kubernetes", "env"})},
      {"placement.weight_channel", Words({"broadcast", "pull"})},
      {"metrics.logger", HasPrometheus},
      {"metrics.web_port", Any},
      {"metrics.prometheus_port", Any},
  };
  return rows;
}

}  // namespace

std::string DefaultUntilBuilt(std::string_view key) {
  if (key == "rollout.speculation.sources") return "[]";
  return "";
}

std::vector<Mistake> CheckBuilt(const Config& config) {
  std::vector<Mistake> mistakes;
  for (const Row& row : Rows()) {
    const Value& value = config.value(row.key);
    if (value.is_null || !row.is_missing(value)) continue;
    mistakes.push_back(MistakeAt(config, row.key,
                                 Format("{}: {} is not built yet", row.key, config.Text(row.key))));
  }
  return mistakes;
}

}  // namespace winnow::cli
