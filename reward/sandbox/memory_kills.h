#pragma once

#include <cstdint>
#include <string_view>

namespace winnow::reward::sandbox {

// Processes that the kernel has killed for want of memory since the machine started, from the text
// of /proc/vmstat; 0 where the kernel does not count them. No limit of a sandbox is enforced that
// way, so if it grew during a run the machine is to blame for the run's end, not the program.
uint64_t MemoryKills(std::string_view vmstat);
// Of this machine, now.
uint64_t MemoryKills();

}  // namespace winnow::reward::sandbox
