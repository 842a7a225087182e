#include "learner/checkpoint_manifest.h"

#include "gtest/gtest.h"

namespace winnow::learner {
namespace {

const CheckpointManifest kManifest = {.step = 1200,
                                      .policy_version = 1200,
                                      .weights_digest = "00112233445566778899aabbccddeeff",
                                      .hist_seq = 77,
                                      .hist_digest = "ffeeddccbbaa99887766554433221100"};
const std::vector<ManifestFile> kFiles = {{"history/CURRENT", 16, "aa"}, {"state.json", 2, "bb"}};

TEST(CheckpointManifestTest, IsReadAsItWasWritten) {
  CheckpointManifest manifest;
  std::vector<ManifestFile> files;
  ASSERT_TRUE(ReadManifest(WriteManifest(kManifest, kFiles), &manifest, &files).ok());
  EXPECT_EQ(manifest.step, 1200u);
  EXPECT_EQ(manifest.hist_seq, 77u);
  EXPECT_EQ(manifest.hist_digest, kManifest.hist_digest);
  EXPECT_EQ(manifest.weights_digest, kManifest.weights_digest);
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].path, "history/CURRENT");
  EXPECT_EQ(files[1].bytes, 2u);
}

TEST(CheckpointManifestTest, AFlippedBitAnywhereIsSeen) {
  const std::string text = WriteManifest(kManifest, kFiles);
  CheckpointManifest manifest;
  std::vector<ManifestFile> files;
  for (size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    const Status status = ReadManifest(damaged, &manifest, &files);
    // White space carries no meaning, and a flip of it to another white space is none.
    if (status.ok()) {
      EXPECT_EQ(WriteManifest(manifest, files), text) << "byte " << i;
    } else {
      EXPECT_EQ(status.code(), StatusCode::kDataLoss);
    }
  }
}

}  // namespace
}  // namespace winnow::learner
