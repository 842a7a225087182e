#include "store/prompt_records.h"

#include <gtest/gtest.h>

#include "store/database.h"
#include "store/record.h"
#include "tests/store/history_builder.h"

namespace winnow::store {
namespace {

TEST(PromptRecordsTest, ReadsTheRecordsOfOnePromptInStepOrder) {
  RunFolder run;
  const auto database = Database::Open(run.history(), Database::Mode::kCreate).value();
  const Outcome late = OutcomeOf(2, 300, {1, 0}), early = OutcomeOf(2, 5, {1, 1});
  const Skip skip = SkipOf(2, 7);
  std::vector<Put> puts;
  for (const Outcome& outcome : {late, early, OutcomeOf(1, 1, {0}), OutcomeOf(3, 1, {0})}) {
    puts.push_back(
        {Family::kHist, HistKey(outcome.prompt, outcome.step, 0), EncodeOutcome(outcome)});
  }
  puts.push_back({Family::kSkip, SkipKey(PromptId(2), 7), EncodeSkip(skip)});
  ASSERT_TRUE(database->Write(puts).ok());
  EXPECT_EQ(ReadOutcomes(*database, PromptId(2)).value(), (std::vector<Outcome>{early, late}));
  EXPECT_EQ(ReadSkips(*database, PromptId(2)).value(), std::vector<Skip>{skip});
  EXPECT_TRUE(ReadOutcomes(*database, PromptId(4))->empty());
}

TEST(PromptRecordsTest, ReportsARecordThatCannotBeRead) {
  RunFolder run;
  const auto database = Database::Open(run.history(), Database::Mode::kCreate).value();
  ASSERT_TRUE(database->Write({{Family::kHist, HistKey(PromptId(2), 5, 0), "junk"}}).ok());
  EXPECT_EQ(ReadOutcomes(*database, PromptId(2)).status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace winnow::store
