// The small program at both ends of bubblewrap (docs/sandbox.md). Outside, as `launch UID
// COMMAND…`, it drops to that user (`-`: stays) and every descriptor but its own, then becomes
// bubblewrap. Inside it is process 1 and runs judged programs one after the other, as protocol.h
// says, until its control socket ends. It holds no secret and trusts nothing that a program says.
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "reward/sandbox/init/clear_folder.h"
#include "reward/sandbox/init/frames.h"
#include "reward/sandbox/init/run.h"

namespace winnow::reward::sandbox {
namespace {

constexpr int kMaxArguments = 64;

int Launch(char** arguments) {
  if (strcmp(arguments[0], "-") != 0) {
    const unsigned id = static_cast<unsigned>(strtoul(arguments[0], nullptr, 10));
    if (id == 0 || setgroups(0, nullptr) != 0 || setresgid(id, id, id) != 0 ||
        setresuid(id, id, id) != 0) {
      fprintf(stderr, "cannot become user %s: %s\n", arguments[0], strerror(errno));
      return 126;
    }
  }
  if (syscall(SYS_close_range, kImageFd + 1, ~0u, 0) != 0) {
    fprintf(stderr, "cannot close descriptors: %s\n", strerror(errno));
    return 126;
  }
  execvp(arguments[1], arguments + 1);
  fprintf(stderr, "cannot execute %s: %s\n", arguments[1], strerror(errno));
  return 127;
}

// A frame's payload, owned; null at the end of the socket.
char* ReadFrame(FrameHeader* header) {
  if (!ReadAll(kControlFd, header, sizeof(*header)) || header->size_bytes > kMaxFrameBytes) {
    return nullptr;
  }
  char* payload = static_cast<char*>(malloc(header->size_bytes + 1));
  if (payload == nullptr || !ReadAll(kControlFd, payload, header->size_bytes)) return nullptr;
  return payload;
}

// A program may have taken rights from its own files; contents it cannot change.
void RestoreBox() {
  chmod("/box", 0755);
  DIR* folder = opendir("/box");
  if (folder == nullptr) return;
  while (const dirent* entry = readdir(folder)) {
    if (entry->d_name[0] != '.') fchmodat(dirfd(folder), entry->d_name, 0755, 0);
  }
  closedir(folder);
}

void PutFile(const char* payload) {
  RestoreBox();
  FileHeader header;
  memcpy(&header, payload, sizeof(header));
  char path[256];
  snprintf(path, sizeof(path), "/box/%.*s", static_cast<int>(header.name_bytes),
           payload + sizeof(header));
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0 || !WriteAll(fd, payload + sizeof(header) + header.name_bytes, header.content_bytes)) {
    SendFailure("cannot write a file of /box", errno);
  }
  if (fd >= 0) close(fd);
}

void TakeOrder(char* payload, const Filter& filter) {
  Order order{};
  memcpy(&order.header, payload, sizeof(order.header));
  char* text = payload + sizeof(order.header);
  char* const end = text + order.header.argument_bytes;
  char* arguments[kMaxArguments + 1] = {};
  for (int i = 0; i < kMaxArguments && text < end; ++i) {
    arguments[i] = text;
    text += strlen(text) + 1;
  }
  order.arguments = arguments;
  order.stdin_bytes = end;
  ClearFolder("/tmp");
  RestoreBox();
  Run(order, filter);
}

int Serve() {
  // Run ends with a signal to every process that it may reach: as anything but process 1 of a
  // namespace of its own that would be the user's whole session.
  if (getpid() != 1) {
    fprintf(stderr, "this program is process 1 of a sandbox and started by Winnow alone\n");
    return 2;
  }
  // Hides memory and descriptors of process 1 from programs of the same user.
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGCHLD, [](int) {});  // only to end a wait
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGCHLD);
  sigprocmask(SIG_BLOCK, &blocked, nullptr);
  umask(077);
  fcntl(kControlFd, F_SETFD, FD_CLOEXEC);
  if (syscall(SYS_close_range, kControlFd + 1, ~0u, 0) != 0) return 1;
  const FrameHeader ready{FrameType::kReady, 0};
  if (!WriteAll(kControlFd, &ready, sizeof(ready))) return 1;
  Filter filter;
  FrameHeader header;
  while (char* payload = ReadFrame(&header)) {
    switch (header.type) {
      case FrameType::kFilter:
        filter = {payload, header.size_bytes};  // kept until the end
        continue;
      case FrameType::kFile:
        PutFile(payload);
        break;
      case FrameType::kRun:
        TakeOrder(payload, filter);
        break;
      default:
        return 1;
    }
    free(payload);
  }
  return 0;
}

}  // namespace
}  // namespace winnow::reward::sandbox

int main(int count, char** arguments) {
  namespace sandbox = winnow::reward::sandbox;
  if (count > 3 && strcmp(arguments[1], "launch") == 0) return sandbox::Launch(arguments + 2);
  return sandbox::Serve();
}
