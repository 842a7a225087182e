#include "model/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/model/tiny_model.h"

namespace winnow::model {
namespace {

using Json = nlohmann::json;

// config.json of a small model, as transformers 4 writes it.
Json Version4() {
  return Json::parse(R"({"architectures": ["LlamaForCausalLM"], "model_type": "llama",
    "hidden_act": "silu", "vocab_size": 320, "hidden_size": 64, "intermediate_size": 176,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
    "max_position_embeddings": 256, "rms_norm_eps": 1e-05, "torch_dtype": "bfloat16",
    "rope_theta": 5000.0, "rope_scaling": null, "eos_token_id": 2, "tie_word_embeddings": true})");
}

class ModelConfigTest : public testing::Test {
 protected:
  Result<ModelConfig> Load(const Json& json) {
    folder_.Write("config.json", json.dump());
    return LoadModelConfig(folder_.path());
  }
  Result<ModelConfig> LoadWith(const std::string& key, const Json& value) {
    Json json = Version4();
    json[key] = value;
    return Load(json);
  }
  // The message behind "FOLDER/config.json: ".
  std::string ErrorWith(const std::string& key, const Json& value) {
    const Result<ModelConfig> config = LoadWith(key, value);
    if (config.ok()) return "accepted";
    EXPECT_EQ(config.status().code(), StatusCode::kInvalidArgument);
    const std::string prefix = folder_.File("config.json") + ": ";
    EXPECT_THAT(config.status().message(), testing::StartsWith(prefix));
    return config.status().message().substr(prefix.size());
  }
  TemporaryFolder folder_;
};

TEST_F(ModelConfigTest, ReadsTheStyleOfTransformers4) {
  const Result<ModelConfig> config = Load(Version4());
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->family, Family::kLlama);
  EXPECT_EQ(config->vocab_size, 320u);
  EXPECT_EQ(config->head_dim, 16u);
  EXPECT_EQ(config->rope_theta, 5000.0);
  EXPECT_EQ(config->rope_scaling.kind, RopeScaling::Kind::kDefault);
  EXPECT_EQ(config->stored_dtype, "bfloat16");
  EXPECT_EQ(config->rms_norm_eps, 1e-5);
  EXPECT_TRUE(config->tie_word_embeddings);
  EXPECT_FALSE(config->attention_bias);
  EXPECT_THAT(config->eos_token_ids, testing::ElementsAre(2));
}

TEST_F(ModelConfigTest, ReadsTheStyleOfTransformers5) {
  Json json = Version4();
  for (const char* key : {"torch_dtype", "rope_theta", "rope_scaling"}) json.erase(key);
  json["dtype"] = "float16";
  json["rope_parameters"] = {{"rope_type", "llama3"},   {"rope_theta", 100000.0},
                             {"factor", 8.0},           {"low_freq_factor", 1.0},
                             {"high_freq_factor", 4.0}, {"original_max_position_embeddings", 32}};
  const Result<ModelConfig> config = Load(json);
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->stored_dtype, "float16");
  EXPECT_EQ(config->rope_theta, 100000.0);
  EXPECT_EQ(config->rope_scaling.kind, RopeScaling::Kind::kLlama3);
  EXPECT_EQ(config->rope_scaling.factor, 8.0);
  EXPECT_EQ(config->rope_scaling.original_max_position_embeddings, 32.0);
}

TEST_F(ModelConfigTest, KnowsTheFamiliesBiasesAndNorms) {
  Json json = Version4();
  json["attention_bias"] = true;
  json["mlp_bias"] = true;
  Result<ModelConfig> config = Load(json);
  ASSERT_TRUE(config.ok());
  EXPECT_TRUE(config->attention_bias && config->output_bias && config->mlp_bias);
  json["model_type"] = "qwen2";
  json["architectures"] = {"Qwen2ForCausalLM"};
  json.erase("attention_bias");
  json["use_sliding_window"] = false;
  json["sliding_window"] = 4096;
  config = Load(json);
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_TRUE(config->attention_bias);
  EXPECT_FALSE(config->output_bias || config->mlp_bias || config->qk_norm);
  json["model_type"] = "qwen3";
  json["architectures"] = {"Qwen3ForCausalLM"};
  json["layer_types"] = {"full_attention", "full_attention"};
  config = Load(json);
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_TRUE(config->qk_norm);
  EXPECT_FALSE(config->attention_bias);
  EXPECT_EQ(config->head_dim, 128u) << "the default of transformers' Qwen3Config";
}

TEST_F(ModelConfigTest, TakesEosFromTheGenerationConfigFirst) {
  folder_.Write("generation_config.json", R"({"eos_token_id": [7, 9]})");
  const Result<ModelConfig> config = Load(Version4());
  ASSERT_TRUE(config.ok());
  EXPECT_THAT(config->eos_token_ids, testing::ElementsAre(7, 9));
}

TEST_F(ModelConfigTest, RefusesByNameWhatIsNotSupported) {
  EXPECT_EQ(ErrorWith("model_type", "mixtral"),
            "model_type must be llama, qwen2 or qwen3: \"mixtral\"");
  EXPECT_EQ(ErrorWith("architectures", {"LlamaForSequenceClassification"}),
            "architectures must be [\"LlamaForCausalLM\"]: [\"LlamaForSequenceClassification\"]");
  EXPECT_EQ(ErrorWith("use_sliding_window", true),
            "use_sliding_window must be false (sliding windows are not supported): true");
  EXPECT_EQ(ErrorWith("layer_types", {"full_attention", "sliding_attention"}),
            "layer_types must be full_attention throughout (sliding windows are not supported): "
            "[\"full_attention\",\"sliding_attention\"]");
  EXPECT_EQ(ErrorWith("rope_scaling", {{"type", "yarn"}, {"factor", 4.0}}),
            "rope_scaling.type must be default, linear or llama3: \"yarn\"");
  EXPECT_EQ(ErrorWith("rope_scaling", {{"rope_type", "dynamic"}, {"factor", 4.0}}),
            "rope_scaling.rope_type must be default, linear or llama3: \"dynamic\"");
  EXPECT_EQ(ErrorWith("rope_parameters", {{"rope_type", "longrope"}}),
            "rope_parameters.rope_type must be default, linear or llama3: \"longrope\"");
  EXPECT_EQ(ErrorWith("num_experts", 8),
            "num_experts must be absent (mixture of experts is not supported): 8");
  EXPECT_EQ(ErrorWith("hidden_act", "gelu"), "hidden_act must be \"silu\": \"gelu\"");
  EXPECT_EQ(ErrorWith("quantization_config", {{"bits", 4}}),
            "quantization_config must be absent (quantised weights are not supported): "
            "{\"bits\":4}");
  EXPECT_EQ(ErrorWith("partial_rotary_factor", 0.5),
            "partial_rotary_factor must be 1 (partial rotation is not supported): 0.5");
}

TEST_F(ModelConfigTest, RefusesBadSizes) {
  EXPECT_EQ(ErrorWith("vocab_size", -3), "vocab_size must be an integer from 1 to 16777216: -3");
  EXPECT_EQ(ErrorWith("hidden_size", nullptr),
            "hidden_size must be an integer from 1 to 1048576: missing");
  EXPECT_EQ(ErrorWith("hidden_size", 64.5),
            "hidden_size must be an integer from 1 to 1048576: 64.5");
  EXPECT_EQ(ErrorWith("num_key_value_heads", 3),
            "num_key_value_heads must divide num_attention_heads 4: 3");
  EXPECT_EQ(ErrorWith("head_dim", 7), "head_dim must be even (it is 7): 7");
  EXPECT_EQ(ErrorWith("rms_norm_eps", 0), "rms_norm_eps must be a positive number: 0");
  EXPECT_EQ(ErrorWith("torch_dtype", "int8"),
            "torch_dtype must be float32, bfloat16 or float16: \"int8\"");
  EXPECT_EQ(ErrorWith("eos_token_id", 320),
            "eos_token_id must be token ids below vocab_size 320: 320");
  EXPECT_EQ(ErrorWith("rope_scaling", {{"rope_type", "linear"}}),
            "rope_scaling.factor must be a positive number: missing");
}

TEST_F(ModelConfigTest, RefusesAFileThatIsNoObject) {
  folder_.Write("config.json", "[1, 2");
  EXPECT_EQ(LoadModelConfig(folder_.path()).status().message(),
            folder_.File("config.json") + ": must be a JSON object");
  EXPECT_EQ(LoadModelConfig(folder_.path() + "/absent").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace winnow::model
