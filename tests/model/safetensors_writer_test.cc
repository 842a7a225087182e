#include "model/safetensors_writer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/safetensors.h"
#include "tests/model/tiny_model.h"

namespace winnow::model {
namespace {

// A tensor whose element i is scale · i.
TensorToWrite Ramp(const std::string& name, std::vector<uint64_t> shape, float scale) {
  return {.name = name, .shape = std::move(shape), .values = [scale](uint64_t first, auto out) {
            for (size_t i = 0; i < out.size(); ++i) {
              out[i] = scale * static_cast<float>(first + i);
            }
          }};
}

TEST(SafetensorsWriterTest, WritesWhatTheReaderReads) {
  for (const char* dtype : {"F32", "BF16", "F16"}) {
    const TemporaryFolder folder;
    const std::vector<TensorToWrite> tensors{Ramp("b", {3, 5}, 0.5f), Ramp("a", {1}, 1.0f)};
    ASSERT_TRUE(WriteSafetensors(folder.path(), "model", dtype, tensors, 1 << 20).ok());
    const auto file = SafetensorsFile::Open(folder.File("model.safetensors"));
    ASSERT_TRUE(file.ok()) << file.status().message();
    const TensorInfo* info = file->Find("b");
    ASSERT_NE(info, nullptr);
    EXPECT_EQ(info->dtype, dtype);
    EXPECT_EQ(info->shape, (std::vector<uint64_t>{3, 5}));
    std::vector<float> values(15);
    ASSERT_TRUE(file->ReadReals(*info, 0, 15, values.data()).ok());
    for (size_t i = 0; i < 15; ++i) EXPECT_EQ(values[i], 0.5f * static_cast<float>(i));
  }
}

TEST(SafetensorsWriterTest, ShardsWhatIsTooLargeForOneFile) {
  const TemporaryFolder folder;
  const std::vector<TensorToWrite> tensors{Ramp("a", {10}, 1), Ramp("b", {10}, 2),
                                           Ramp("c", {100}, 3), Ramp("d", {1}, 4)};
  ASSERT_TRUE(
      WriteSafetensors(folder.path(), "model", "F32", tensors, /*max_shard_bytes=*/90).ok());
  const auto index = ParseShardIndex(*ReadFile(folder.File("model.safetensors.index.json")), "i");
  ASSERT_TRUE(index.ok()) << index.status().message();
  EXPECT_EQ(index->total_size, 121u * 4);
  ASSERT_EQ(index->entries.size(), 4u);
  EXPECT_EQ(index->entries[1].shard, "model-00001-of-00003.safetensors");
  EXPECT_EQ(index->entries[3].shard, "model-00003-of-00003.safetensors");
  for (const ShardIndex::Entry& entry : index->entries) {
    const auto file = SafetensorsFile::Open(folder.File(entry.shard));
    ASSERT_TRUE(file.ok());
    EXPECT_NE(file->Find(entry.tensor), nullptr);
  }
}

TEST(SafetensorsWriterTest, RefusesValuesThatTheDtypeCannotHold) {
  const TemporaryFolder folder;
  const std::vector<TensorToWrite> large{Ramp("w", {2}, 1e6f)};
  EXPECT_TRUE(WriteSafetensors(folder.path(), "model", "BF16", large, 1 << 20).ok());
  EXPECT_EQ(WriteSafetensors(folder.path(), "model", "F16", large, 1 << 20).message(),
            folder.File("model.safetensors") + ": tensor w must be finite and in the range of F16");
  const std::vector<TensorToWrite> nan{Ramp("w", {2}, std::nanf(""))};
  EXPECT_FALSE(WriteSafetensors(folder.path(), "model", "F32", nan, 1 << 20).ok());
}

}  // namespace
}  // namespace winnow::model
