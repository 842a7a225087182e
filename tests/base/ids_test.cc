#include "base/ids.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace winnow {
namespace {

static_assert(!std::is_convertible_v<PromptId, PolicyVersion>);
static_assert(!std::is_convertible_v<uint64_t, PromptId>);

TEST(IdsTest, ComparesAndPrints) {
  EXPECT_LT(PromptId(1), PromptId(2));
  EXPECT_EQ(ToHex(PromptId(0xabc)), "0000000000000abc");
}

TEST(IdsTest, NamesKinds) {
  EXPECT_EQ(FinishReasonName(FinishReason::kLength), "length");
  EXPECT_EQ(VerdictKindName(VerdictKind::kTimeout), "timeout");
}

}  // namespace
}  // namespace winnow
