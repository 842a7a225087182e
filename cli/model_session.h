#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "base/thread_pool.h"
#include "device/ops.h"
#include "model/chat.h"
#include "model/policy.h"
#include "model/tokenizer.h"

namespace winnow::cli {

// A model that a command runs: pool, operations, weights, tokenizer and chat template, in the order
// in which they must live.
struct ModelSession {
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<device::Ops<float>> ops;
  std::unique_ptr<model::Policy<float>> policy;
  std::unique_ptr<model::Tokenizer> tokenizer;
  std::unique_ptr<model::Chat> chat;  // null if the model has none
};

struct ModelSessionOptions {
  std::string model;                    // folder
  std::string tokenizer;                // folder; empty = that of the model
  std::string dtype = "auto";           // auto f32 bf16 bf16_tile bf16_pair
  std::string chat_template = "model";  // model, none, or a file
  int threads = 0;
  model::PolicyOptions policy{.trainable = false, .keep_masters = false};
  bool initialize = false;  // fresh weights keyed by `seed` instead of those of the folder
  uint64_t seed = 1;
};

// Errors name what cannot be read; `--dtype` names are checked by device::ResolveArithmetic.
Result<ModelSession> OpenModel(const ModelSessionOptions& options);

}  // namespace winnow::cli
