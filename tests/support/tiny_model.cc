#include "tests/support/tiny_model.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace winnow::testing_support {
namespace {

using Json = nlohmann::ordered_json;

void AppendUtf8(int code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else {
    out->push_back(static_cast<char>(0xC0 | code >> 6));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

// GPT-2's byte-level alphabet: printable bytes stand for themselves, the rest from U+0100 on.
Json ByteVocabulary() {
  Json vocab = {{"<|endoftext|>", 0}};
  int next = 256;
  for (int b = 0; b < 256; ++b) {
    const bool printable = (b >= 33 && b < 127) || (b >= 161 && b < 173) || b >= 174;
    std::string letter;
    AppendUtf8(printable ? b : next++, &letter);
    vocab[letter] = 1 + b;
  }
  return vocab;
}

void WriteJson(const std::string& path, const Json& json) { std::ofstream(path) << json.dump(1); }

}  // namespace

void WriteTinyModel(const std::string& folder) {
  std::filesystem::create_directories(folder);
  WriteJson(folder + "/config.json", {{"architectures", {"LlamaForCausalLM"}},
                                      {"model_type", "llama"},
                                      {"hidden_act", "silu"},
                                      {"hidden_size", 32},
                                      {"intermediate_size", 64},
                                      {"num_hidden_layers", 2},
                                      {"num_attention_heads", 4},
                                      {"num_key_value_heads", 2},
                                      {"max_position_embeddings", 256},
                                      {"rms_norm_eps", 1e-5},
                                      {"rope_theta", 10000.0},
                                      {"tie_word_embeddings", true},
                                      {"vocab_size", 257},
                                      {"eos_token_id", 0},
                                      {"initializer_range", 0.2},
                                      {"torch_dtype", "float32"}});
  const Json byte_level = {{"type", "ByteLevel"},
                           {"add_prefix_space", false},
                           {"trim_offsets", true},
                           {"use_regex", false}};
  WriteJson(folder + "/tokenizer.json", {{"version", "1.0"},
                                         {"truncation", nullptr},
                                         {"padding", nullptr},
                                         {"added_tokens",
                                          {{{"id", 0},
                                            {"content", "<|endoftext|>"},
                                            {"single_word", false},
                                            {"lstrip", false},
                                            {"rstrip", false},
                                            {"normalized", false},
                                            {"special", true}}}},
                                         {"normalizer", nullptr},
                                         {"pre_tokenizer", byte_level},
                                         {"post_processor", nullptr},
                                         {"decoder", byte_level},
                                         {"model",
                                          {{"type", "BPE"},
                                           {"dropout", nullptr},
                                           {"unk_token", nullptr},
                                           {"continuing_subword_prefix", nullptr},
                                           {"end_of_word_suffix", nullptr},
                                           {"fuse_unk", false},
                                           {"byte_fallback", false},
                                           {"vocab", ByteVocabulary()},
                                           {"merges", Json::array()}}}});
  WriteJson(folder + "/tokenizer_config.json", {{"eos_token", "<|endoftext|>"}});
}

std::string FreshFolder(const std::string& name) {
  const std::string folder = (std::filesystem::path(testing::TempDir()) /
                              ("winnow_" + std::to_string(getpid()) + "_" + name))
                                 .lexically_normal()
                                 .string();
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

}  // namespace winnow::testing_support
