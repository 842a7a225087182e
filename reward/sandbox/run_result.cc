#include "reward/sandbox/run_result.h"

#include <cstring>

namespace winnow::reward::sandbox {

std::optional<RunResult> ReadRunResult(std::string_view payload) {
  EndHeader end;
  if (payload.size() < sizeof(end)) return std::nullopt;
  std::memcpy(&end, payload.data(), sizeof(end));
  payload.remove_prefix(sizeof(end));
  const uint64_t kept_bytes = uint64_t{end.stdout_bytes} + end.stderr_bytes + end.result_bytes;
  if (kept_bytes != payload.size() || end.kind < EndKind::kExited || end.kind > EndKind::kFiles) {
    return std::nullopt;
  }
  RunResult result{.end = end.kind,
                   .code = end.code,
                   .cpu_s = static_cast<double>(end.cpu_us) * 1e-6,
                   .wall_s = static_cast<double>(end.wall_us) * 1e-6,
                   .is_cut = end.is_cut != 0};
  result.stdout_bytes = payload.substr(0, end.stdout_bytes);
  result.stderr_bytes = payload.substr(end.stdout_bytes, end.stderr_bytes);
  result.result_bytes = payload.substr(payload.size() - end.result_bytes);
  return result;
}

}  // namespace winnow::reward::sandbox
