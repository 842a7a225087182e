#include "cli/bench/random_input.h"

#include <array>

#include "base/philox.h"

namespace winnow::cli {
namespace {

// Words 0, 1, … of a stream.
class Words {
 public:
  Words(uint64_t seed, uint32_t stream)
      : key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)}, stream_(stream) {}

  uint32_t Next() {
    if (used_ == words_.size()) {
      words_ = Philox(key_, {block_++, stream_, static_cast<uint32_t>(NoiseUse::kBench), 0});
      used_ = 0;
    }
    return words_[used_++];
  }

 private:
  const std::array<uint32_t, 2> key_;
  const uint32_t stream_;
  uint32_t block_ = 0;
  std::array<uint32_t, 4> words_{};
  size_t used_ = words_.size();
};

}  // namespace

std::vector<int32_t> RandomTokens(size_t count, size_t vocab_size, uint64_t seed, uint32_t stream) {
  Words words(seed, stream);
  std::vector<int32_t> tokens(count);
  for (int32_t& token : tokens) {
    token = static_cast<int32_t>((uint64_t{words.Next()} * vocab_size) >> 32);
  }
  return tokens;
}

std::vector<float> RandomValues(size_t count, uint64_t seed, uint32_t stream) {
  Words words(seed, stream);
  std::vector<float> values(count);
  for (float& value : values)
    value = static_cast<float>(static_cast<int32_t>(words.Next())) * 0x1p-31f;
  return values;
}

}  // namespace winnow::cli
