#pragma once

#include <string>

#include "base/status.h"

namespace winnow::reward::sandbox {

// The system calls of a judged process as a kernel program (struct sock_filter[]): an allow-list of
// what Python, a C++ compiler and their programs use. Refused with ENOSYS, so that a libc falls
// back, is every other call: user namespaces, ptrace, bpf, io_uring, keyctl, perf_event_open,
// userfaultfd, process_vm_*, mounts, memory files, System V objects, namespaces through clone,
// other scheduling; with EPERM: `socket` of every family and prlimit of another process. Calls of
// another architecture kill the process. Errors: kInternal if libseccomp cannot build it.
Result<std::string> BuildSeccompFilter();

}  // namespace winnow::reward::sandbox
