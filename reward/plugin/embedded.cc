#include "reward/plugin/embedded.h"

// WINNOW_REAPER and WINNOW_PYTHON_WORKER are paths of files in the build and source folders.
asm(R"(
  .section .rodata
  .balign 16
winnow_reaper_begin:
  .incbin ")" WINNOW_REAPER R"("
winnow_reaper_end:
winnow_python_worker_begin:
  .incbin ")" WINNOW_PYTHON_WORKER R"("
winnow_python_worker_end:
  .previous
)");

extern "C" const char winnow_reaper_begin[];
extern "C" const char winnow_reaper_end[];
extern "C" const char winnow_python_worker_begin[];
extern "C" const char winnow_python_worker_end[];

namespace winnow::reward::plugin {

std::string_view ReaperImage() {
  return {winnow_reaper_begin, static_cast<size_t>(winnow_reaper_end - winnow_reaper_begin)};
}

std::string_view PythonWorker() {
  return {winnow_python_worker_begin,
          static_cast<size_t>(winnow_python_worker_end - winnow_python_worker_begin)};
}

}  // namespace winnow::reward::plugin
