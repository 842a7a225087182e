#include "model/weight_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "model/safetensors_writer.h"
#include "tests/model/tiny_model.h"

namespace winnow::model {
namespace {

const ParameterLayout kLayout({{.name = "a", .shape = {2, 3}}, {.name = "b", .shape = {4}}});

// Tensors of the layout with element i equal to i, or to `value` if it is given.
std::vector<TensorToWrite> Tensors(const ParameterLayout& layout, float value = -1) {
  std::vector<TensorToWrite> tensors;
  for (const Parameter& parameter : layout.parameters()) {
    tensors.push_back({.name = parameter.name,
                       .shape = {parameter.shape.begin(), parameter.shape.end()},
                       .values = [value](uint64_t first, std::span<float> out) {
                         for (size_t i = 0; i < out.size(); ++i) {
                           out[i] = value < 0 ? static_cast<float>(first + i) : value;
                         }
                       }});
  }
  return tensors;
}

class WeightFilesTest : public testing::Test {
 protected:
  void Write(const ParameterLayout& layout, uint64_t max_shard_bytes = 1 << 20,
             const std::string& dtype = "F32") {
    ASSERT_TRUE(
        WriteSafetensors(folder_.path(), "model", dtype, Tensors(layout), max_shard_bytes).ok());
  }
  std::string OpenError() {
    const auto files = WeightFiles::Open(folder_.path());
    return files.ok() ? "accepted" : files.status().message();
  }
  std::string CheckError(const std::string& dtype = "float32") {
    const auto files = WeightFiles::Open(folder_.path());
    if (!files.ok()) return files.status().message();
    const Status status = files->Check(kLayout, dtype);
    return status.ok() ? "accepted" : status.message();
  }
  // Replaces `from` in a file, which has it.
  void Replace(const std::string& name, const std::string& from, const std::string& to) {
    std::string text = *ReadFile(folder_.File(name));
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos);
    folder_.Write(name, text.replace(at, from.size(), to));
  }
  const std::string single_ = "model.safetensors";
  const std::string index_ = "model.safetensors.index.json";
  const std::string shard1_ = "model-00001-of-00002.safetensors";
  const std::string shard2_ = "model-00002-of-00002.safetensors";
  TemporaryFolder folder_;
  ThreadPool pool_{2};
};

TEST_F(WeightFilesTest, ReadsOneFileAndShardsAlike) {
  for (const uint64_t max_bytes : {1 << 20, 20}) {
    const TemporaryFolder folder;
    ASSERT_TRUE(WriteSafetensors(folder.path(), "model", "F32", Tensors(kLayout), max_bytes).ok());
    const auto files = WeightFiles::Open(folder.path());
    ASSERT_TRUE(files.ok()) << files.status().message();
    ASSERT_TRUE(files->Check(kLayout, "float32").ok());
    std::vector<double> values(kLayout.size());
    ASSERT_TRUE(files->Read<double>(kLayout, &pool_, values).ok());
    EXPECT_EQ(values, (std::vector<double>{0, 1, 2, 3, 4, 5, 0, 1, 2, 3}));
  }
}

TEST_F(WeightFilesTest, NamesTheFolderWithoutWeights) {
  EXPECT_EQ(OpenError(), folder_.path() +
                             ": must hold model.safetensors or "
                             "model.safetensors.index.json");
}

TEST_F(WeightFilesTest, NamesFileTensorAndShapes) {
  Write(ParameterLayout({{.name = "a", .shape = {3, 2}}, {.name = "b", .shape = {4}}}));
  const std::string file = folder_.File(single_);
  EXPECT_EQ(CheckError(), file + ": tensor a must have shape [2, 3]: [3, 2]");
  Write(ParameterLayout({{.name = "a", .shape = {2, 3}}}));
  EXPECT_EQ(CheckError(), file + ": tensor b of shape [4] must be there: missing");
  Write(ParameterLayout(
      {{.name = "a", .shape = {2, 3}}, {.name = "b", .shape = {4}}, {.name = "c", .shape = {1}}}));
  EXPECT_EQ(CheckError(), file +
                              ": tensor c of shape [1] must not be there: config.json describes "
                              "no such tensor");
  Write(kLayout, 1 << 20, "BF16");
  EXPECT_EQ(CheckError("float32"), file + ": tensor a must have dtype F32: BF16");
  EXPECT_EQ(CheckError(""), "accepted");
}

TEST_F(WeightFilesTest, PassesOverATiedHeadThatWasStored) {
  Write(ParameterLayout({{.name = "a", .shape = {2, 3}},
                         {.name = "b", .shape = {4}},
                         {.name = "lm_head.weight", .shape = {2}}}));
  EXPECT_EQ(CheckError(), "accepted");
}

TEST_F(WeightFilesTest, RefusesATruncatedFile) {
  Write(kLayout);
  const std::string bytes = *ReadFile(folder_.File(single_));
  folder_.Write(single_, bytes.substr(0, bytes.size() - 5));
  EXPECT_EQ(OpenError(),
            folder_.File(single_) + ": must have 40 bytes of tensor data, as its header says: 35");
}

TEST_F(WeightFilesTest, RefusesShardsThatDisagreeWithTheIndex) {
  Write(kLayout, /*max_shard_bytes=*/20);
  EXPECT_EQ(CheckError(), "accepted");
  Replace(index_, "\"total_size\": 40", "\"total_size\": 44");
  EXPECT_EQ(OpenError(), folder_.File(index_) +
                             ": metadata.total_size must be 40, the bytes of all tensors: 44");
  Write(kLayout, 20);
  Replace(index_, shard2_, shard1_);
  EXPECT_EQ(OpenError(), folder_.File(index_) + ": tensor b must lie in " + shard1_ + ": missing");
  Write(kLayout, 20);
  Replace(index_, "\"a\"", "\"x\"");
  EXPECT_EQ(OpenError(),
            folder_.File(shard1_) + ": tensor a must lie in the shard its index names: none");
  Write(kLayout, 20);
  std::filesystem::remove(folder_.File(shard2_));
  EXPECT_THAT(OpenError(), testing::StartsWith(folder_.File(shard2_) + " ("));
}

TEST_F(WeightFilesTest, RefusesATensorThatLiesTwice) {
  Write(kLayout, /*max_shard_bytes=*/20);
  ASSERT_TRUE(
      WriteSafetensors(folder_.path(), "model-00002-of-00002", "F32", Tensors(kLayout), 1000).ok());
  EXPECT_EQ(OpenError(),
            folder_.File(shard2_) + ": tensor a must lie in the shard its index names: " + shard1_);
}

TEST_F(WeightFilesTest, RefusesALinkOutOfItsFolder) {
  Write(kLayout);
  const TemporaryFolder other;
  std::filesystem::rename(folder_.File(single_), other.File(single_));
  std::filesystem::create_symlink(other.File(single_), folder_.File(single_));
  EXPECT_EQ(OpenError(), folder_.File(single_) + ": must not be a link out of its folder: " +
                             std::filesystem::canonical(other.File(single_)).string());
  std::filesystem::remove(folder_.File(single_));
  std::filesystem::rename(other.File(single_), folder_.File("real"));
  std::filesystem::create_symlink("real", folder_.File(single_));
  EXPECT_EQ(CheckError(), "accepted");
}

TEST_F(WeightFilesTest, NamesTheTensorThatIsNotFinite) {
  Write(kLayout);
  std::string bytes = *ReadFile(folder_.File(single_));
  const float infinity = std::numeric_limits<float>::infinity();
  bytes.replace(bytes.size() - 8, 4, reinterpret_cast<const char*>(&infinity), 4);
  folder_.Write(single_, bytes);
  const auto files = WeightFiles::Open(folder_.path());
  ASSERT_TRUE(files.ok());
  std::vector<float> values(kLayout.size());
  EXPECT_EQ(files->Read<float>(kLayout, &pool_, values).message(),
            folder_.File(single_) + ": tensor b must be finite: inf at element 2");
}

}  // namespace
}  // namespace winnow::model
