#include "model/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/philox.h"
#include "tests/model/tiny_model.h"

namespace winnow::model {
namespace {

// The error of a header over `data_bytes` bytes of data, or "accepted".
std::string Parse(const std::string& json, uint64_t data_bytes) {
  const auto tensors = ParseSafetensorsHeader(json, data_bytes, "f");
  return tensors.ok() ? "accepted" : tensors.status().message();
}

std::string Tensor(const std::string& name, const std::string& dtype, const std::string& shape,
                   const std::string& offsets) {
  return Format(R"("{}": {{"dtype": "{}", "shape": {}, "data_offsets": {}}})", name, dtype, shape,
                offsets);
}

TEST(SafetensorsHeaderTest, AcceptsTensorsInAnyOrder) {
  const std::string json =
      "{\"__metadata__\": {\"format\": \"pt\"}, " + Tensor("b", "F32", "[2, 1]", "[4, 12]") + ", " +
      Tensor("a", "BF16", "[2]", "[0, 4]") + ", " + Tensor("empty", "F32", "[0, 7]", "[12, 12]") +
      ", " + Tensor("scalar", "U8", "[]", "[12, 13]") + "}   ";
  const auto tensors = ParseSafetensorsHeader(json, 13, "f");
  ASSERT_TRUE(tensors.ok()) << tensors.status().message();
  ASSERT_EQ(tensors->size(), 4u);
  EXPECT_EQ((*tensors)[0].name, "a");
  EXPECT_EQ((*tensors)[1].shape, (std::vector<uint64_t>{2, 1}));
  EXPECT_EQ((*tensors)[3].num_elements, 1u);
}

TEST(SafetensorsHeaderTest, RefusesSizesThatDoNotFit) {
  EXPECT_EQ(Parse("{" + Tensor("a", "F32", "[2]", "[0, 4]") + "}", 4),
            "f: tensor a must have 8 bytes by dtype F32 and shape [2]: [0, 4]");
  EXPECT_EQ(Parse("{" + Tensor("a", "F32", "[2]", "[8, 0]") + "}", 8),
            "f: tensor a must have 8 bytes by dtype F32 and shape [2]: [8, 0]");
  const std::string huge = "[9223372036854775808, 4]";
  EXPECT_EQ(Parse("{" + Tensor("a", "F32", huge, "[0, 0]") + "}", 0),
            "f: tensor a must have a size below 2^64 bytes: shape " + huge);
  EXPECT_EQ(Parse("{" + Tensor("a", "F32", "[0, 9223372036854775808, 4]", "[0, 0]") + "}", 0),
            "f: tensor a must have a size below 2^64 bytes: shape [0, 9223372036854775808, 4]");
  EXPECT_EQ(Parse("{" + Tensor("a", "F31", "[2]", "[0, 8]") + "}", 8),
            "f: tensor a must have a known dtype: F31");
  EXPECT_EQ(Parse("{" + Tensor("a", "U8", "[1,1,1,1,1,1,1,1,1]", "[0, 1]") + "}", 1),
            "f: tensor a must have at most 8 entries in shape");
}

TEST(SafetensorsHeaderTest, RefusesRangesThatOverlapOrLeaveGaps) {
  const std::string first = Tensor("a", "F32", "[2]", "[0, 8]");
  EXPECT_EQ(Parse("{" + first + ", " + Tensor("b", "F32", "[2]", "[4, 12]") + "}", 12),
            "f: tensor b must begin where the one before ends, at 8: 4");
  EXPECT_EQ(Parse("{" + first + ", " + Tensor("b", "F32", "[2]", "[12, 20]") + "}", 20),
            "f: tensor b must begin where the one before ends, at 8: 12");
  EXPECT_EQ(Parse("{" + first + "}", 9),
            "f: must have 8 bytes of tensor data, as its header says: 9");
  EXPECT_EQ(Parse("{" + first + "}", 7),
            "f: must have 8 bytes of tensor data, as its header says: 7");
}

TEST(SafetensorsHeaderTest, RefusesOtherStructures) {
  EXPECT_EQ(Parse(R"({"a": 3})", 0), "f: tensor a must be an object");
  EXPECT_EQ(Parse(R"({"a": {"dtype": "F32"}})", 0),
            "f: tensor a must have dtype, shape and two data_offsets");
  EXPECT_EQ(Parse(R"({"a": {"dtype": "F32", "more": 1}})", 0),
            "f: tensor a must have dtype, shape, data_offsets only: more");
  EXPECT_EQ(Parse(R"({"a": {"dtype": "F32", "shape": [[1]], "data_offsets": [0, 4]}})", 4),
            "f: shape must not hold a list");
  EXPECT_EQ(Parse(R"({"a": {"dtype": "F32", "shape": {"x": 1}, "data_offsets": [0, 4]}})", 4),
            "f: a must not hold an object at shape");
  EXPECT_EQ(Parse(R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0]}})", 4),
            "f: tensor a must have dtype, shape and two data_offsets");
  EXPECT_EQ(Parse(R"({"__metadata__": {"format": 1}})", 0),
            "f: __metadata__ must map names to strings");
  EXPECT_EQ(Parse("{" + Tensor("a", "U8", "[0]", "[0, 0]") + "," +
                      Tensor("a", "U8", "[0]", "[0, 0]") + "}",
                  0),
            "f: duplicate key: a");
}

// Keyed edits of a good header: whatever is accepted has exact, disjoint ranges inside the data.
TEST(SafetensorsHeaderTest, AcceptsOnlyExactRangesUnderMutation) {
  const std::string good = "{\"__metadata__\": {\"format\": \"pt\"}, " +
                           Tensor("a", "F32", "[2, 3]", "[0, 24]") + ", " +
                           Tensor("b", "BF16", "[10]", "[24, 44]") + ", " +
                           Tensor("c", "U8", "[0, 5]", "[44, 44]") + "}";
  constexpr uint64_t kData = 44;
  ASSERT_EQ(Parse(good, kData), "accepted");
  const std::string alphabet =
      "0123456789[]{},:\"-.eE \\u\x01\xff"
      "aBF";
  const auto hash = StreamHash({.seed = 1});
  size_t accepted = 0;
  for (uint32_t round = 0; round < 20000; ++round) {
    std::string json = good;
    const auto words = Draw(hash, round, NoisePurpose::kInverseCdf, 0);
    for (uint32_t edit = 0; edit <= words[3] % 3; ++edit) {
      const auto w = Draw(hash, round, NoisePurpose::kGumbel, edit);
      const size_t at = w[0] % json.size();
      const char c = alphabet[w[1] % alphabet.size()];
      switch (w[2] % 3) {
        case 0:
          json[at] = c;
          break;
        case 1:
          json.insert(at, 1, c);
          break;
        case 2:
          json.erase(at, 1 + w[3] % 4);
          break;
      }
      if (json.empty()) json = "{";
    }
    const auto tensors = ParseSafetensorsHeader(json, kData, "f");
    if (!tensors.ok()) {
      ASSERT_EQ(tensors.status().code(), StatusCode::kInvalidArgument);
      continue;
    }
    ++accepted;
    uint64_t end = 0;
    for (const TensorInfo& info : *tensors) {
      uint64_t bytes = DtypeBytes(info.dtype);
      for (const uint64_t extent : info.shape) bytes *= extent;
      ASSERT_EQ(info.begin, end) << json;
      ASSERT_EQ(info.end - info.begin, bytes) << json;
      end = info.end;
    }
    ASSERT_EQ(end, kData) << json;
  }
  EXPECT_GT(accepted, 100u) << "some edits, such as of names, are harmless";
  EXPECT_LT(accepted, 10000u);
}

TEST(ShardIndexTest, ReadsTheMapAndTheSize) {
  const auto index = ParseShardIndex(
      R"({"metadata": {"total_size": 12}, "weight_map": {"b": "m-2.safetensors", "a": "m-1.safetensors"}})",
      "i");
  ASSERT_TRUE(index.ok()) << index.status().message();
  EXPECT_EQ(index->total_size, 12u);
  ASSERT_EQ(index->entries.size(), 2u);
  EXPECT_EQ(index->entries[0].tensor, "a");
  EXPECT_EQ(index->entries[0].shard, "m-1.safetensors");
}

TEST(ShardIndexTest, RefusesNamesThatAreNoPlainFiles) {
  for (const char* name : {"../a.safetensors", "/a.safetensors", "a.bin", ".safetensors",
                           "a b.safetensors", "a.safetensors/", "a\\\\b.safetensors"}) {
    const auto index = ParseShardIndex(
        Format(R"({{"metadata": {{"total_size": 1}}, "weight_map": {{"a": "{}"}}}})", name), "i");
    EXPECT_FALSE(index.ok()) << name;
  }
  const auto without = ParseShardIndex(R"({"weight_map": {"a": "a.safetensors"}})", "i");
  EXPECT_EQ(without.status().message(), "i: metadata.total_size must be there: missing");
}

class SafetensorsFileTest : public testing::Test {
 protected:
  // A file of `header` and `data`, whose length field says `length` (0: what is true).
  std::string Write(const std::string& header, const std::string& data, uint64_t length = 0) {
    const uint64_t n = length > 0 ? length : header.size();
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &n, 8);
    folder_.Write("m.safetensors", bytes + header + data);
    return folder_.File("m.safetensors");
  }
  TemporaryFolder folder_;
};

TEST_F(SafetensorsFileTest, ConvertsStoredFormats) {
  const float f32 = 1.5f;
  const uint16_t bf16 = 0x4000, f16 = 0x4200;
  std::string data(8, '\0');
  std::memcpy(&data[0], &f32, 4);
  std::memcpy(&data[4], &bf16, 2);
  std::memcpy(&data[6], &f16, 2);
  const auto file = SafetensorsFile::Open(Write("{" + Tensor("a", "F32", "[1]", "[0, 4]") + "," +
                                                    Tensor("b", "BF16", "[1]", "[4, 6]") + "," +
                                                    Tensor("c", "F16", "[1]", "[6, 8]") + "}",
                                                data));
  ASSERT_TRUE(file.ok()) << file.status().message();
  float value = 0;
  for (const auto& [name, want] : {std::pair{"a", 1.5f}, {"b", 2.0f}, {"c", 3.0f}}) {
    ASSERT_TRUE(file->ReadReals(*file->Find(name), 0, 1, &value).ok());
    EXPECT_EQ(value, want);
  }
  EXPECT_EQ(file->Find("d"), nullptr);
}

TEST_F(SafetensorsFileTest, RefusesLengthsBeyondTheFileOrTheLimit) {
  const std::string path = Write("{}", "", /*length=*/3);
  EXPECT_EQ(SafetensorsFile::Open(path).status().message(),
            path + ": header of 3 bytes must lie inside the file of 10 bytes");
  Write("{}", "", /*length=*/~uint64_t{0});
  EXPECT_EQ(SafetensorsFile::Open(path).status().message(),
            path + ": header must have at most 100000000 bytes: 18446744073709551615");
  folder_.Write("m.safetensors", "short");
  EXPECT_EQ(SafetensorsFile::Open(path).status().message(),
            path + ": must have at least 8 bytes: 5");
  EXPECT_EQ(SafetensorsFile::Open(path + "x").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace winnow::model
