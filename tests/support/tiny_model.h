#pragma once

#include <string>

namespace winnow::testing_support {

// Writes config.json (a two-layer Llama of width 32, one token a byte) and the byte-level tokenizer
// files into `folder`, which is created; weights come from model::InitializePolicy. Token 0 ends a
// sequence; byte b is token 1 + b; 257 tokens.
void WriteTinyModel(const std::string& folder);

// The folder after removing and creating it anew, under testing::TempDir().
std::string FreshFolder(const std::string& name);

}  // namespace winnow::testing_support
