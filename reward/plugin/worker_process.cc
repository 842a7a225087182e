#include "reward/plugin/worker_process.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "base/format.h"

namespace winnow::reward::plugin {
namespace {

constexpr double kLetEndSeconds = 1;

// Milliseconds to the deadline for poll, rounded up; -1 for never.
int Milliseconds(const Deadline& deadline) {
  const double left = deadline.monotonic_seconds() - MonotonicSeconds();
  if (left > 1e6) return -1;
  return std::max(0, static_cast<int>(std::ceil(left * 1e3)));
}

// False at the deadline.
bool WaitFor(int descriptor, int16_t events, const Deadline& deadline) {
  for (;;) {
    pollfd watched{descriptor, events, 0};
    const int ready = poll(&watched, 1, Milliseconds(deadline));
    if (ready > 0) return true;
    if (ready == 0 && deadline.IsOver()) return false;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool SendAll(int descriptor, std::string_view bytes, const Deadline& deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!WaitFor(descriptor, POLLOUT, deadline)) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace

WorkerProcess::WorkerProcess(Descriptor data, Descriptor control, Framing framing, pid_t keeper)
    : data_(std::move(data)), control_(std::move(control)), framing_(framing), keeper_(keeper) {}

WorkerProcess::~WorkerProcess() { End(/*let_end=*/false); }

bool WorkerProcess::Send(std::string_view message, Deadline deadline) {
  std::string framed;
  if (framing_ == Framing::kLines) {
    framed = std::string(message) + "\n";
  } else {
    const auto size = static_cast<uint32_t>(message.size());
    for (int shift = 0; shift < 32; shift += 8) framed += static_cast<char>(size >> shift);
    framed += message;
  }
  return SendAll(data_.get(), framed, deadline);
}

// Takes a whole message out of the buffer, if there is one (or one that is too long).
bool WorkerProcess::TakeMessage(std::string* message, Received* received) {
  const std::string_view rest = std::string_view(buffer_).substr(taken_);
  size_t head = 0, size = 0, tail = 0;
  if (framing_ == Framing::kLines) {
    size = rest.find('\n');
    tail = 1;
    if (size == std::string_view::npos) {
      *received = Received::kTooLong;
      return rest.size() > kMaxReplyBytes;
    }
  } else {
    head = 4;
    if (rest.size() < head) return false;
    for (size_t i = 0; i < head; ++i) {
      size |= static_cast<size_t>(static_cast<unsigned char>(rest[i])) << (8 * i);
    }
  }
  if (size > kMaxReplyBytes) {
    *received = Received::kTooLong;
    return true;
  }
  if (rest.size() < head + size + tail) return false;
  message->assign(rest.substr(head, size));
  taken_ += head + size + tail;
  if (taken_ == buffer_.size()) {
    buffer_.clear();
    taken_ = 0;
  }
  *received = Received::kMessage;
  return true;
}

WorkerProcess::Received WorkerProcess::Receive(std::string* message, Deadline deadline) {
  char bytes[16384];
  for (;;) {
    Received received = Received::kMessage;
    if (TakeMessage(message, &received)) return received;
    const ssize_t size = recv(data_.get(), bytes, sizeof(bytes), MSG_DONTWAIT);
    if (size > 0) {
      buffer_.append(bytes, static_cast<size_t>(size));
    } else if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
      if (!WaitFor(data_.get(), POLLIN, deadline)) return Received::kTimeout;
    } else {
      return Received::kClosed;
    }
  }
}

// Reads what the keeper has said: until the worker's pid is known, or to the end of the stream.
void WorkerProcess::ReadControl(Deadline deadline, bool until_end) {
  char bytes[256];
  while (control_.is_open() && (until_end || control_text_.find('\n') == std::string::npos)) {
    if (!WaitFor(control_.get(), POLLIN, deadline)) break;
    const ssize_t size = read(control_.get(), bytes, sizeof(bytes));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    control_text_.append(bytes, static_cast<size_t>(size));
  }
  if (pid_ == 0) std::sscanf(control_text_.c_str(), "pid %d", &pid_);
}

std::string WorkerProcess::End(bool let_end) {
  if (!control_.is_open()) return "";
  if (let_end) ReadControl(Deadline::After(kLetEndSeconds), /*until_end=*/true);
  shutdown(control_.get(), SHUT_WR);
  ReadControl(Deadline::After(kEndSeconds), /*until_end=*/true);
  control_.Close();
  if (keeper_ > 0) {
    // A keeper that has not ended by now is stopped; its worker dies with it.
    if (waitpid(keeper_, nullptr, WNOHANG) == 0) {
      kill(keeper_, SIGKILL);
      waitpid(keeper_, nullptr, 0);
    }
  }
  int number = 0;
  if (const size_t at = control_text_.find("exit "); at != std::string::npos) {
    std::sscanf(control_text_.c_str() + at, "exit %d", &number);
    return Format("exit code {}", number);
  }
  if (const size_t at = control_text_.find("signal "); at != std::string::npos) {
    std::sscanf(control_text_.c_str() + at, "signal %d", &number);
    return Format("signal {} ({})", number,
                  sigdescr_np(number) != nullptr ? sigdescr_np(number) : "unknown");
  }
  return "";
}

uint64_t WorkerProcess::ResidentBytes() {
  if (pid_ == 0) ReadControl(Deadline::After(1), /*until_end=*/false);
  // Files of /proc have no size, so they are read as streams.
  std::ifstream file(Format("/proc/{}/statm", pid_));
  uint64_t all_pages = 0, resident_pages = 0;
  if (!(file >> all_pages >> resident_pages)) return 0;
  return resident_pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace winnow::reward::plugin
