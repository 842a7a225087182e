#include "reward/sandbox/seccomp_filter.h"

#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

#include "base/format.h"
#include "reward/sandbox/descriptor.h"

namespace winnow::reward::sandbox {
namespace {

// By name: a call that this architecture or this libseccomp does not know is left out, thus
// refused.
constexpr const char* kAllowed[] = {
    // Files
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2",
    "pwritev2", "open", "openat", "openat2", "close", "close_range", "lseek", "stat", "fstat",
    "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2", "readlink", "readlinkat",
    "getdents", "getdents64", "getcwd", "chdir", "fchdir", "mkdir", "mkdirat", "rmdir", "unlink",
    "unlinkat", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat",
    "chmod", "fchmod", "fchmodat", "chown", "fchown", "fchownat", "lchown", "utime", "utimes",
    "utimensat", "futimesat", "truncate", "ftruncate", "fallocate", "fsync", "fdatasync",
    "sync_file_range", "fadvise64", "readahead", "sendfile", "copy_file_range", "splice", "tee",
    "umask", "flock", "statfs", "fstatfs", "dup", "dup2", "dup3", "fcntl", "pipe", "pipe2", "creat",
    "getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr", "inotify_init1",
    // Waiting
    "poll", "ppoll", "select", "pselect6", "epoll_create", "epoll_create1", "epoll_ctl",
    "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2", "signalfd", "signalfd4",
    "timerfd_create", "timerfd_settime", "timerfd_gettime",
    // Talk between a program's own processes
    "sendto", "recvfrom", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg", "shutdown", "getsockname",
    "getpeername", "getsockopt", "setsockopt",
    // Memory
    "brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "msync", "mincore", "membarrier",
    "pkey_alloc", "pkey_free", "pkey_mprotect",
    // Processes and threads
    "fork", "vfork", "execve", "execveat", "exit", "exit_group", "wait4", "waitid", "kill", "tkill",
    "tgkill", "set_tid_address", "set_robust_list", "get_robust_list", "rseq", "futex",
    "futex_waitv", "arch_prctl", "prctl", "getpid", "getppid", "gettid", "getpgrp", "getpgid",
    "setpgid", "getsid", "setsid", "getuid", "geteuid", "getgid", "getegid", "getresuid",
    "getresgid", "getgroups", "capget", "getpriority", "getrlimit", "setrlimit", "getrusage",
    "times", "sched_yield", "sched_getaffinity", "sched_getparam", "sched_getscheduler",
    "sched_get_priority_max", "sched_get_priority_min", "getcpu", "landlock_create_ruleset",
    "landlock_add_rule", "landlock_restrict_self", "seccomp",
    // Signals and time
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait",
    "rt_sigsuspend", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "sigaltstack", "pause", "alarm",
    "setitimer", "getitimer", "timer_create", "timer_settime", "timer_gettime", "timer_getoverrun",
    "timer_delete", "nanosleep", "clock_nanosleep", "clock_gettime", "clock_getres", "gettimeofday",
    "time", "restart_syscall",
    // The system
    "uname", "sysinfo", "getrandom"};

constexpr unsigned long kAllowedIoctls[] = {TCGETS,  TIOCGWINSZ, TIOCGPGRP, FIONREAD,
                                            FIONBIO, FIOCLEX,    FIONCLEX};

constexpr unsigned long kNamespaceFlags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
                                          CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
                                          CLONE_NEWCGROUP | /*CLONE_NEWTIME*/ 0x80;

// clone's flags are its first argument everywhere but on s390.
#if defined(__s390__) || defined(__s390x__)
constexpr unsigned kCloneFlagsArgument = 1;
#else
constexpr unsigned kCloneFlagsArgument = 0;
#endif

class FilterBuilder {
 public:
  FilterBuilder() : context_(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), seccomp_release) {}

  bool is_ok() const { return context_ != nullptr && error_ == 0; }
  int error() const { return error_; }

  template <typename... Conditions>
  void Add(uint32_t action, const char* name, Conditions... conditions) {
    const int number = seccomp_syscall_resolve_name(name);
    if (!is_ok() || number == __NR_SCMP_ERROR || number < 0) return;
    const scmp_arg_cmp array[] = {conditions..., scmp_arg_cmp{}};
    error_ = seccomp_rule_add_array(context_.get(), action, number, sizeof...(conditions), array);
  }

  Result<std::string> Export() {
    const Descriptor file(memfd_create("winnow-seccomp", MFD_CLOEXEC));
    if (is_ok()) error_ = seccomp_export_bpf(context_.get(), file.get());
    if (!is_ok()) return Internal(Format("sandbox: libseccomp refused the filter: {}", error_));
    const off_t size = lseek(file.get(), 0, SEEK_END);
    std::string program(static_cast<size_t>(size), '\0');
    if (pread(file.get(), program.data(), program.size(), 0) != size) {
      return Internal("sandbox: the seccomp filter cannot be read back");
    }
    return program;
  }

 private:
  std::unique_ptr<void, decltype(&seccomp_release)> context_;
  int error_ = 0;
};

}  // namespace

Result<std::string> BuildSeccompFilter() {
  FilterBuilder builder;
  for (const char* name : kAllowed) builder.Add(SCMP_ACT_ALLOW, name);
  for (const unsigned long request : kAllowedIoctls) {
    builder.Add(SCMP_ACT_ALLOW, "ioctl", scmp_arg_cmp{1, SCMP_CMP_MASKED_EQ, 0xffffffffu, request});
  }
  builder.Add(SCMP_ACT_ALLOW, "clone",
              scmp_arg_cmp{kCloneFlagsArgument, SCMP_CMP_MASKED_EQ, kNamespaceFlags, 0});
  builder.Add(SCMP_ACT_ALLOW, "socketpair", scmp_arg_cmp{0, SCMP_CMP_EQ, AF_UNIX, 0});
  // Of itself only: process 1 has the same user.
  builder.Add(SCMP_ACT_ALLOW, "prlimit64", scmp_arg_cmp{0, SCMP_CMP_EQ, 0, 0});
  builder.Add(SCMP_ACT_ERRNO(EPERM), "prlimit64", scmp_arg_cmp{0, SCMP_CMP_NE, 0, 0});
  builder.Add(SCMP_ACT_ERRNO(EPERM), "socket");
  return builder.Export();
}

}  // namespace winnow::reward::sandbox
