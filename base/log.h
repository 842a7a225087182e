#pragma once

#include <string>
#include <string_view>

namespace winnow {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// The logger of one folder: `const Logger log("store");` at file scope, then `log.Info(...)`.
// Lines go to stderr as `[level] folder: message`. Thread-safe; never blocks on anything but
// stderr.
class Logger {
 public:
  explicit constexpr Logger(std::string_view folder) : folder_(folder) {}
  void Debug(std::string_view message) const { Write(LogLevel::kDebug, message); }
  void Info(std::string_view message) const { Write(LogLevel::kInfo, message); }
  void Warning(std::string_view message) const { Write(LogLevel::kWarning, message); }
  void Error(std::string_view message) const { Write(LogLevel::kError, message); }

 private:
  void Write(LogLevel level, std::string_view message) const;
  std::string_view folder_;
};

// Lines below `level` are dropped, process-wide. Default kInfo.
void SetLogLevel(LogLevel level);

}  // namespace winnow
