#pragma once

#include <cstdint>

// What the launcher outside and the init inside a sandbox say to each other, over one stream socket
// (descriptor kControlFd of the init). Every frame is a FrameHeader and `size_bytes` of payload, in
// the byte order of the machine; both ends are built together. Plain data only: the init links
// nothing but libc.
//
//   init -> launcher   kReady       once, when it can take orders
//   launcher -> init   kFilter      a seccomp program (struct sock_filter[]) for every judged
//   process launcher -> init   kFile        FileHeader, name, content: a file of /box launcher ->
//   init   kRun         RunHeader, arguments (each with its NUL), stdin init -> launcher   kEnded
//   EndHeader, kept stdout, stderr, result bytes: answers kRun init -> launcher   kFailed text: the
//   init itself could not do what it was told
namespace winnow::reward::sandbox {

inline constexpr int kControlFd = 3;  // the init's end of the socket
inline constexpr int kInfoFd = 4;     // bubblewrap writes the process id of the init here
inline constexpr int kImageFd = 5;    // the init's own image, which bubblewrap copies
inline constexpr int kResultFd = 3;   // a judged process with kHasResult writes its result here

inline constexpr uint32_t kMaxFrameBytes = 96u << 20;

enum class FrameType : uint32_t { kReady = 1, kFilter, kFile, kRun, kEnded, kFailed };

struct FrameHeader {
  FrameType type;
  uint32_t size_bytes;
};

struct FileHeader {
  uint32_t name_bytes;
  uint32_t content_bytes;
};

// Bounds of one run: of all its processes together unless said otherwise.
struct RunLimits {
  uint64_t cpu_us = 5'000'000;
  uint64_t wall_us = 50'000'000;
  uint64_t memory_bytes = 512ull << 20;         // anonymous memory
  uint64_t address_space_bytes = 512ull << 20;  // of each process; 0: no bound
  uint64_t output_bytes = 16ull << 20;          // written to stdout, stderr and the result
  uint64_t file_bytes = 64ull << 20;            // of each file
  uint64_t stack_bytes = 64ull << 20;           // of each process
  uint32_t keep_bytes = 64u << 10;              // of each stream, from its start
  uint32_t processes = 64;                      // threads count
  uint32_t descriptors = 64;                    // of each process
  uint32_t files = 16384;                       // in /tmp
};

enum RunFlags : uint32_t {
  kHasResult = 1,       // descriptor kResultFd is open
  kFeedWhenLoaded = 2,  // stdin waits for the first result byte, which is dropped
  kWritesBox = 4,       // /box is writable: for a compiler
};

struct RunHeader {
  RunLimits limits;
  uint32_t flags;
  uint32_t argument_bytes;
  uint32_t stdin_bytes;
};

// How a run ended; the first bound that it met.
enum class EndKind : uint32_t {
  kExited = 1,  // code: exit status
  kSignaled,    // code: signal
  kCpu,
  kWall,
  kMemory,
  kOutput,
  kFiles,
};

struct EndHeader {
  EndKind kind;
  int32_t code;
  uint64_t cpu_us;
  uint64_t wall_us;
  uint32_t stdout_bytes, stderr_bytes, result_bytes;  // kept
  uint32_t is_cut;                                    // some stream was longer than what was kept
};

}  // namespace winnow::reward::sandbox
