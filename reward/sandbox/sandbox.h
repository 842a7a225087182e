#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "reward/interface.h"
#include "reward/sandbox/descriptor.h"
#include "reward/sandbox/protocol.h"
#include "reward/sandbox/run_result.h"

namespace winnow::reward::sandbox {

struct RunRequest {
  std::vector<std::string> arguments;  // [0]: an absolute path in the sandbox
  std::string_view stdin_bytes;
  RunLimits limits;
  uint32_t flags = 0;  // RunFlags
};

// One sandbox for model-written code: bubblewrap with user, process, mount, network, IPC and UTS
// namespaces of its own, a read-only /usr, a private /proc, /dev and /tmp (64 MiB), no home; inside
// it, per process: Landlock, no-new-privileges, a seccomp allow-list and resource limits
// (docs/sandbox.md). Started by root it runs as a user that exists nowhere else.
// Place:     one sandbox a program; its runs follow each other, each with an emptied /tmp.
// Threads:   one thread, which must live until destruction: its end kills the sandbox.
// Ownership: holds the processes; destruction kills and reaps them all.
// Blocks:    Start, up to 10 s; Run, until the program's end, its limits or the deadline.
// Errors:    kUnavailable with the reason if the sandbox fails or the kernel killed a process for
//            want of memory during a run that failed; kDeadlineExceeded if the deadline came first.
//            Neither says anything about the program. Afterwards only destruction.
class Sandbox {
 public:
  static Result<Sandbox> Start();
  Sandbox(Sandbox&& other) noexcept;
  Sandbox& operator=(Sandbox&&) = delete;
  ~Sandbox();

  // Makes /box/NAME, which programs can read and not change. REQUIRES: NAME is a plain file name.
  Status PutFile(std::string_view name, std::string_view content);
  Result<RunResult> Run(const RunRequest& request, Deadline deadline = Deadline::Never());
  // Process 1 of the sandbox as this process sees it.
  pid_t init_id() const { return init_id_; }

 private:
  Sandbox() = default;
  Status Launch();
  Status AwaitReady();
  Status Send(FrameType type, std::initializer_list<std::string_view> pieces);
  // The next frame, until `deadline`.
  Result<std::string> Receive(FrameType* type, double deadline_s);
  Status ReadExactly(void* data, size_t size, double deadline_s);
  Status Broken(std::string_view what);
  void Kill();

  Descriptor control_;       // our end of the init's socket
  Descriptor complaints_;    // memory file: what bubblewrap wrote to stderr
  Descriptor init_process_;  // pidfd of the init
  pid_t init_id_ = 0;
  pid_t bubblewrap_ = -1;
};

// Why code cannot run here, kFailedPrecondition `NAME (reason)`; else one line for `winnow doctor`.
// Starts a sandbox and runs /usr/bin/true in it.
Result<std::string> DescribeSandbox();

}  // namespace winnow::reward::sandbox
