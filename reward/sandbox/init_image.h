#pragma once

#include <string_view>

namespace winnow::reward::sandbox {

// The init (reward/sandbox/init) as the bytes of a static executable, so that a sandbox depends on
// no path of this machine.
std::string_view InitImage();

}  // namespace winnow::reward::sandbox
