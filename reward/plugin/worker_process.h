#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "reward/interface.h"
#include "reward/sandbox/descriptor.h"

namespace winnow::reward::plugin {

using sandbox::Descriptor;

// How messages are told apart on a stream: u32 little-endian length and bytes, or lines.
enum class Framing { kBinary, kLines };

inline constexpr size_t kMaxRequestBytes = 64 << 20;
inline constexpr size_t kMaxReplyBytes = 1 << 20;

// A worker behind its two sockets: `data` carries messages, `control` leads to its keeper (the
// reaper, or a forked Python keeper), which ends the worker with everything it has started as soon
// as the host hangs up: also when the host itself is killed.
// Threads:   one at a time.
// Ownership: the worker; destruction ends it.
// Blocks:    Send and Receive until their deadline, End for at most kEndSeconds.
class WorkerProcess {
 public:
  static constexpr double kEndSeconds = 5;

  // `keeper`: a child of this process to wait for; 0 if the keeper is somebody else's child.
  WorkerProcess(Descriptor data, Descriptor control, Framing framing, pid_t keeper);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  // False if the worker is gone or does not read before the deadline.
  bool Send(std::string_view message, Deadline deadline);

  enum class Received { kMessage, kTimeout, kClosed, kTooLong };
  Received Receive(std::string* message, Deadline deadline);

  // Hangs up and waits until the worker and all below it are gone. With `let_end` a worker that is
  // ending already gets a moment to do so by itself. Says how it ended: "exit code 0",
  // "signal 11 (Segmentation fault)"; "" if nobody knows.
  std::string End(bool let_end);

  // Bytes of memory that the worker itself holds; 0 if unknown.
  uint64_t ResidentBytes();
  int data() const { return data_.get(); }

 private:
  bool TakeMessage(std::string* message, Received* received);
  void ReadControl(Deadline deadline, bool until_end);

  const Descriptor data_;
  Descriptor control_;
  const Framing framing_;
  const pid_t keeper_;
  std::string buffer_;  // received, from taken_ on not yet taken
  size_t taken_ = 0;
  std::string control_text_;
  pid_t pid_ = 0;
};

}  // namespace winnow::reward::plugin
