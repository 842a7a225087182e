#include "cli/job_file.h"

#include <cstdio>

#include "base/log.h"

namespace winnow::cli {
namespace {

LogLevel LevelOf(const std::string& name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warn") return LogLevel::kWarning;
  return name == "error" ? LogLevel::kError : LogLevel::kInfo;
}

}  // namespace

Result<Config> ReadJob(const std::string& path, const std::vector<std::string>& sets,
                       Purpose purpose) {
  Config config;
  std::vector<std::string> messages;
  std::vector<std::string> notices;
  const bool ok = LoadConfig({.path = path,
                              .sets = sets,
                              .environment = ProcessEnvironment(),
                              .purpose = purpose,
                              .check_files = purpose != Purpose::kShow},
                             &config, &messages, &notices);
  for (const std::string& notice : notices) std::fprintf(stderr, "%s\n", notice.c_str());
  if (ok) {
    SetLogLevel(LevelOf(config.String("run.log_level")));
    return config;
  }
  std::string text;
  for (const std::string& message : messages) {
    if (!text.empty()) text += "\n";
    text += message;
  }
  return InvalidArgument(text);
}

}  // namespace winnow::cli
