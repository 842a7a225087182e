#include "model/unicode_tables.h"

#include <gtest/gtest.h>

namespace winnow::model {
namespace {

int Utf8Size(uint32_t c) { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; }

TEST(UnicodeTablesTest, StandInsAreSortedAndAsLongAsWhatTheyStandFor) {
  uint32_t last = 0;
  for (const StandIn& row : StandIns()) {
    EXPECT_GT(row.first, last);
    EXPECT_LE(row.first, row.last);
    EXPECT_EQ(Utf8Size(row.first), Utf8Size(row.stand_in)) << std::hex << row.first;
    EXPECT_EQ(Utf8Size(row.last), Utf8Size(row.stand_in)) << std::hex << row.first;
    last = row.last;
  }
}

TEST(UnicodeTablesTest, RangesAreSortedAndDisjoint) {
  for (const auto ranges : {NfcInertRanges(), NewNumericRanges()}) {
    uint32_t last = 0;
    for (const CodePointRange& range : ranges) {
      EXPECT_GT(range.first, last);
      EXPECT_LE(range.first, range.last);
      last = range.last;
    }
  }
}

}  // namespace
}  // namespace winnow::model
