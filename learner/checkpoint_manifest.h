#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "learner/checkpoint.h"

namespace winnow::learner {

// One file of a checkpoint, as its manifest lists it.
struct ManifestFile {
  std::string path;  // relative to the checkpoint's folder
  uint64_t bytes = 0;
  std::string digest;
};

inline constexpr std::string_view kManifestName = "MANIFEST.json";

// Size and digest of every regular file below `folder`, sorted by path, without the manifest.
Result<std::vector<ManifestFile>> ListFiles(const std::string& folder);

// The text of MANIFEST.json; holds a digest of itself, so that a flipped bit anywhere is seen.
std::string WriteManifest(const CheckpointManifest& manifest,
                          const std::vector<ManifestFile>& files);
// Errors: kDataLoss naming what is wrong.
Status ReadManifest(std::string_view text, CheckpointManifest* manifest,
                    std::vector<ManifestFile>* files);

}  // namespace winnow::learner
