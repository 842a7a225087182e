#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace winnow {
namespace {

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

spdlog::logger& Shared() {
  // Leaked on purpose: threads may log while static objects are destroyed.
  static auto* logger = [] {
    auto* made = new spdlog::logger("winnow", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("[%l] %v");
    made->set_level(spdlog::level::info);
    made->flush_on(spdlog::level::warn);
    return made;
  }();
  return *logger;
}

}  // namespace

void Logger::Write(LogLevel level, std::string_view message) const {
  Shared().log(ToSpdlog(level), "{}: {}", folder_, message);
}

void SetLogLevel(LogLevel level) { Shared().set_level(ToSpdlog(level)); }

}  // namespace winnow
