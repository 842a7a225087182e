#include "model/training_memory.h"

#include <algorithm>

#include "model/activations.h"
#include "model/head.h"

namespace winnow::model {
namespace {

// float32 values per row of LayerScratch.
size_t ScratchWidth(const ModelConfig& config, size_t lora_rank) {
  const size_t hidden = config.hidden_size, inner = config.intermediate_size;
  const size_t q = config.num_heads * config.head_dim;
  size_t width = 3 * inner + 2 * hidden + 2 * q;
  if (config.qk_norm) width += q + config.num_kv_heads * config.head_dim;
  if (lora_rank > 0) width += 2 * lora_rank + inner;
  return width;
}

}  // namespace

double TrainingPassBytes(const ModelConfig& config, const TrainOptions& options,
                         const PassSize& pass) {
  const bool streamed = options.stream_backward_chunk > 0;
  const bool keeps_keys = !streamed && options.recompute != Recompute::kFull;
  const Keep keep = streamed ? Keep::kNothing : KeepFor(options.recompute);
  const auto layers = static_cast<double>(config.num_layers);
  const auto hidden = static_cast<double>(config.hidden_size);
  const auto kv = static_cast<double>(config.num_kv_heads * config.head_dim);
  const auto rows = static_cast<double>(pass.num_rows);
  const size_t chunk =
      streamed ? std::min(options.stream_backward_chunk, pass.num_rows) : pass.num_rows;
  const ActivationWidths widths = WidthsOf(config, keep);

  double values = 0;
  values += rows * (layers + 1) * hidden + rows * 2 * kv;  // layer inputs; dk and dv
  values += static_cast<double>(chunk) *
            (layers * static_cast<double>(widths.kept) + static_cast<double>(widths.shared) +
             static_cast<double>(ScratchWidth(config, pass.lora_rank)));
  // Hidden states before and after the final norm, their gradients, and the reference's.
  values += static_cast<double>(pass.num_wanted) * (pass.with_reference ? 5 : 4) * hidden;
  const size_t head_rows = std::min(HeadChunkTokens(options, config.vocab_size), pass.num_wanted);
  const size_t logits = head_rows * config.vocab_size;
  values += static_cast<double>(logits) * (pass.with_reference ? 2 : 1);
  const double keys = rows * 2 * kv * (keeps_keys ? layers : 1);
  return 4 * values + keys * static_cast<double>(pass.kv_element_bytes);
}

}  // namespace winnow::model
