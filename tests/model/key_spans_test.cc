#include "model/key_spans.h"

#include <gtest/gtest.h>

namespace winnow::model {
namespace {

using Rows = std::vector<std::array<size_t, 3>>;  // first, count, row

Rows Visible(const std::vector<KeySpan>& keys, size_t end,
             const std::vector<TokenInterval>& holes) {
  std::vector<KeySpan> out;
  AppendVisible(keys, end, holes, &out);
  Rows rows;
  for (const KeySpan& span : out) rows.push_back({span.first, span.count, span.row});
  return rows;
}

// Tokens 0 … 9 at slots 0 …, tokens 10 … 14 in other pages.
const std::vector<KeySpan> kKeys{{.first = 0, .count = 10, .row = 100},
                                 {.first = 0, .count = 5, .row = 300}};

TEST(KeySpansTest, GivesThePrefixThatIsAskedFor) {
  EXPECT_EQ(Visible(kKeys, 4, {}), (Rows{{0, 4, 100}}));
  EXPECT_EQ(Visible(kKeys, 10, {}), (Rows{{0, 10, 100}}));
  EXPECT_EQ(Visible(kKeys, 12, {}), (Rows{{0, 10, 100}, {0, 2, 300}}));
  EXPECT_EQ(Visible(kKeys, 0, {}), Rows{});
}

TEST(KeySpansTest, LeavesHolesOut) {
  EXPECT_EQ(Visible(kKeys, 15, {{2, 5}, {8, 12}}), (Rows{{0, 2, 100}, {5, 3, 105}, {2, 3, 302}}));
  EXPECT_EQ(Visible(kKeys, 6, {{0, 6}}), Rows{});
}

TEST(KeySpansDeathTest, RefusesHolesOutOfOrderAndMissingKeys) {
  EXPECT_DEATH(Visible(kKeys, 15, {{5, 6}, {2, 3}}), "hole.begin");
  EXPECT_DEATH(Visible(kKeys, 16, {}), "end");
}

}  // namespace
}  // namespace winnow::model
