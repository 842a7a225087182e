#include "orchestrator/filter/trace.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/digest.h"
#include "base/format.h"

namespace winnow::orchestrator {
namespace {

using nlohmann::json;

constexpr std::string_view kSchema = "greso-trace/1";
constexpr uint64_t kMaxCount = 1u << 24;  // floats count exactly up to here

Status ReadCount(const std::string& key, const json& value, uint32_t* out) {
  if (!value.is_number_unsigned() || value < 1u || value > kMaxCount) {
    return InvalidArgument(
        Format("trace: config.{} must be an integer in [1, {}]: {}", key, kMaxCount, value.dump()));
  }
  *out = value.get<uint32_t>();
  return OkStatus();
}

Status ReadShare(const std::string& key, const json& value, double* out) {
  if (!value.is_number() || value < 0.0 || value > 1.0) {
    return InvalidArgument(Format("trace: config.{} must lie in [0, 1]: {}", key, value.dump()));
  }
  *out = value.get<double>();
  return OkStatus();
}

Status ReadStrategy(const json& value, ReferenceStrategy* out) {
  if (value == "all_probabilistic") {
    *out = ReferenceStrategy::kAllProbabilistic;
  } else if (value == "keep_all") {
    *out = ReferenceStrategy::kKeepAll;
  } else if (value == "none") {
    *out = ReferenceStrategy::kNone;
  } else {
    return InvalidArgument(
        Format("trace: config.strategy must be one of all_probabilistic, keep_all, none: {}",
               value.dump()));
  }
  return OkStatus();
}

Status ReadRefill(const json& value, ReferenceRefill* out) {
  if (value == "dynamic_sampling") {
    *out = ReferenceRefill::kDynamicSampling;
  } else if (value == "none" || value.is_null()) {
    *out = ReferenceRefill::kNone;
  } else {
    return InvalidArgument(
        Format("trace: config.ttis must be one of dynamic_sampling, none: {}", value.dump()));
  }
  return OkStatus();
}

Status ReadConfigKey(const std::string& key, const json& value, TraceConfig* config) {
  if (key == "n") return ReadCount(key, value, &config->n);
  if (key == "dl_batch") return ReadCount(key, value, &config->dl_batch);
  if (key == "sampling_batch_size") return ReadCount(key, value, &config->sampling_batch_size);
  if (key == "real_train_batch_size") {
    return ReadCount(key, value, &config->real_train_batch_size);
  }
  if (key == "n_gpus") return ReadCount(key, value, &config->n_gpus);
  if (key == "p_easy") return ReadShare(key, value, &config->p_easy);
  if (key == "p_hard") return ReadShare(key, value, &config->p_hard);
  if (key == "target_zero_variance") return ReadShare(key, value, &config->target_zero_variance);
  if (key == "min_p") return ReadShare(key, value, &config->min_p);
  if (key == "max_p") return ReadShare(key, value, &config->max_p);
  if (key == "strategy") return ReadStrategy(value, &config->strategy);
  if (key == "ttis") return ReadRefill(value, &config->ttis);
  if (key == "max_steps") {
    uint32_t steps = 0;
    WINNOW_RETURN_IF_ERROR(ReadCount(key, value, &steps));
    config->max_steps = steps;
    return OkStatus();
  }
  if (key == "full_sampling_bs") {
    if (!value.is_boolean()) {
      return InvalidArgument(
          Format("trace: config.full_sampling_bs must be true or false: {}", value.dump()));
    }
    config->full_sampling_bs = value.get<bool>();
    return OkStatus();
  }
  return InvalidArgument(Format("trace: config.{} is not a key", key));
}

Status ReadUniforms(const json& value, Trace* trace) {
  if (value.is_array()) {
    for (const json& number : value) {
      if (!number.is_number()) {
        return InvalidArgument(Format("trace: uniforms must be numbers: {}", number.dump()));
      }
      trace->uniforms.push_back(number.get<double>());
    }
    return OkStatus();
  }
  if (!value.is_object() || value.value("kind", json()) != "mt19937" || !value.contains("seed") ||
      !value["seed"].is_number_unsigned()) {
    return InvalidArgument(
        Format("trace: uniforms must be a list or {{\"kind\": \"mt19937\", \"seed\": S}}: {}",
               value.dump()));
  }
  trace->mt19937_seed = value["seed"].get<uint64_t>();
  return OkStatus();
}

Result<PromptId> NamePrompt(const json& id, Trace* trace) {
  if (!id.is_string())
    return InvalidArgument(Format("trace: an id must be a string: {}", id.dump()));
  const std::string name = id.get<std::string>();
  const PromptId prompt(Hash64(name));
  const auto [place, added] = trace->names.try_emplace(prompt, name);
  if (!added && place->second != name) {
    return InvalidArgument(Format("trace: two ids have one hash: {}, {}", place->second, name));
  }
  return prompt;
}

Status ReadOrders(const json& value, Trace* trace) {
  if (!value.is_array() || value.empty()) {
    return InvalidArgument("trace: epoch_orders must be a list of at least one epoch");
  }
  for (const json& epoch : value) {
    if (!epoch.is_array() || epoch.empty()) {
      return InvalidArgument("trace: an epoch's order must be a list of at least one id");
    }
    std::vector<PromptId>& order = trace->epoch_orders.emplace_back();
    for (const json& id : epoch) {
      WINNOW_ASSIGN_OR_RETURN(const PromptId prompt, NamePrompt(id, trace));
      order.push_back(prompt);
    }
  }
  return OkStatus();
}

Status ReadRewardsOf(const std::string& name, const json& epochs, Trace* trace) {
  if (!epochs.is_array() || epochs.size() < trace->epoch_orders.size()) {
    return InvalidArgument(Format("trace: rewards of {} must be a list of {} epochs", name,
                                  trace->epoch_orders.size()));
  }
  std::vector<std::vector<float>>& rewards = trace->rewards[PromptId(Hash64(name))];
  for (const json& samples : epochs) {
    if (!samples.is_array() || samples.size() != trace->config.n) {
      return InvalidArgument(Format("trace: rewards of {} must be {} numbers an epoch: {}", name,
                                    trace->config.n, samples.dump()));
    }
    std::vector<float>& group = rewards.emplace_back();
    for (const json& reward : samples) {
      if (!reward.is_number() || !std::isfinite(reward.get<double>())) {
        return InvalidArgument(
            Format("trace: a reward of {} must be a number: {}", name, reward.dump()));
      }
      group.push_back(static_cast<float>(reward.get<double>()));
    }
  }
  return OkStatus();
}

Status ReadRewards(const json& value, Trace* trace) {
  if (!value.is_object()) return InvalidArgument("trace: rewards must be an object");
  for (const auto& [name, epochs] : value.items()) {
    WINNOW_RETURN_IF_ERROR(ReadRewardsOf(name, epochs, trace));
  }
  for (const auto& [prompt, name] : trace->names) {
    if (!trace->rewards.contains(prompt)) {
      return InvalidArgument(Format("trace: rewards must hold every prompt: {}", name));
    }
  }
  return OkStatus();
}

Status ReadConfig(const json& value, TraceConfig* config) {
  if (!value.is_object()) return InvalidArgument("trace: config must be an object");
  for (const auto& [key, setting] : value.items()) {
    WINNOW_RETURN_IF_ERROR(ReadConfigKey(key, setting, config));
  }
  return OkStatus();
}

}  // namespace

std::unique_ptr<UniformStream> Trace::MakeStream() const {
  if (mt19937_seed.has_value()) return std::make_unique<Mt19937Stream>(*mt19937_seed);
  return std::make_unique<ListStream>(uniforms);
}

Result<Trace> ParseTrace(std::string_view json_text) {
  const json document = json::parse(json_text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return InvalidArgument("trace: must be one JSON object");
  if (document.value("schema", json()) != kSchema) {
    return InvalidArgument(
        Format("trace: schema must be {}: {}", kSchema, document.value("schema", json()).dump()));
  }
  for (const auto& [key, value] : document.items()) {
    if (key != "schema" && key != "config" && key != "uniforms" && key != "epoch_orders" &&
        key != "rewards") {
      return InvalidArgument(Format("trace: {} is not a key", key));
    }
  }
  Trace trace;
  WINNOW_RETURN_IF_ERROR(ReadConfig(document.value("config", json::object()), &trace.config));
  WINNOW_RETURN_IF_ERROR(ReadUniforms(document.value("uniforms", json()), &trace));
  WINNOW_RETURN_IF_ERROR(ReadOrders(document.value("epoch_orders", json()), &trace));
  WINNOW_RETURN_IF_ERROR(ReadRewards(document.value("rewards", json()), &trace));
  return trace;
}

}  // namespace winnow::orchestrator
