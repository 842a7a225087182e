// reaper GROUP COMMAND…: runs COMMAND with the protocol on descriptor 3, in a process group of its
// own if GROUP is 1, and ends everything it has started when it ends or when the host hangs up.
// Descriptor 4 is the control socket: `pid N\n` at the start, `exit N\n` or `signal N\n` at the
// end; a byte or the end of the stream from the host means: end all now.
//
// Being the sub-reaper, it inherits children that left their parent or their session, so that none
// escapes (verifiers.md §5). It holds no descriptor of the host, and is static and small, so that
// starting it costs no copy of the host's page tables.
#include <dirent.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int kData = 3;
constexpr int kControl = 4;
constexpr int kMaxProcesses = 65536;

struct Process {
  pid_t pid;
  pid_t parent;
  bool below;
};
Process processes[kMaxProcesses];

// The parent of `pid` by /proc/PID/stat, 0 if it is gone.
pid_t ParentOf(pid_t pid) {
  char path[64], text[512];
  std::snprintf(path, sizeof(path), "/proc/%d/stat", pid);
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) return 0;
  const size_t size = std::fread(text, 1, sizeof(text) - 1, file);
  std::fclose(file);
  text[size] = 0;
  // The name in brackets may hold anything, brackets too.
  const char* end = std::strrchr(text, ')');
  int parent = 0;
  char state = 0;
  return end != nullptr && std::sscanf(end + 1, " %c %d", &state, &parent) == 2 ? parent : 0;
}

int ListProcesses() {
  DIR* folder = opendir("/proc");
  if (folder == nullptr) return 0;
  int count = 0;
  while (const dirent* entry = readdir(folder)) {
    const pid_t pid = std::atoi(entry->d_name);
    if (pid <= 0 || count == kMaxProcesses) continue;
    processes[count++] = {pid, ParentOf(pid), false};
  }
  closedir(folder);
  return count;
}

void KillDescendants() {
  const int count = ListProcesses();
  const pid_t own = getpid();
  for (bool grew = true; grew;) {
    grew = false;
    for (int i = 0; i < count; ++i) {
      if (processes[i].below) continue;
      bool below = processes[i].parent == own;
      for (int j = 0; j < count && !below; ++j) {
        below = processes[j].below && processes[j].pid == processes[i].parent;
      }
      if (!below) continue;
      processes[i].below = grew = true;
      kill(processes[i].pid, SIGKILL);
    }
  }
}

// Returns when nothing is left below this process; a killed parent's children come to it meanwhile.
// `*worker_status` gets the worker's status if it ends here.
void EndAll(pid_t worker, int* worker_status) {
  for (;;) {
    KillDescendants();
    for (;;) {
      int status = 0;
      const pid_t ended = waitpid(-1, &status, WNOHANG);
      if (ended < 0 && errno == ECHILD) return;
      if (ended <= 0) break;
      if (ended == worker) *worker_status = status;
    }
    usleep(1000);
  }
}

[[noreturn]] void RunCommand(bool own_group, char** command, const sigset_t& signals) {
  const pid_t reaper = getppid();
  if (own_group) setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != reaper) _exit(127);
  sigprocmask(SIG_UNBLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  close(kControl);
  execvp(command[0], command);
  std::fprintf(stderr, "%s: cannot be run: %s\n", command[0], std::strerror(errno));
  _exit(127);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  std::signal(SIGPIPE, SIG_IGN);
  close_range(kControl + 1, ~0u, 0);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const int children = signalfd(-1, &signals, SFD_CLOEXEC);
  const pid_t worker = fork();
  if (worker == 0) RunCommand(argv[1][0] == '1', argv + 2, signals);
  if (worker < 0) return 1;
  close(kData);
  dprintf(kControl, "pid %d\n", worker);

  int worker_status = -1;
  pollfd watched[2] = {{kControl, POLLIN, 0}, {children, POLLIN, 0}};
  while (worker_status == -1) {
    if (poll(watched, 2, -1) < 0) continue;
    if (watched[0].revents != 0) break;
    signalfd_siginfo info;
    if (read(children, &info, sizeof(info)) < 0) continue;
    int status = 0;
    for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (ended == worker) worker_status = status;
    }
  }
  EndAll(worker, &worker_status);
  if (WIFEXITED(worker_status)) {
    dprintf(kControl, "exit %d\n", WEXITSTATUS(worker_status));
  } else {
    dprintf(kControl, "signal %d\n", WTERMSIG(worker_status));
  }
  return 0;
}
