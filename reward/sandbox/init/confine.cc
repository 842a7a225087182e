#include "reward/sandbox/init/confine.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace winnow::reward::sandbox {
namespace {

// linux/landlock.h of Debian 12 ends at ABI 2; the kernel's interface is stable, so it is spelled
// out here. https://docs.kernel.org/userspace-api/landlock.html
constexpr long kCreateRuleset = 444, kAddRule = 445, kRestrictSelf = 446;
struct RulesetAttributes {
  uint64_t handled_files, handled_network, scoped;
};
struct [[gnu::packed]] PathBeneath {
  uint64_t allowed;
  int32_t parent_fd;
};
constexpr uint64_t kExecute = 1, kWriteFile = 1 << 1, kReadFile = 1 << 2, kReadFolder = 1 << 3;
constexpr uint64_t kUntilAbi1 = (1 << 13) - 1, kRefer = 1 << 13, kTruncate = 1 << 14,
                   kDeviceControl = 1 << 15;
constexpr uint64_t kBindAndConnect = 3, kSocketsAndSignals = 3;
constexpr uint64_t kRead = kReadFile | kReadFolder;

bool AllowBeneath(int ruleset, const char* path, uint64_t allowed) {
  const int folder = open(path, O_PATH | O_CLOEXEC);
  if (folder < 0) return errno == ENOENT;  // what is not there needs no rule
  const PathBeneath rule{allowed, folder};
  const bool added = syscall(kAddRule, ruleset, /*type=path beneath*/ 1, &rule, 0) == 0;
  close(folder);
  return added;
}

// A second wall behind the mounts: only named folders, no TCP, no signal or abstract socket to
// anything outside, whatever the namespaces let through.
const char* RestrictFiles(uint32_t flags) {
  const long abi = syscall(kCreateRuleset, nullptr, 0, /*flags=version*/ 1);
  if (abi < 1) return nullptr;  // no Landlock in this kernel
  RulesetAttributes attributes{kUntilAbi1, 0, 0};
  if (abi >= 2) attributes.handled_files |= kRefer;
  if (abi >= 3) attributes.handled_files |= kTruncate;
  if (abi >= 4) attributes.handled_network = kBindAndConnect;
  if (abi >= 5) attributes.handled_files |= kDeviceControl;
  if (abi >= 6) attributes.scoped = kSocketsAndSignals;
  const size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
  const int ruleset = static_cast<int>(syscall(kCreateRuleset, &attributes, size, 0));
  if (ruleset < 0) return "landlock ruleset";
  const uint64_t all = attributes.handled_files;
  const uint64_t box = (flags & kWritesBox) != 0 ? all : kRead | kExecute;
  const bool added =
      AllowBeneath(ruleset, "/usr", kRead | kExecute) && AllowBeneath(ruleset, "/etc", kRead) &&
      AllowBeneath(ruleset, "/proc", kRead) && AllowBeneath(ruleset, "/dev", kRead | kWriteFile) &&
      AllowBeneath(ruleset, "/lib", kRead | kExecute) &&
      AllowBeneath(ruleset, "/lib64", kRead | kExecute) &&
      AllowBeneath(ruleset, "/bin", kRead | kExecute) && AllowBeneath(ruleset, "/box", box) &&
      AllowBeneath(ruleset, "/tmp", all);
  if (!added) return "landlock rule";
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return "no-new-privileges";
  if (syscall(kRestrictSelf, ruleset, 0) != 0) return "landlock";
  close(ruleset);
  return nullptr;
}

bool Limit(__rlimit_resource resource, uint64_t soft, uint64_t hard) {
  const rlimit limit{soft, hard};
  return setrlimit(resource, &limit) == 0;
}

const char* SetLimits(const RunLimits& limits) {
  // The init counts CPU time of all processes together; this one stops a process if the init
  // cannot.
  const uint64_t cpu_s = limits.cpu_us / 1'000'000 + 2;
  const bool set = Limit(RLIMIT_CPU, cpu_s, cpu_s + 1) &&
                   Limit(RLIMIT_FSIZE, limits.file_bytes, limits.file_bytes) &&
                   Limit(RLIMIT_NOFILE, limits.descriptors, limits.descriptors) &&
                   Limit(RLIMIT_NPROC, limits.processes, limits.processes) &&
                   Limit(RLIMIT_CORE, 0, 0) &&
                   Limit(RLIMIT_STACK, limits.stack_bytes, limits.stack_bytes) &&
                   Limit(RLIMIT_MEMLOCK, 0, 0) && Limit(RLIMIT_MSGQUEUE, 0, 0);
  if (!set) return "resource limit";
  if (limits.address_space_bytes != 0 &&
      !Limit(RLIMIT_AS, limits.address_space_bytes, limits.address_space_bytes)) {
    return "address space limit";
  }
  return nullptr;
}

}  // namespace

const char* Confine(const RunLimits& limits, uint32_t flags, const Filter& filter,
                    unsigned first_closed) {
  if (syscall(SYS_close_range, first_closed, ~0u, /*CLOSE_RANGE_CLOEXEC*/ 4) != 0) {
    return "close descriptors";
  }
  if (const char* failed = RestrictFiles(flags)) return failed;
  if (const char* failed = SetLimits(limits)) return failed;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return "no-new-privileges";
  const sock_fprog program{static_cast<unsigned short>(filter.size_bytes / sizeof(sock_filter)),
                           static_cast<sock_filter*>(const_cast<void*>(filter.instructions))};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) return "seccomp filter";
  return nullptr;
}

}  // namespace winnow::reward::sandbox
