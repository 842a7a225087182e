#include "model/config.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/format.h"

namespace winnow::model {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxConfigBytes = 16 << 20;
// Sizes beyond any dense decoder; they keep products of two sizes and a width inside 64 bits.
constexpr size_t kMaxWidth = 1 << 20;
constexpr size_t kMaxVocabulary = 1 << 24;
constexpr size_t kMaxLayers = 4096;
constexpr size_t kMaxPositions = size_t{1} << 30;

// A value as a message shows it: JSON, cut to one short line.
std::string Shown(const Json& value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > 80) text = text.substr(0, 77) + "...";
  return text;
}

// Reads the keys of one object of config.json; every error is "FILE: key rule: found".
class Reader {
 public:
  Reader(const Json& object, std::string file, std::string prefix)
      : object_(object), file_(std::move(file)), prefix_(std::move(prefix)) {}

  // Null if the key is absent or null.
  const Json* Find(const std::string& key) const {
    const auto it = object_.find(key);
    return it == object_.end() || it->is_null() ? nullptr : &*it;
  }

  Status Broken(const std::string& key, const std::string& rule) const {
    const Json* value = Find(key);
    return InvalidArgument(
        Format("{}: {}{} {}: {}", file_, prefix_, key, rule, value ? Shown(*value) : "missing"));
  }

  // A whole number in [1, max]; `fallback` 0 means that the key is required.
  Status ReadSize(const std::string& key, size_t fallback, size_t max, size_t* out) const {
    const Json* value = Find(key);
    if (value == nullptr && fallback > 0) {
      *out = fallback;
      return OkStatus();
    }
    if (value == nullptr || !value->is_number_unsigned() || value->get<uint64_t>() < 1 ||
        value->get<uint64_t>() > max) {
      return Broken(key, Format("must be an integer from 1 to {}", max));
    }
    *out = value->get<size_t>();
    return OkStatus();
  }

  Status ReadPositive(const std::string& key, double fallback, double* out) const {
    const Json* value = Find(key);
    if (value == nullptr && fallback > 0) {
      *out = fallback;
      return OkStatus();
    }
    if (value == nullptr || !value->is_number() || !(value->get<double>() > 0) ||
        !std::isfinite(value->get<double>())) {
      return Broken(key, "must be a positive number");
    }
    *out = value->get<double>();
    return OkStatus();
  }

  Status ReadBool(const std::string& key, bool fallback, bool* out) const {
    const Json* value = Find(key);
    *out = fallback;
    if (value == nullptr) return OkStatus();
    if (!value->is_boolean()) return Broken(key, "must be true or false");
    *out = value->get<bool>();
    return OkStatus();
  }

  Status ReadText(const std::string& key, std::string* out) const {
    const Json* value = Find(key);
    if (value == nullptr) return OkStatus();
    if (!value->is_string()) return Broken(key, "must be a string");
    *out = value->get<std::string>();
    return OkStatus();
  }

 private:
  const Json& object_;
  const std::string file_;
  const std::string prefix_;
};

Result<Json> ReadObject(const std::string& file) {
  WINNOW_ASSIGN_OR_RETURN(const RandomAccessFile opened, RandomAccessFile::Open(file));
  if (opened.size_bytes() > kMaxConfigBytes) {
    return InvalidArgument(
        Format("{}: must be at most {} bytes: {}", file, kMaxConfigBytes, opened.size_bytes()));
  }
  std::string text(opened.size_bytes(), '\0');
  WINNOW_RETURN_IF_ERROR(opened.Read(0, text.size(), text.data()));
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return InvalidArgument(file + ": must be a JSON object");
  return json;
}

Status ReadFamily(const Reader& reader, ModelConfig* config) {
  std::string type;
  WINNOW_RETURN_IF_ERROR(reader.ReadText("model_type", &type));
  if (type == "llama") {
    config->family = Family::kLlama;
  } else if (type == "qwen2") {
    config->family = Family::kQwen2;
  } else if (type == "qwen3") {
    config->family = Family::kQwen3;
  } else {
    return reader.Broken("model_type", "must be llama, qwen2 or qwen3");
  }
  const std::string wanted = config->family == Family::kLlama   ? "LlamaForCausalLM"
                             : config->family == Family::kQwen2 ? "Qwen2ForCausalLM"
                                                                : "Qwen3ForCausalLM";
  const Json* architectures = reader.Find("architectures");
  if (architectures != nullptr && *architectures != Json::array({wanted})) {
    return reader.Broken("architectures", Format("must be [\"{}\"]", wanted));
  }
  return OkStatus();
}

// Refuses by name what the forward pass does not compute.
Status RefuseUnsupported(const Reader& reader) {
  for (const char* key : {"num_experts", "num_local_experts", "n_routed_experts"}) {
    const Json* value = reader.Find(key);
    if (value != nullptr && *value != 0) {
      return reader.Broken(key, "must be absent (mixture of experts is not supported)");
    }
  }
  if (reader.Find("quantization_config") != nullptr) {
    return reader.Broken("quantization_config",
                         "must be absent (quantised weights are not supported)");
  }
  bool sliding = false;
  WINNOW_RETURN_IF_ERROR(reader.ReadBool("use_sliding_window", false, &sliding));
  if (sliding) {
    return reader.Broken("use_sliding_window", "must be false (sliding windows are not supported)");
  }
  const Json* layer_types = reader.Find("layer_types");
  if (layer_types != nullptr) {
    bool full = layer_types->is_array();
    for (const Json& type : *layer_types) full = full && type == "full_attention";
    if (!full) {
      return reader.Broken("layer_types",
                           "must be full_attention throughout (sliding windows are not supported)");
    }
  }
  const Json* activation = reader.Find("hidden_act");
  if (activation != nullptr && *activation != "silu") {
    return reader.Broken("hidden_act", "must be \"silu\"");
  }
  const Json* rotary = reader.Find("partial_rotary_factor");
  if (rotary != nullptr && (!rotary->is_number() || rotary->get<double>() != 1.0)) {
    return reader.Broken("partial_rotary_factor", "must be 1 (partial rotation is not supported)");
  }
  return OkStatus();
}

Status ReadSizes(const Reader& reader, ModelConfig* config) {
  const bool qwen3 = config->family == Family::kQwen3;
  WINNOW_RETURN_IF_ERROR(reader.ReadSize("vocab_size", 0, kMaxVocabulary, &config->vocab_size));
  WINNOW_RETURN_IF_ERROR(reader.ReadSize("hidden_size", 0, kMaxWidth, &config->hidden_size));
  WINNOW_RETURN_IF_ERROR(
      reader.ReadSize("intermediate_size", 0, kMaxWidth, &config->intermediate_size));
  WINNOW_RETURN_IF_ERROR(reader.ReadSize("num_hidden_layers", 0, kMaxLayers, &config->num_layers));
  WINNOW_RETURN_IF_ERROR(reader.ReadSize("num_attention_heads", 0, kMaxWidth, &config->num_heads));
  WINNOW_RETURN_IF_ERROR(
      reader.ReadSize("num_key_value_heads", config->num_heads, kMaxWidth, &config->num_kv_heads));
  WINNOW_RETURN_IF_ERROR(
      reader.ReadSize("max_position_embeddings", 2048, kMaxPositions, &config->max_positions));
  if (config->num_heads % config->num_kv_heads != 0) {
    return reader.Broken("num_key_value_heads",
                         Format("must divide num_attention_heads {}", config->num_heads));
  }
  // transformers' Qwen3Config has head_dim 128 where the file gives none.
  if (reader.Find("head_dim") == nullptr && !qwen3 &&
      config->hidden_size % config->num_heads != 0) {
    return reader.Broken("num_attention_heads",
                         Format("must divide hidden_size {}", config->hidden_size));
  }
  const size_t default_head = qwen3 ? 128 : config->hidden_size / config->num_heads;
  WINNOW_RETURN_IF_ERROR(
      reader.ReadSize("head_dim", std::max<size_t>(1, default_head), kMaxWidth, &config->head_dim));
  if (config->head_dim % 2 != 0) {
    return reader.Broken("head_dim", Format("must be even (it is {})", config->head_dim));
  }
  if (config->num_heads * config->head_dim > kMaxWidth) {
    return reader.Broken("num_attention_heads", Format("times head_dim {} must be at most {}",
                                                       config->head_dim, kMaxWidth));
  }
  return OkStatus();
}

Status ReadScaling(const Reader& reader, RopeScaling* scaling, double max_positions) {
  std::string type = "default";
  WINNOW_RETURN_IF_ERROR(reader.ReadText("type", &type));
  WINNOW_RETURN_IF_ERROR(reader.ReadText("rope_type", &type));
  if (type == "default") return OkStatus();
  if (type != "linear" && type != "llama3") {
    const std::string key = reader.Find("rope_type") != nullptr ? "rope_type" : "type";
    return reader.Broken(key, "must be default, linear or llama3");
  }
  WINNOW_RETURN_IF_ERROR(reader.ReadPositive("factor", 0, &scaling->factor));
  if (type == "linear") {
    scaling->kind = RopeScaling::Kind::kLinear;
    return OkStatus();
  }
  scaling->kind = RopeScaling::Kind::kLlama3;
  WINNOW_RETURN_IF_ERROR(reader.ReadPositive("low_freq_factor", 0, &scaling->low_freq_factor));
  WINNOW_RETURN_IF_ERROR(reader.ReadPositive("high_freq_factor", 0, &scaling->high_freq_factor));
  WINNOW_RETURN_IF_ERROR(reader.ReadPositive("original_max_position_embeddings", max_positions,
                                             &scaling->original_max_position_embeddings));
  if (scaling->high_freq_factor <= scaling->low_freq_factor) {
    return reader.Broken("high_freq_factor",
                         Format("must exceed low_freq_factor {}", scaling->low_freq_factor));
  }
  return OkStatus();
}

// transformers 4: `rope_theta` and `rope_scaling`; transformers 5: both inside `rope_parameters`.
Status ReadRope(const Reader& reader, const std::string& file, ModelConfig* config) {
  WINNOW_RETURN_IF_ERROR(reader.ReadPositive("rope_theta", 10000.0, &config->rope_theta));
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    const Json* value = reader.Find(key);
    if (value == nullptr) continue;
    if (!value->is_object()) return reader.Broken(key, "must be an object or null");
    for (const char* layers : {"full_attention", "sliding_attention"}) {
      if (value->contains(layers)) {
        return reader.Broken(key, "must be one set for all layers (per layer type not supported)");
      }
    }
    const Reader inner(*value, file, std::string(key) + ".");
    WINNOW_RETURN_IF_ERROR(
        inner.ReadPositive("rope_theta", config->rope_theta, &config->rope_theta));
    const Json* rotary = inner.Find("partial_rotary_factor");
    if (rotary != nullptr && *rotary != 1.0) {
      return inner.Broken("partial_rotary_factor", "must be 1 (partial rotation is not supported)");
    }
    WINNOW_RETURN_IF_ERROR(
        ReadScaling(inner, &config->rope_scaling, static_cast<double>(config->max_positions)));
  }
  return OkStatus();
}

Status ReadSwitches(const Reader& reader, ModelConfig* config) {
  config->qk_norm = config->family == Family::kQwen3;
  WINNOW_RETURN_IF_ERROR(
      reader.ReadBool("tie_word_embeddings", false, &config->tie_word_embeddings));
  if (config->family == Family::kQwen2) {
    config->attention_bias = true;
  } else {
    WINNOW_RETURN_IF_ERROR(reader.ReadBool("attention_bias", false, &config->attention_bias));
    config->output_bias = config->attention_bias;
  }
  if (config->family == Family::kLlama) {
    WINNOW_RETURN_IF_ERROR(reader.ReadBool("mlp_bias", false, &config->mlp_bias));
  }
  WINNOW_RETURN_IF_ERROR(reader.ReadPositive("rms_norm_eps", 1e-6, &config->rms_norm_eps));
  WINNOW_RETURN_IF_ERROR(
      reader.ReadPositive("initializer_range", 0.02, &config->initializer_range));
  std::string key = reader.Find("dtype") != nullptr ? "dtype" : "torch_dtype";
  WINNOW_RETURN_IF_ERROR(reader.ReadText(key, &config->stored_dtype));
  const std::string& dtype = config->stored_dtype;
  if (!dtype.empty() && dtype != "float32" && dtype != "bfloat16" && dtype != "float16") {
    return reader.Broken(key, "must be float32, bfloat16 or float16");
  }
  return OkStatus();
}

// Adds the ids of `eos_token_id`, an integer or a list of them; sets *found if the key is there.
Status ReadEos(const Reader& reader, size_t vocab_size, std::vector<int32_t>* ids, bool* found) {
  const Json* value = reader.Find("eos_token_id");
  *found = value != nullptr;
  if (value == nullptr) return OkStatus();
  const Json list = value->is_array() ? *value : Json::array({*value});
  for (const Json& id : list) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= vocab_size) {
      return reader.Broken("eos_token_id",
                           Format("must be token ids below vocab_size {}", vocab_size));
    }
    ids->push_back(id.get<int32_t>());
  }
  return OkStatus();
}

}  // namespace

Result<ModelConfig> LoadModelConfig(const std::string& folder) {
  const std::string file = (std::filesystem::path(folder) / "config.json").string();
  WINNOW_ASSIGN_OR_RETURN(const Json json, ReadObject(file));
  const Reader reader(json, file, "");
  ModelConfig config;
  WINNOW_RETURN_IF_ERROR(ReadFamily(reader, &config));
  WINNOW_RETURN_IF_ERROR(RefuseUnsupported(reader));
  WINNOW_RETURN_IF_ERROR(ReadSizes(reader, &config));
  WINNOW_RETURN_IF_ERROR(ReadRope(reader, file, &config));
  WINNOW_RETURN_IF_ERROR(ReadSwitches(reader, &config));

  bool found = false;
  const std::string generation =
      (std::filesystem::path(folder) / "generation_config.json").string();
  std::error_code ignored;
  if (std::filesystem::exists(generation, ignored)) {
    WINNOW_ASSIGN_OR_RETURN(const Json generation_json, ReadObject(generation));
    WINNOW_RETURN_IF_ERROR(ReadEos(Reader(generation_json, generation, ""), config.vocab_size,
                                   &config.eos_token_ids, &found));
  }
  if (!found) {
    WINNOW_RETURN_IF_ERROR(ReadEos(reader, config.vocab_size, &config.eos_token_ids, &found));
  }
  return config;
}

}  // namespace winnow::model
