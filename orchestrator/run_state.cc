#include "orchestrator/run_state.h"

#include <nlohmann/json.hpp>

namespace winnow::orchestrator {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "winnow-run-state/1";

Json Optional(const std::optional<double>& value) {
  return value.has_value() ? Json(*value) : Json(nullptr);
}

std::optional<double> ReadOptional(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional<double>(json.get<double>());
}

}  // namespace

std::string EncodeRunState(const RunState& state) {
  Json json;
  json["format"] = kFormat;
  json["step"] = state.step;
  json["version"] = state.version.value();
  json["updates_step"] = state.updates_step;
  json["rollouts"] = state.rollouts;
  json["response_tokens"] = state.response_tokens;
  json["prompts_skipped"] = state.prompts_skipped;
  json["wall_seconds"] = state.wall_seconds;
  json["max_logp_mismatch"] = state.max_logp_mismatch;
  json["accuracy_before"] = Optional(state.accuracy_before);
  json["accuracy_last"] = Optional(state.accuracy_last);
  json["accuracy_last_version"] = state.accuracy_last_version;
  json["planner"] = state.planner;
  json["learner"] = state.learner;
  json["data_digest"] = state.data_digest;
  json["tokenizer_digest"] = state.tokenizer_digest;
  json["arithmetic"] = state.arithmetic;
  json["hist_records"] = state.hist_records;
  return json.dump(1);
}

Result<RunState> DecodeRunState(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.value("format", "") != kFormat) {
    return DataLoss(std::string("state.json must have format ") + kFormat);
  }
  try {
    RunState state;
    state.step = json.at("step").get<uint64_t>();
    state.version = PolicyVersion(json.at("version").get<uint64_t>());
    state.updates_step = json.at("updates_step").get<uint64_t>();
    state.rollouts = json.at("rollouts").get<uint64_t>();
    state.response_tokens = json.at("response_tokens").get<uint64_t>();
    state.prompts_skipped = json.at("prompts_skipped").get<uint64_t>();
    state.wall_seconds = json.at("wall_seconds").get<double>();
    state.max_logp_mismatch = json.at("max_logp_mismatch").get<double>();
    state.accuracy_before = ReadOptional(json.at("accuracy_before"));
    state.accuracy_last = ReadOptional(json.at("accuracy_last"));
    state.accuracy_last_version = json.at("accuracy_last_version").get<uint64_t>();
    state.planner = json.at("planner").get<std::string>();
    state.learner = json.at("learner").get<std::string>();
    state.data_digest = json.at("data_digest").get<std::string>();
    state.tokenizer_digest = json.at("tokenizer_digest").get<std::string>();
    state.arithmetic = json.at("arithmetic").get<std::string>();
    state.hist_records = json.at("hist_records").get<uint64_t>();
    return state;
  } catch (const nlohmann::json::exception& error) {
    return DataLoss(std::string("state.json is damaged: ") + error.what());
  }
}

}  // namespace winnow::orchestrator
