#include "reward/sandbox/init/run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <initializer_list>

#include "reward/sandbox/init/frames.h"
#include "reward/sandbox/init/usage.h"

namespace winnow::reward::sandbox {
namespace {

constexpr int kSampleMs = 10;  // between two looks at what the processes use

uint64_t NowUs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

// A pipe whose far end goes to the program. Near ends never block.
struct Pipe {
  int read_fd = -1, write_fd = -1;
  bool Open() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    read_fd = ends[0];
    write_fd = ends[1];
    return true;
  }
  void CloseRead() { Close(&read_fd); }
  void CloseWrite() { Close(&write_fd); }
  static void Close(int* fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
  }
};

// What the program wrote to one pipe: the first `keep` bytes, and how many there were.
class Stream {
 public:
  Pipe pipe;
  bool Open(uint32_t keep) {
    keep_ = keep;
    bytes_ = static_cast<char*>(malloc(keep));
    return bytes_ != nullptr && pipe.Open() && fcntl(pipe.read_fd, F_SETFL, O_NONBLOCK) == 0;
  }
  ~Stream() {
    free(bytes_);
    pipe.CloseRead();
    pipe.CloseWrite();
  }
  // Takes what is there now; closes the pipe at its end.
  void Drain() {
    char block[32768];
    while (pipe.read_fd >= 0) {
      const ssize_t got = read(pipe.read_fd, block, sizeof(block));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return pipe.CloseRead();
      Keep(block, static_cast<uint32_t>(got));
      if (got < static_cast<ssize_t>(sizeof(block))) return;  // looked at again by the next poll
    }
  }
  // Forgets the first byte, once there is one.
  bool DropFirst() {
    if (kept_ == 0) return false;
    memmove(bytes_, bytes_ + 1, --kept_);
    return true;
  }
  const char* bytes() const { return bytes_; }
  uint32_t kept() const { return kept_; }
  uint64_t total() const { return total_; }
  bool is_cut() const { return total_ > keep_; }

 private:
  void Keep(const char* block, uint32_t size) {
    total_ += size;
    const uint32_t taken = size < keep_ - kept_ ? size : keep_ - kept_;
    memcpy(bytes_ + kept_, block, taken);
    kept_ += taken;
  }
  char* bytes_ = nullptr;
  uint32_t keep_ = 0, kept_ = 0;
  uint64_t total_ = 0;
};

class Execution {
 public:
  Execution(const Order& order, const Filter& filter) : order_(order), filter_(filter) {}
  ~Execution() {
    in_.CloseRead();
    in_.CloseWrite();
    failure_.CloseRead();
    failure_.CloseWrite();
  }

  void Do() {
    if (!Start()) return SendFailure("cannot start a process", errno);
    while (!has_exited_ && end_ == EndKind{}) {
      WaitAndMove();
      CheckBounds();
      Reap(WNOHANG);
    }
    KillAll();
    if (const char* step = FailedStep()) return SendFailure(step, failed_errno_);
    for (Stream* stream : {&out_, &err_, &result_}) stream->Drain();
    Judge();
    Send();
  }

 private:
  bool has_result() const { return (order_.header.flags & kHasResult) != 0; }
  const RunLimits& limits() const { return order_.header.limits; }

  bool Start() {
    const uint32_t keep = limits().keep_bytes;
    if (!in_.Open() || !failure_.Open() || !out_.Open(keep) || !err_.Open(keep)) return false;
    if (!result_.Open(keep)) return false;
    if (fcntl(in_.write_fd, F_SETFL, O_NONBLOCK) != 0) return false;
    reaped_before_us_ = ReapedCpuUs();
    started_us_ = NowUs();
    child_ = fork();
    if (child_ < 0) return false;
    if (child_ == 0) BecomeProgram();
    in_.CloseRead();
    failure_.CloseWrite();
    for (Stream* stream : {&out_, &err_, &result_}) stream->pipe.CloseWrite();
    is_fed_ = (order_.header.flags & kFeedWhenLoaded) == 0;
    return true;
  }

  // In the child. Only system calls from here on.
  [[noreturn]] void BecomeProgram() {
    const char* failed = nullptr;
    signal(SIGPIPE, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    // Away from the low numbers first, as the pipes may sit on them.
    const int in = fcntl(in_.read_fd, F_DUPFD_CLOEXEC, 20);
    const int out = fcntl(out_.pipe.write_fd, F_DUPFD_CLOEXEC, 20);
    const int err = fcntl(err_.pipe.write_fd, F_DUPFD_CLOEXEC, 20);
    const int result = fcntl(result_.pipe.write_fd, F_DUPFD_CLOEXEC, 20);
    const int failure = fcntl(failure_.write_fd, F_DUPFD_CLOEXEC, 20);
    dup2(in, 0);
    dup2(out, 1);
    dup2(err, 2);
    if (has_result()) dup2(result, kResultFd);
    PreferAsVictim();
    if (setsid() < 0 || chdir("/tmp") != 0) failed = "enter /tmp";
    if (failed == nullptr) {
      failed = Confine(limits(), order_.header.flags, filter_,
                       static_cast<unsigned>(has_result() ? kResultFd + 1 : kResultFd));
    }
    if (failed == nullptr) {
      execve(order_.arguments[0], order_.arguments, environ);
      failed = "cannot execute the program";
    }
    const int error = errno;
    WriteAll(failure, &error, sizeof(error));
    WriteAll(failure, failed, strlen(failed));
    _exit(127);
  }

  // If the machine runs out of memory, this process goes before any other.
  static void PreferAsVictim() {
    const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    WriteAll(fd, "1000", 4);
    close(fd);
  }

  void WaitAndMove() {
    pollfd waits[] = {{out_.pipe.read_fd, POLLIN, 0},
                      {err_.pipe.read_fd, POLLIN, 0},
                      {result_.pipe.read_fd, POLLIN, 0},
                      {is_fed_ ? in_.write_fd : -1, POLLOUT, 0}};
    // SIGCHLD is blocked but for this wait, so the end of a process cannot be missed.
    const timespec most{0, kSampleMs * 1'000'000};
    sigset_t none;
    sigemptyset(&none);
    ppoll(waits, 4, &most, &none);
    for (Stream* stream : {&out_, &err_, &result_}) stream->Drain();
    if (!is_fed_) is_fed_ = result_.DropFirst();
    if (is_fed_) Feed();
  }

  void Feed() {
    while (in_.write_fd >= 0 && fed_ < order_.header.stdin_bytes) {
      const ssize_t put =
          write(in_.write_fd, order_.stdin_bytes + fed_, order_.header.stdin_bytes - fed_);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0 && errno == EAGAIN) return;
      if (put <= 0) return in_.CloseWrite();
      fed_ += static_cast<uint32_t>(put);
    }
    in_.CloseWrite();
  }

  void CheckBounds() {
    if (out_.total() + err_.total() + result_.total() > limits().output_bytes) {
      end_ = EndKind::kOutput;
      return;
    }
    const uint64_t now_us = NowUs();
    if (now_us < next_sample_us_) return;
    next_sample_us_ = now_us + kSampleMs * 1000;
    const Usage usage = SampleUsage();
    cpu_us_ = usage.cpu_us + ReapedCpuUs() - reaped_before_us_;
    if (cpu_us_ > limits().cpu_us) {
      end_ = EndKind::kCpu;
    } else if (usage.memory_bytes > limits().memory_bytes &&
               SharedMemoryBytes() > limits().memory_bytes) {
      end_ = EndKind::kMemory;
    } else if (FilesIn("/tmp") > limits().files) {
      end_ = EndKind::kFiles;
    } else if (now_us - started_us_ > limits().wall_us) {
      end_ = EndKind::kWall;
    }
  }

  // Collects ended processes; as process 1 also those whose parents have gone.
  void Reap(int flags) {
    for (;;) {
      int status = 0;
      const pid_t ended = waitpid(-1, &status, flags);
      if (ended < 0 && errno == EINTR) continue;
      if (ended <= 0) return;
      if (ended != child_) continue;
      has_exited_ = true;
      status_ = status;
    }
  }

  // Nothing that the program started outlives it: process 1 may kill all others at once.
  void KillAll() {
    if (getpid() != 1) abort();  // see main.cc, Serve
    kill(-1, SIGKILL);
    Reap(0);
    wall_us_ = NowUs() - started_us_;
    cpu_us_ = ReapedCpuUs() - reaped_before_us_;
  }

  // The step that failed before the program ran, or null.
  const char* FailedStep() {
    if (!ReadAll(failure_.read_fd, &failed_errno_, sizeof(failed_errno_))) return nullptr;
    const ssize_t size = read(failure_.read_fd, failed_step_, sizeof(failed_step_) - 1);
    return size > 0 ? failed_step_ : "cannot start a process";
  }

  // A program over its CPU time has failed even if it ended before a sample saw it.
  void Judge() {
    if (end_ != EndKind{}) return;
    if (cpu_us_ > limits().cpu_us || (WIFSIGNALED(status_) && WTERMSIG(status_) == SIGXCPU)) {
      end_ = EndKind::kCpu;
    } else if (WIFSIGNALED(status_)) {
      end_ = EndKind::kSignaled;
      code_ = WTERMSIG(status_);
    } else {
      end_ = EndKind::kExited;
      code_ = WEXITSTATUS(status_);
    }
  }

  void Send() {
    const EndHeader header{.kind = end_,
                           .code = code_,
                           .cpu_us = cpu_us_,
                           .wall_us = wall_us_,
                           .stdout_bytes = out_.kept(),
                           .stderr_bytes = err_.kept(),
                           .result_bytes = result_.kept(),
                           .is_cut = out_.is_cut() || err_.is_cut() || result_.is_cut()};
    const FrameHeader frame{FrameType::kEnded,
                            static_cast<uint32_t>(sizeof(header) + header.stdout_bytes +
                                                  header.stderr_bytes + header.result_bytes)};
    WriteAll(kControlFd, &frame, sizeof(frame));
    WriteAll(kControlFd, &header, sizeof(header));
    for (const Stream* stream : {&out_, &err_, &result_}) {
      WriteAll(kControlFd, stream->bytes(), stream->kept());
    }
  }

  const Order& order_;
  const Filter& filter_;
  Pipe in_, failure_;
  Stream out_, err_, result_;
  pid_t child_ = -1;
  bool has_exited_ = false, is_fed_ = false;
  int status_ = 0, code_ = 0, failed_errno_ = 0;
  char failed_step_[64] = {};
  EndKind end_{};  // zero while the program runs
  uint32_t fed_ = 0;
  uint64_t reaped_before_us_ = 0, started_us_ = 0, next_sample_us_ = 0;
  uint64_t cpu_us_ = 0, wall_us_ = 0;
};

}  // namespace

void Run(const Order& order, const Filter& filter) { Execution(order, filter).Do(); }

}  // namespace winnow::reward::sandbox
