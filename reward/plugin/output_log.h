#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "reward/sandbox/descriptor.h"

namespace winnow::reward::plugin {

// What workers write to stdout and stderr: drained at once, so that a full pipe stops nobody;
// written to a file, or to the log if there is none; at most kLinesPerWindow lines in
// kWindowSeconds, the rest is counted.
// Threads: own thread drains; LastLines from any.
class OutputLog {
 public:
  static constexpr size_t kLinesPerWindow = 100;
  static constexpr double kWindowSeconds = 10;
  static constexpr size_t kKeptLines = 20;

  // `path` "" or in a folder that does not exist: the log. Created with the first line.
  explicit OutputLog(std::string path);
  ~OutputLog();

  // For workers to write to.
  int descriptor() const { return write_.get(); }
  // The last kKeptLines lines, after a moment for what is still in the pipe.
  std::vector<std::string> LastLines();

 private:
  void Drain();
  void Take(std::string line);
  void Write(const std::string& line);

  const std::string path_;
  sandbox::Descriptor read_, write_, stop_read_, stop_write_;
  std::mutex mutex_;
  std::deque<std::string> last_lines_;  // Guarded by mutex_.
  double window_start_ = 0;             // The rest belongs to thread_.
  size_t num_lines_ = 0;
  size_t num_dropped_ = 0;
  std::thread thread_;
};

}  // namespace winnow::reward::plugin
