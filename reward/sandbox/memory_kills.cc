#include "reward/sandbox/memory_kills.h"

#include <charconv>
#include <fstream>
#include <iterator>
#include <string>

namespace winnow::reward::sandbox {

uint64_t MemoryKills(std::string_view vmstat) {
  constexpr std::string_view kKey = "\noom_kill ";
  const size_t at = vmstat.find(kKey);
  uint64_t count = 0;
  if (at != std::string_view::npos) {
    std::from_chars(vmstat.data() + at + kKey.size(), vmstat.data() + vmstat.size(), count);
  }
  return count;
}

uint64_t MemoryKills() {
  std::ifstream file("/proc/vmstat");  // its size reads as 0, so base/file.h cannot read it
  return MemoryKills(std::string(std::istreambuf_iterator<char>(file), {}));
}

}  // namespace winnow::reward::sandbox
