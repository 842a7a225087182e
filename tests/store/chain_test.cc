#include "store/chain.h"

#include <gtest/gtest.h>

#include "store/database.h"
#include "store/record.h"
#include "tests/store/history_builder.h"

namespace winnow::store {
namespace {

TEST(ChainTest, DigestsExactlyWhatIsDocumented) {
  StepDigester digester;
  digester.AddHist("key", "value");
  digester.AddSkip("k", "v");
  const std::string hist("\3\0\0\0key\5\0\0\0value", 16);
  const std::string skip("\1\0\0\0k\1\0\0\0v", 10);
  std::string link;
  const auto put = [&](uint64_t word) {
    for (int i = 0; i < 8; ++i) link.push_back(static_cast<char>(word >> 8 * i & 0xFF));
  };
  put(11), put(12), put(412);
  put(DigestOf(hist).low), put(DigestOf(hist).high);
  put(DigestOf(skip).low), put(DigestOf(skip).high);
  EXPECT_EQ(digester.Chain(Digest{11, 12}, 412), DigestOf(link));
}

TEST(ChainTest, EveryPartOfARecordAndEveryPredecessorCounts) {
  const auto chain = [](std::string_view key, std::string_view value, Digest previous,
                        uint64_t step, bool skip) {
    StepDigester digester;
    skip ? digester.AddSkip(key, value) : digester.AddHist(key, value);
    return digester.Chain(previous, step);
  };
  const Digest base = chain("ab", "c", Digest(), 1, false);
  EXPECT_EQ(base, chain("ab", "c", Digest(), 1, false));
  EXPECT_NE(base, chain("a", "bc", Digest(), 1, false));
  EXPECT_NE(base, chain("ab", "d", Digest(), 1, false));
  EXPECT_NE(base, chain("ab", "c", Digest{1, 0}, 1, false));
  EXPECT_NE(base, chain("ab", "c", Digest(), 2, false));
  EXPECT_NE(base, chain("ab", "c", Digest(), 1, true));
}

TEST(ChainTest, PositionsSurviveARoundTrip) {
  RunFolder run;
  const auto database = Database::Open(run.history(), Database::Mode::kCreate).value();
  EXPECT_EQ(ReadPosition(*database).value(), HistoryPosition());
  const HistoryPosition position{12, 11, 400, Digest{5, 6}};
  std::vector<Put> puts;
  PutPosition({3, 1, 9, Digest{1, 2}}, &puts);
  PutPosition(position, &puts);
  ASSERT_TRUE(database->Write(puts).ok());
  EXPECT_EQ(ReadPosition(*database).value(), position);
  EXPECT_EQ(ReadChain(*database, 3).value(), (Digest{1, 2}));
  EXPECT_EQ(ReadChain(*database, 4).value(), std::nullopt);
  const auto chain = ReadWholeChain(*database).value();
  ASSERT_EQ(chain.size(), 2u);
  EXPECT_EQ(chain[1].step, 12u);
  EXPECT_EQ(chain[1].digest, (Digest{5, 6}));
}

TEST(ChainTest, RefusesAPositionThatIsNoNumberAndAnotherSchema) {
  RunFolder run;
  const auto database = Database::Open(run.history(), Database::Mode::kCreate).value();
  ASSERT_TRUE(database->Write({{Family::kMeta, "hist_seq", "12x"}}).ok());
  EXPECT_EQ(ReadPosition(*database).status().message(),
            "history: meta hist_seq cannot be read: 12x");
  EXPECT_EQ(CheckSchema(*database).message(), "history: schema must be 1: missing");
  ASSERT_TRUE(database->Write({{Family::kMeta, "schema", "2"}}).ok());
  EXPECT_EQ(CheckSchema(*database).message(), "history: schema must be 1: 2");
}

TEST(ChainTest, KnowsItsOwnMetaKeys) {
  EXPECT_TRUE(IsReservedMetaKey("hist_digest"));
  EXPECT_TRUE(IsReservedMetaKey("chain/0000000000000001"));
  EXPECT_FALSE(IsReservedMetaKey("filter"));
  EXPECT_FALSE(IsReservedMetaKey("cursor"));
}

}  // namespace
}  // namespace winnow::store
