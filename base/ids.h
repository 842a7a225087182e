#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>

namespace winnow {

// An integer of its own type, so that swapping two kinds of id does not compile.
template <typename Tag, typename Integer>
class NamedId {
 public:
  constexpr NamedId() = default;
  constexpr explicit NamedId(Integer value) : value_(value) {}
  constexpr Integer value() const { return value_; }
  friend constexpr auto operator<=>(NamedId, NamedId) = default;
  friend std::ostream& operator<<(std::ostream& out, NamedId id) { return out << id.value_; }

 private:
  Integer value_ = 0;
};

// A row of the data set, stable across runs: XXH3-64 of its id's UTF-8 text, else of its prompt's
// canonical JSON.
using PromptId = NamedId<struct PromptIdTag, uint64_t>;
// Strictly increasing version of the policy's weights; 0 is the loaded model.
using PolicyVersion = NamedId<struct PolicyVersionTag, uint64_t>;

// 16 lower-case hexadecimal digits, as shown to people and read by ParsePromptId.
std::string ToHex(PromptId id);

// Why a trajectory ended.
enum class FinishReason : uint8_t { kStop = 1, kLength = 2, kError = 3 };
// `stop`, `length` or `error`.
std::string_view FinishReasonName(FinishReason reason);

// What a verifier said of a trajectory (verifiers.md §1). Only kScored has a reward; kTimeout and
// kError together are "unknown". Numbers are stored in history: never renumber.
enum class VerdictKind : uint8_t { kScored = 1, kInvalid = 2, kTimeout = 3, kError = 4 };
// `scored`, `invalid`, `timeout` or `error`.
std::string_view VerdictKindName(VerdictKind kind);

}  // namespace winnow

template <typename Tag, typename Integer>
struct std::hash<winnow::NamedId<Tag, Integer>> {
  size_t operator()(winnow::NamedId<Tag, Integer> id) const {
    return std::hash<Integer>()(id.value());
  }
};
