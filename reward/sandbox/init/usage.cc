#include "reward/sandbox/init/usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace winnow::reward::sandbox {
namespace {

// The start of a small file of /proc as text; false if the process is gone or forbids it.
template <size_t N>
bool ReadText(const char* path, char (&text)[N]) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t size = read(fd, text, N - 1);
  close(fd);
  if (size <= 0) return false;
  text[size] = '\0';
  return true;
}

// Calls visit(process id) for every process but 1.
template <typename Visit>
void ForEachProcess(Visit visit) {
  DIR* folder = opendir("/proc");
  if (folder == nullptr) return;
  while (const dirent* entry = readdir(folder)) {
    const int id = atoi(entry->d_name);
    if (id > 1) visit(id);
  }
  closedir(folder);
}

uint64_t CpuUs(int id) {
  char path[64], text[1024];
  snprintf(path, sizeof(path), "/proc/%d/stat", id);
  if (!ReadText(path, text)) return 0;
  const char* behind_name = strrchr(text, ')');  // the name may hold anything but ends there
  if (behind_name == nullptr) return 0;
  unsigned long user = 0, system = 0;
  long child_user = 0, child_system = 0;
  if (sscanf(behind_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld", &user,
             &system, &child_user, &child_system) != 4) {
    return 0;
  }
  const uint64_t ticks = user + system + static_cast<uint64_t>(child_user + child_system);
  return ticks * 1'000'000 / static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
}

uint64_t AnonymousBytes(int id) {
  char path[64], text[256];
  snprintf(path, sizeof(path), "/proc/%d/statm", id);
  unsigned long resident = 0, shared = 0;
  if (!ReadText(path, text) || sscanf(text, "%*u %lu %lu", &resident, &shared) != 2) return 0;
  if (resident < shared) return 0;
  return (resident - shared) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// Falls back to AnonymousBytes where a process hides its map.
uint64_t ProportionalBytes(int id) {
  char path[64], text[2048];
  snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", id);
  if (!ReadText(path, text)) return AnonymousBytes(id);
  const char* line = strstr(text, "Pss_Anon:");
  return line == nullptr ? AnonymousBytes(id) : strtoull(line + 9, nullptr, 10) * 1024;
}

}  // namespace

Usage SampleUsage() {
  Usage usage;
  ForEachProcess([&](int id) {
    usage.cpu_us += CpuUs(id);
    usage.memory_bytes += AnonymousBytes(id);
  });
  return usage;
}

uint64_t SharedMemoryBytes() {
  uint64_t bytes = 0;
  ForEachProcess([&](int id) { bytes += ProportionalBytes(id); });
  return bytes;
}

uint64_t ReapedCpuUs() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto us = [](const timeval& time) {
    return static_cast<uint64_t>(time.tv_sec) * 1'000'000 + static_cast<uint64_t>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

uint64_t FilesIn(const char* path) {
  struct statvfs info {};
  return statvfs(path, &info) == 0 ? info.f_files - info.f_ffree : 0;
}

}  // namespace winnow::reward::sandbox
