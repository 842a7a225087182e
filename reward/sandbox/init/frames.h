#pragma once

#include <cstddef>
#include <cstdint>

#include "reward/sandbox/protocol.h"

namespace winnow::reward::sandbox {

// Reads or writes exactly `size` bytes of a blocking descriptor; false at its end or an error.
bool ReadAll(int fd, void* data, size_t size);
bool WriteAll(int fd, const void* data, size_t size);

// Sends kFailed with "WHAT: errno's text" (without the text if `error` is 0).
void SendFailure(const char* what, int error);

}  // namespace winnow::reward::sandbox
