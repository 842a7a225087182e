#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "cli/config/config.h"

namespace winnow::cli {

// A folder with job files and what reading them gives. Files named in a job need not exist.
class JobFile {
 public:
  JobFile() {
    // In memory where that is possible: some tests write thousands of files.
    const std::filesystem::path memory = "/dev/shm";
    const bool has_memory = std::filesystem::is_directory(memory);
    std::string pattern =
        ((has_memory ? memory : std::filesystem::temp_directory_path()) / "winnow_cfg_XXXXXX")
            .string();
    WINNOW_CHECK(mkdtemp(pattern.data()) != nullptr);
    folder_ = std::filesystem::canonical(pattern).string();
  }
  ~JobFile() { std::filesystem::remove_all(folder_); }
  JobFile(const JobFile&) = delete;
  JobFile& operator=(const JobFile&) = delete;

  const std::string& folder() const { return folder_; }

  void Write(const std::string& name, std::string_view text) {
    const std::filesystem::path path = std::filesystem::path(folder_) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }

  // Reads job.yaml, written with `text`.
  bool Load(std::string_view text, Purpose purpose = Purpose::kTrain) {
    Write("job.yaml", text);
    return LoadNamed("job.yaml", purpose);
  }

  bool LoadNamed(const std::string& name, Purpose purpose = Purpose::kTrain) {
    LoadRequest request;
    request.path = name;
    request.sets = sets;
    request.environment = environment;
    request.purpose = purpose;
    request.working_folder = folder_;
    request.check_files = check_files;
    return LoadConfig(request, &config, &messages, &notices);
  }

  // The messages without the last line, which counts them.
  std::vector<std::string> Mistakes() const {
    return messages.empty() ? messages
                            : std::vector<std::string>(messages.begin(), messages.end() - 1);
  }

  std::vector<std::string> sets;
  std::map<std::string, std::string> environment;
  bool check_files = false;
  Config config;
  std::vector<std::string> messages;
  std::vector<std::string> notices;

 private:
  std::string folder_;
};

// Sections that every training job needs, on four lines; what a test adds begins at line 5.
inline constexpr char kBasis[] =
    "model: {path: m}\n"
    "data: {train_files: [t.jsonl]}\n"
    "reward: {verifier: exact}\n"
    "trainer: {total_training_steps: 10}\n";

}  // namespace winnow::cli
