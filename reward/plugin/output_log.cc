#include "reward/plugin/output_log.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>

#include "base/check.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/format.h"
#include "base/log.h"
#include "reward/verdict.h"

namespace winnow::reward::plugin {
namespace {

constexpr Logger kLog("verifier");
constexpr size_t kMaxLineBytes = 4096;

void OpenPipe(sandbox::Descriptor* read, sandbox::Descriptor* write) {
  int ends[2];
  WINNOW_CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
  *read = sandbox::Descriptor(ends[0]);
  *write = sandbox::Descriptor(ends[1]);
}

}  // namespace

OutputLog::OutputLog(std::string path) : path_(std::move(path)) {
  OpenPipe(&read_, &write_);
  OpenPipe(&stop_read_, &stop_write_);
  thread_ = std::thread([this] { Drain(); });
}

OutputLog::~OutputLog() {
  stop_write_.Close();
  thread_.join();
}

std::vector<std::string> OutputLog::LastLines() {
  // The writer is gone, its last bytes may still be on their way through the thread.
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const std::lock_guard lock(mutex_);
  return {last_lines_.begin(), last_lines_.end()};
}

void OutputLog::Drain() {
  std::string text;
  char bytes[8192];
  for (bool stopped = false; !stopped;) {
    pollfd watched[2] = {{read_.get(), POLLIN, 0}, {stop_read_.get(), POLLIN, 0}};
    if (poll(watched, 2, -1) < 0) continue;
    stopped = watched[1].revents != 0;
    if ((watched[0].revents & POLLIN) == 0) continue;
    const ssize_t size = read(read_.get(), bytes, sizeof(bytes));
    if (size <= 0) continue;
    text.append(bytes, static_cast<size_t>(size));
    for (size_t end; (end = text.find('\n')) != std::string::npos || text.size() > kMaxLineBytes;) {
      end = std::min({end, text.size(), kMaxLineBytes});
      Take(text.substr(0, end));
      text.erase(0, std::min(end + 1, text.size()));
    }
  }
  if (!text.empty()) Take(std::move(text));
}

void OutputLog::Take(std::string line) {
  line = CleanReason(line);
  {
    const std::lock_guard lock(mutex_);
    last_lines_.push_back(line);
    if (last_lines_.size() > kKeptLines) last_lines_.pop_front();
  }
  const double now = MonotonicSeconds();
  if (now - window_start_ > kWindowSeconds) {
    if (num_dropped_ > 0) Write(Format("({} lines were dropped)", num_dropped_));
    window_start_ = now;
    num_lines_ = num_dropped_ = 0;
  }
  if (num_lines_++ < kLinesPerWindow) {
    Write(line);
  } else {
    ++num_dropped_;
  }
}

void OutputLog::Write(const std::string& line) {
  const bool has_folder =
      !path_.empty() && std::filesystem::exists(std::filesystem::path(path_).parent_path());
  if (has_folder) {
    Result<WritableFile> file = WritableFile::Append(path_);
    if (file.ok() && file->Write(line + "\n").ok()) return;
  }
  kLog.Info(line);
}

}  // namespace winnow::reward::plugin
