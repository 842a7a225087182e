#include "store/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "store/database.h"
#include "store/history_reader.h"
#include "store/record.h"
#include "tests/store/history_builder.h"

namespace winnow::store {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

// Plants damage behind the back of a store of 5 steps that verifies.
class VerifyTest : public testing::Test {
 protected:
  void SetUp() override {
    WriteSteps(run_, 1, 5);
    EXPECT_TRUE(Verify().ok());
  }
  void Plant(const std::vector<Put>& puts) {
    const auto database = Database::Open(run_.history(), Database::Mode::kWrite).value();
    ASSERT_TRUE(database->Write(puts).ok());
  }
  VerifyReport Verify() {
    return HistoryReader::OpenLive(run_.history(), run_.events_log()).value()->Verify().value();
  }
  Outcome FirstOf(uint64_t prompt) { return OpenHistory(run_)->Outcomes(PromptId(prompt))->at(0); }

  RunFolder run_;
};

TEST_F(VerifyTest, FindsAnAggregateThatIsNotTheFold) {
  PromptAggregate aggregate = OpenHistory(run_)->Find(PromptId(3)).value();
  aggregate.streak += 1;
  Plant({{Family::kAgg, PromptKey(PromptId(3)), EncodeAggregate(aggregate)}});
  EXPECT_THAT(Verify().problems,
              ElementsAre("history: `agg` is not the fold of `hist` and `skip`: prompt "
                          "0000000000000003"));
}

TEST_F(VerifyTest, FindsASumThatIsOffInItsLastBit) {
  PromptAggregate aggregate = OpenHistory(run_)->Find(PromptId(3)).value();
  aggregate.mopps_a = std::nextafter(aggregate.mopps_a, 1e9);
  Plant({{Family::kAgg, PromptKey(PromptId(3)), EncodeAggregate(aggregate)}});
  EXPECT_EQ(Verify().num_problems, 1u);
}

TEST_F(VerifyTest, FindsAChangedRewardThatTheAggregateFollowed) {
  Outcome outcome = FirstOf(2);    // of step 2: the first skipped it
  outcome.samples[0].length += 1;  // no aggregate holds lengths: only the chain can tell
  Plant({{Family::kHist, HistKey(outcome.prompt, outcome.step, 0), EncodeOutcome(outcome)}});
  EXPECT_THAT(Verify().problems,
              ElementsAre("history: digest of the step does not match its records: step 2"));
}

TEST_F(VerifyTest, FindsAForeignRecord) {
  const Outcome outcome = OutcomeOf(77, 3, {0, 0, 0, 0});
  Plant({{Family::kHist, HistKey(outcome.prompt, 3, 0), EncodeOutcome(outcome)}});
  const auto problems = Verify().problems;
  EXPECT_THAT(problems,
              Contains("history: prompt has no record of `agg`: prompt 000000000000004d"));
  EXPECT_THAT(problems, Contains(HasSubstr("`step` is not the index of `hist`")));
  EXPECT_THAT(problems, Contains(HasSubstr("does not match its records: step 3")));
  EXPECT_THAT(problems, Contains(HasSubstr("hist_count is not the number of records, 41: 40")));
}

TEST_F(VerifyTest, FindsARecordOfAStepThatWasNotCommitted) {
  const Skip skip = SkipOf(1, 99);
  Plant({{Family::kSkip, SkipKey(PromptId(1), 99), EncodeSkip(skip)}});
  EXPECT_THAT(Verify().problems,
              Contains("history: records of a step that was not committed: step 99"));
}

TEST_F(VerifyTest, FindsAnIndexEntryOfAnotherStep) {
  Plant({{Family::kStep, StepKey(3, PromptId(400), 0), ""}});
  EXPECT_THAT(Verify().problems,
              ElementsAre("history: `step` is not the index of `hist`: 36 entries, 35 groups"));
}

TEST_F(VerifyTest, FindsUnreadableRecordsAndGoesOn) {
  const Outcome outcome = FirstOf(2);
  Plant({{Family::kHist, HistKey(outcome.prompt, outcome.step, 0), "junk"},
         {Family::kAgg, "odd", "junk"},
         {Family::kAgg, PromptKey(PromptId(9)) + "tail", "junk"}});
  const auto problems = Verify().problems;
  EXPECT_THAT(problems, Contains(HasSubstr("record of `hist` cannot be read")));
  EXPECT_THAT(problems, Contains(HasSubstr("prompt 6f6464")));
  EXPECT_THAT(problems, Contains(HasSubstr("prompt 0000000000000009")));
}

TEST_F(VerifyTest, FindsAPositionThatIsNotTheEndOfTheChain) {
  Plant({{Family::kMeta, "hist_count", "7"}, {Family::kMeta, "step", "4"}});
  const auto problems = Verify().problems;
  EXPECT_THAT(problems,
              Contains(HasSubstr("meta does not end where the chain ends, at step 5 of 5")));
  EXPECT_THAT(problems, Contains("history: hist_count is not the number of records, 40: 7"));
}

TEST_F(VerifyTest, FindsAFlippedBitInATable) {
  const std::string copy = run_.path() + "/copy";
  ASSERT_TRUE(OpenHistory(run_)->CreateCheckpoint(copy).ok());
  for (const std::string& table : FilesWith(copy, ".sst")) {
    const std::string bytes = ReadFile(table).value();
    std::filesystem::remove(table);  // the live store shares the file
    Overwrite(table, bytes);
    EXPECT_TRUE(HistoryReader::OpenCheckpoint(copy).value()->Verify()->ok());
    FlipBit(table, 0.01);  // its first block
    const auto reader = HistoryReader::OpenCheckpoint(copy);
    if (reader.ok()) {
      const VerifyReport report = (*reader)->Verify().value();
      EXPECT_THAT(report.problems, Contains(HasSubstr("checksum does not match"))) << table;
    } else {
      EXPECT_EQ(reader.status().code(), StatusCode::kDataLoss);  // `meta` itself
    }
    Overwrite(table, bytes);
  }
  EXPECT_TRUE(Verify().ok());
}

TEST_F(VerifyTest, KeepsTheFirstProblemsAndCountsAll) {
  std::vector<Put> puts;
  for (uint64_t i = 0; i < 50; ++i) {
    puts.push_back({Family::kAgg, PromptKey(PromptId(100 + i)), "junk"});
  }
  Plant(puts);
  const VerifyReport report = Verify();
  EXPECT_EQ(report.num_problems, 50u);
  EXPECT_EQ(report.problems.size(), VerifyReport::kMaxProblems);
}

}  // namespace
}  // namespace winnow::store
