#include "reward/sandbox/init_image.h"

// WINNOW_SANDBOX_INIT is the path of the executable in the build folder.
asm(R"(
  .section .rodata
  .balign 16
winnow_sandbox_init_begin:
  .incbin ")" WINNOW_SANDBOX_INIT R"("
winnow_sandbox_init_end:
  .previous
)");

extern "C" const char winnow_sandbox_init_begin[];
extern "C" const char winnow_sandbox_init_end[];

namespace winnow::reward::sandbox {

std::string_view InitImage() {
  return {winnow_sandbox_init_begin,
          static_cast<size_t>(winnow_sandbox_init_end - winnow_sandbox_init_begin)};
}

}  // namespace winnow::reward::sandbox
