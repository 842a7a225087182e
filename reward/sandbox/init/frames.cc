#include "reward/sandbox/init/frames.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace winnow::reward::sandbox {

bool ReadAll(int fd, void* data, size_t size) {
  char* at = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t got = read(fd, at, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

bool WriteAll(int fd, const void* data, size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t put = write(fd, at, size);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    at += put;
    size -= static_cast<size_t>(put);
  }
  return true;
}

void SendFailure(const char* what, int error) {
  char text[256];
  const int size = error == 0 ? snprintf(text, sizeof(text), "%s", what)
                              : snprintf(text, sizeof(text), "%s: %s", what, strerror(error));
  const FrameHeader header{FrameType::kFailed, static_cast<uint32_t>(size)};
  WriteAll(kControlFd, &header, sizeof(header));
  WriteAll(kControlFd, text, static_cast<size_t>(size));
}

}  // namespace winnow::reward::sandbox
