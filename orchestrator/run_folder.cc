#include "orchestrator/run_folder.h"

#include <filesystem>
#include <nlohmann/json.hpp>

namespace winnow::orchestrator {

Result<RunFolder> RunFolder::Open(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    return InvalidArgument("run.dir must be a folder that can be made: " + path + " (" +
                           error.message() + ")");
  }
  auto lock = FileLock::Acquire(path + "/lock");
  if (!lock.ok()) {
    if (lock.status().code() == StatusCode::kFailedPrecondition) {
      return FailedPrecondition("run.dir is in use by another process: " + path);
    }
    return lock.status().WithPrefix("run.dir cannot be locked");
  }
  return RunFolder(path, std::move(lock).value());
}

std::string SummaryJson(const RunSummary& summary) {
  nlohmann::ordered_json json;
  const auto optional = [](const std::optional<double>& value) {
    return value.has_value() ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
  };
  json["steps"] = summary.steps;
  json["policy_version"] = summary.policy_version;
  json["final_weights_digest"] = ToHex(summary.final_weights_digest);
  json["history_digest"] = ToHex(summary.history_digest);
  json["rollouts"] = summary.rollouts;
  json["prompts_skipped"] = summary.prompts_skipped;
  json["accuracy_before"] = optional(summary.accuracy_before);
  json["accuracy_after"] = optional(summary.accuracy_after);
  json["wall_seconds"] = summary.wall_seconds;
  json["max_logp_mismatch"] = summary.max_logp_mismatch;
  return json.dump(2) + "\n";
}

}  // namespace winnow::orchestrator
