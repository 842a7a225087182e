#include "model/lora.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/file.h"
#include "base/format.h"
#include "model/initial_values.h"
#include "model/weight_files.h"

namespace winnow::model {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr const char* kAllLinear = "all-linear";

bool HasSuffix(const std::string& name, const std::string& suffix) {
  return name == suffix || name.ends_with("." + suffix);
}

ParameterLayout LayoutOf(const std::vector<LinearName>& targets, size_t rank) {
  std::vector<Parameter> parameters;
  for (const LinearName& target : targets) {
    parameters.push_back({.name = LoraNameA(target.name), .shape = {rank, target.k}});
    parameters.push_back({.name = LoraNameB(target.name), .shape = {target.n, rank}});
  }
  return ParameterLayout(std::move(parameters));
}

// The last names of the layers chosen: what PEFT calls target_modules.
std::vector<std::string> TargetNames(const ModelConfig& config, const LoraOptions& options) {
  if (options.target_modules != std::vector<std::string>{kAllLinear}) {
    return options.target_modules;
  }
  std::vector<std::string> names;
  for (const LinearName& linear : LinearsOfLayer(config, 0)) {
    names.push_back(linear.name.substr(linear.name.rfind('.') + 1));
  }
  return names;
}

// The folder's adapter_config.json must describe the adapters of this run.
Status CheckAdapterConfig(const LoraOptions& options) {
  const std::string file = (fs::path(options.adapter_folder) / "adapter_config.json").string();
  WINNOW_ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return InvalidArgument(file + ": must be a JSON object");
  const auto check = [&](const char* key, const Json& wanted) {
    const Json found = json.contains(key) ? json[key] : Json();
    if (found == wanted) return OkStatus();
    return InvalidArgument(Format("{}: {} must be {}, as this run is configured: {}", file, key,
                                  wanted.dump(), found.dump()));
  };
  WINNOW_RETURN_IF_ERROR(check("peft_type", "LORA"));
  WINNOW_RETURN_IF_ERROR(check("r", options.rank));
  const Json alpha = json.value("lora_alpha", Json());
  if (!alpha.is_number() || alpha.get<double>() != options.alpha) {
    return check("lora_alpha", options.alpha);
  }
  if (json.value("use_rslora", Json(false)) != Json(options.use_rslora)) {
    return check("use_rslora", options.use_rslora);
  }
  return OkStatus();
}

}  // namespace

Result<std::vector<LinearName>> LoraTargets(const ModelConfig& config, const LoraOptions& options) {
  const std::vector<std::string> suffixes = TargetNames(config, options);
  std::vector<LinearName> targets;
  std::vector<bool> used(suffixes.size(), false);
  for (size_t layer = 0; layer < config.num_layers; ++layer) {
    for (const LinearName& linear : LinearsOfLayer(config, layer)) {
      bool chosen = false;
      for (size_t i = 0; i < suffixes.size(); ++i) {
        if (!HasSuffix(linear.name, suffixes[i])) continue;
        chosen = used[i] = true;
      }
      if (chosen) targets.push_back(linear);
    }
  }
  for (size_t i = 0; i < suffixes.size(); ++i) {
    if (used[i]) continue;
    return InvalidArgument(
        Format("model.target_modules must be all-linear or end the names of decoder linears "
               "(q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj): {}",
               suffixes[i]));
  }
  if (targets.empty()) return InvalidArgument("model.target_modules must not be empty: []");
  return targets;
}

double LoraScale(const LoraOptions& options) {
  const double rank = static_cast<double>(options.rank);
  return options.alpha / (options.use_rslora ? std::sqrt(rank) : rank);
}

std::string LoraNameA(const std::string& layer) {
  return "base_model.model." + layer + ".lora_A.weight";
}

std::string LoraNameB(const std::string& layer) {
  return "base_model.model." + layer + ".lora_B.weight";
}

template <typename Real>
Adapters<Real>::Adapters(const LoraOptions& options, const std::vector<LinearName>& targets,
                         device::PackFor use, device::Ops<Real>* ops)
    : options_(options),
      use_(use),
      ops_(ops),
      layout_(LayoutOf(targets, options.rank)),
      values_(layout_.size()) {
  for (const LinearName& target : targets) {
    Pair pair;
    pair.a = layout_.Find(LoraNameA(target.name));
    pair.b = layout_.Find(LoraNameB(target.name));
    pairs_.emplace_back(target.name, std::move(pair));
  }
  std::sort(pairs_.begin(), pairs_.end(),
            [](const auto& x, const auto& y) { return x.first < y.first; });
}

template <typename Real>
Result<std::unique_ptr<Adapters<Real>>> Adapters<Real>::Make(const ModelConfig& config,
                                                             const LoraOptions& options,
                                                             device::PackFor use,
                                                             device::Ops<Real>* ops) {
  WINNOW_ASSIGN_OR_RETURN(const std::vector<LinearName> targets, LoraTargets(config, options));
  auto adapters = std::unique_ptr<Adapters>(new Adapters(options, targets, use, ops));
  WINNOW_RETURN_IF_ERROR(adapters->Fill());
  adapters->Pack();
  return adapters;
}

template <typename Real>
Status Adapters<Real>::Fill() {
  if (options_.adapter_folder.empty()) {
    for (auto& [layer, pair] : pairs_) {
      const double bound = 1.0 / std::sqrt(static_cast<double>(pair.a->shape[1]));
      FillUniform<Real>(options_.seed, pair.a->name, bound, &ops_->pool(),
                        std::span(values_).subspan(pair.a->offset, pair.a->size));
    }
    return OkStatus();
  }
  WINNOW_RETURN_IF_ERROR(CheckAdapterConfig(options_));
  WINNOW_ASSIGN_OR_RETURN(const WeightFiles files,
                          WeightFiles::Open(options_.adapter_folder, "adapter_model"));
  WINNOW_RETURN_IF_ERROR(files.Check(layout_, /*config_dtype=*/""));
  return files.Read<Real>(layout_, &ops_->pool(), values_);
}

template <typename Real>
void Adapters<Real>::Pack() {
  const auto pack = [&](const Parameter& parameter, std::unique_ptr<device::PackedMatrix>* packed) {
    const Real* values = values_.data() + parameter.offset;
    if (*packed == nullptr) {
      *packed = ops_->Pack(values, parameter.shape[0], parameter.shape[1], use_);
    } else {
      ops_->Repack(values, packed->get());
    }
  };
  for (auto& [layer, pair] : pairs_) {
    pack(*pair.a, &pair.packed_a);
    pack(*pair.b, &pair.packed_b);
  }
}

template <typename Real>
const typename Adapters<Real>::Pair* Adapters<Real>::Find(const std::string& layer) const {
  const auto it = std::lower_bound(
      pairs_.begin(), pairs_.end(), layer,
      [](const auto& pair, const std::string& wanted) { return pair.first < wanted; });
  return it != pairs_.end() && it->first == layer ? &it->second : nullptr;
}

std::string AdapterConfigJson(const ModelConfig& config, const LoraOptions& options,
                              const std::string& base) {
  Json json;
  json["base_model_name_or_path"] = base;
  json["bias"] = "none";
  json["fan_in_fan_out"] = false;
  json["inference_mode"] = true;
  json["init_lora_weights"] = true;
  const bool whole = options.alpha == std::floor(options.alpha) && options.alpha < 1e15;
  json["lora_alpha"] = whole ? Json(static_cast<int64_t>(options.alpha)) : Json(options.alpha);
  json["lora_dropout"] = 0.0;
  json["modules_to_save"] = nullptr;
  json["peft_type"] = "LORA";
  json["r"] = options.rank;
  json["target_modules"] = TargetNames(config, options);
  json["task_type"] = "CAUSAL_LM";
  json["use_rslora"] = options.use_rslora;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

template class Adapters<float>;
template class Adapters<double>;

}  // namespace winnow::model
