#include "base/ids.h"

#include "base/format.h"

namespace winnow {

std::string ToHex(PromptId id) { return Format("{:016x}", id.value()); }

std::string_view FinishReasonName(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop:
      return "stop";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kError:
      return "error";
  }
  return "unknown";
}

std::string_view VerdictKindName(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::kScored:
      return "scored";
    case VerdictKind::kInvalid:
      return "invalid";
    case VerdictKind::kTimeout:
      return "timeout";
    case VerdictKind::kError:
      return "error";
  }
  return "unknown";
}

}  // namespace winnow
