#pragma once

#include <string_view>

namespace winnow::reward::plugin {

// The reaper (reaper/main.cc) as the bytes of a static executable.
std::string_view ReaperImage();
// The text of python/winnow_worker.py.
std::string_view PythonWorker();

}  // namespace winnow::reward::plugin
