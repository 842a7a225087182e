#include "learner/checkpoint_manifest.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/digest.h"
#include "base/file.h"
#include "base/format.h"

namespace winnow::learner {
namespace {

constexpr std::string_view kFormat = "winnow-checkpoint/1";
constexpr size_t kReadBytes = 1 << 20;

Result<ManifestFile> DescribeFile(const std::string& folder, const std::string& relative) {
  WINNOW_ASSIGN_OR_RETURN(const RandomAccessFile file,
                          RandomAccessFile::Open(folder + "/" + relative));
  Digester digester;
  std::vector<char> buffer(kReadBytes);
  for (uint64_t offset = 0; offset < file.size_bytes(); offset += kReadBytes) {
    const size_t size =
        static_cast<size_t>(std::min<uint64_t>(kReadBytes, file.size_bytes() - offset));
    WINNOW_RETURN_IF_ERROR(file.Read(offset, size, buffer.data()));
    digester.Add(buffer.data(), size);
  }
  return ManifestFile{
      .path = relative, .bytes = file.size_bytes(), .digest = ToHex(digester.Finish())};
}

}  // namespace

Result<std::vector<ManifestFile>> ListFiles(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<std::string> paths;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (!it->is_directory(error)) {
      paths.push_back(it->path().lexically_relative(folder).generic_string());
    }
  }
  if (error) return Unavailable(Format("{} ({})", folder, error.message()));
  std::sort(paths.begin(), paths.end());
  std::vector<ManifestFile> files;
  for (const std::string& path : paths) {
    if (path == kManifestName) continue;
    WINNOW_ASSIGN_OR_RETURN(ManifestFile file, DescribeFile(folder, path));
    files.push_back(std::move(file));
  }
  return files;
}

std::string WriteManifest(const CheckpointManifest& manifest,
                          const std::vector<ManifestFile>& files) {
  nlohmann::ordered_json json = {{"format", kFormat},
                                 {"step", manifest.step},
                                 {"policy_version", manifest.policy_version},
                                 {"weights_digest", manifest.weights_digest},
                                 {"hist_seq", manifest.hist_seq},
                                 {"hist_digest", manifest.hist_digest},
                                 {"learner_ranks", 1},
                                 {"files", nlohmann::ordered_json::array()}};
  for (const ManifestFile& file : files) {
    json["files"].push_back({{"path", file.path}, {"bytes", file.bytes}, {"digest", file.digest}});
  }
  json["manifest_digest"] = ToHex(DigestOf(json.dump()));
  return json.dump(2) + "\n";
}

Status ReadManifest(std::string_view text, CheckpointManifest* manifest,
                    std::vector<ManifestFile>* files) {
  nlohmann::ordered_json json =
      nlohmann::ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("format") || json["format"] != kFormat) {
    return DataLoss(Format("manifest is not a JSON object of format {}", kFormat));
  }
  if (!json.contains("manifest_digest") || !json["manifest_digest"].is_string()) {
    return DataLoss("manifest has no manifest_digest");
  }
  const std::string digest = json["manifest_digest"].get<std::string>();
  json.erase("manifest_digest");
  if (ToHex(DigestOf(json.dump())) != digest) return DataLoss("manifest does not match its digest");
  // The digest matched: the keys and types are those that WriteManifest wrote.
  manifest->step = json["step"].get<uint64_t>();
  manifest->policy_version = json["policy_version"].get<uint64_t>();
  manifest->weights_digest = json["weights_digest"].get<std::string>();
  manifest->hist_seq = json["hist_seq"].get<uint64_t>();
  manifest->hist_digest = json["hist_digest"].get<std::string>();
  files->clear();
  for (const auto& file : json["files"]) {
    files->push_back({.path = file["path"].get<std::string>(),
                      .bytes = file["bytes"].get<uint64_t>(),
                      .digest = file["digest"].get<std::string>()});
  }
  return OkStatus();
}

}  // namespace winnow::learner
