#include "store/high_water_mark.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/events_log.h"
#include "tests/store/history_builder.h"

namespace winnow::store {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// The damage table of reliability.md §3, on a store of 6 steps that live in the log of RocksDB.
class HighWaterMarkTest : public testing::Test {
 protected:
  void SetUp() override { WriteSteps(run_, 1, 6); }

  Status Open() {
    HistoryOptions options = OptionsOf(run_);
    options.recovery_hint = "resume from checkpoints/step_00000004";
    return RewardHistory::Open(run_.history(), options).status();
  }
  std::string Wal() {
    const auto logs = FilesWith(run_.history(), ".log");
    EXPECT_EQ(logs.size(), 1u);
    return logs.at(0);
  }
  // Rewrites events.log with the first `count` of its frames and `tail`.
  void KeepEvents(size_t count, const std::string& tail = "") {
    const EventsLogContents contents = ReadEventsLog(run_.events_log()).value();
    std::filesystem::remove(run_.events_log());
    EventsLog events = EventsLog::Open(run_.events_log()).value();
    for (size_t i = 0; i < count; ++i) ASSERT_TRUE(events.Append(contents.payloads[i]).ok());
    Overwrite(run_.events_log(), ReadFile(run_.events_log()).value() + tail);
  }

  RunFolder run_;
};

TEST_F(HighWaterMarkTest, OpensAtTheMark) { EXPECT_TRUE(Open().ok()); }

TEST_F(HighWaterMarkTest, RefusesADeletedLogAndSaysWhatToDo) {
  std::filesystem::remove(Wal());
  const Status status = Open();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_EQ(status.message(),
            "history: committed steps are gone, the store must reach the mark of events.log: mark "
            "step 6, seq 6; store step 0, seq 0; resume from checkpoints/step_00000004");
}

TEST_F(HighWaterMarkTest, RefusesATornLogThatLostACommittedStep) {
  const std::string bytes = ReadFile(Wal()).value();
  Overwrite(Wal(), bytes.substr(0, bytes.size() - 20));
  const Status status = Open();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr("committed steps are gone"), HasSubstr("store step 5"),
                    HasSubstr("resume from checkpoints/step_00000004")));
}

TEST_F(HighWaterMarkTest, RefusesAFlippedBitAnywhereInTheLog) {
  const std::string wal = Wal();
  const std::string bytes = ReadFile(wal).value();
  for (double part : {0.05, 0.3, 0.6, 0.9, 0.99}) {
    Overwrite(wal, bytes);
    FlipBit(wal, part);
    const Status status = Open();
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << part;
    EXPECT_THAT(status.message(), HasSubstr("resume from checkpoints/step_00000004"));
  }
}

TEST_F(HighWaterMarkTest, RefusesAMissingStoreInsteadOfMakingANewOne) {
  std::filesystem::remove_all(run_.history());
  EXPECT_THAT(Open().message(), HasSubstr("the store is missing, events.log marks step 6"));
  EXPECT_FALSE(std::filesystem::exists(run_.history()));
}

TEST_F(HighWaterMarkTest, RefusesAStoreWithoutCurrent) {
  std::filesystem::remove(run_.history() + "/CURRENT");
  EXPECT_THAT(Open().message(), HasSubstr("the store has lost its CURRENT file"));
}

TEST_F(HighWaterMarkTest, RefusesGarbageInCurrentAndManifest) {
  const std::string current = run_.history() + "/CURRENT";
  const std::string good = ReadFile(current).value();
  Overwrite(current, "garbage");
  EXPECT_EQ(Open().code(), StatusCode::kDataLoss);
  Overwrite(current, good);
  const std::string manifest = run_.history() + "/" + good.substr(0, good.size() - 1);
  FlipBit(manifest, 0.5);
  EXPECT_EQ(Open().code(), StatusCode::kDataLoss);
  std::filesystem::remove(manifest);
  EXPECT_EQ(Open().code(), StatusCode::kDataLoss);
}

TEST_F(HighWaterMarkTest, OpensOneStepPastTheMarkAndAddsTheMark) {
  KeepEvents(5);
  EXPECT_TRUE(Open().ok());
  const HistoryMark mark = LastMark(ReadEventsLog(run_.events_log()).value()).value();
  EXPECT_EQ(mark.step, 6u);
  EXPECT_FALSE(mark.resumed);
  EXPECT_TRUE(Open().ok());
}

TEST_F(HighWaterMarkTest, OpensWhenTheLastMarkIsTorn) {
  const std::string bytes = ReadFile(run_.events_log()).value();
  Overwrite(run_.events_log(), bytes.substr(0, bytes.size() - 3));
  EXPECT_TRUE(Open().ok());
  EXPECT_EQ(LastMark(ReadEventsLog(run_.events_log()).value())->step, 6u);
}

TEST_F(HighWaterMarkTest, RefusesAStoreTwoStepsPastTheMark) {
  KeepEvents(4);
  EXPECT_THAT(Open().message(), HasSubstr("events.log has lost its end"));
  std::filesystem::remove(run_.events_log());
  EXPECT_THAT(Open().message(), HasSubstr("mark step 0, seq 0; store step 6, seq 6"));
}

TEST_F(HighWaterMarkTest, RefusesADigestThatDoesNotFit) {
  KeepEvents(5);
  EventsLog events = EventsLog::Open(run_.events_log()).value();
  ASSERT_TRUE(
      events.Append(EncodeMark({.step = 6, .hist_seq = 6, .hist_digest = Digest{1, 2}})).ok());
  EXPECT_THAT(Open().message(), HasSubstr("digest of step 6 must be that of events.log"));
}

TEST_F(HighWaterMarkTest, RefusesAStepPastTheMarkThatDoesNotContinueIt) {
  KeepEvents(4);
  EventsLog events = EventsLog::Open(run_.events_log()).value();
  ASSERT_TRUE(
      events.Append(EncodeMark({.step = 5, .hist_seq = 5, .hist_digest = Digest{1, 2}})).ok());
  EXPECT_THAT(Open().message(), HasSubstr("digest of step 5 must be that of events.log"));
}

TEST_F(HighWaterMarkTest, RefusesAMarkAheadOfTheStore) {
  EventsLog events = EventsLog::Open(run_.events_log()).value();
  ASSERT_TRUE(
      events.Append(EncodeMark({.step = 7, .hist_seq = 7, .hist_digest = Digest{1, 2}})).ok());
  EXPECT_THAT(Open().message(), HasSubstr("mark step 7, seq 7; store step 6, seq 6"));
}

}  // namespace
}  // namespace winnow::store
