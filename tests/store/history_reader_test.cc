#include "store/history_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "store/events_log.h"
#include "tests/store/history_builder.h"

namespace winnow::store {
namespace {

using testing::HasSubstr;

TEST(HistoryReaderTest, ReadsBesideTheWriterAtAStepsBorder) {
  RunFolder run;
  const auto history = OpenHistory(run);
  for (uint64_t step = 1; step <= 3; ++step) CommitKeyedStep(history.get(), step);
  const auto reader = HistoryReader::OpenLive(run.history(), run.events_log()).value();
  history->BeginStep(4);
  ASSERT_TRUE(history->Append(OutcomeOf(1, 4, {1, 0, 0, 0})).ok());
  ASSERT_TRUE(reader->CatchUp().ok());
  EXPECT_EQ(reader->position()->step, 3u);
  ASSERT_TRUE(history->Commit(4).ok());
  ASSERT_TRUE(reader->CatchUp().ok());
  EXPECT_EQ(reader->position().value(), history->position());
  EXPECT_TRUE(reader->Verify()->ok());
}

// Each view that a reader can catch must be a whole step: everything in it verifies. Checkpoints
// on the way flush the writer's memory, so views come from its log and from its files.
TEST(HistoryReaderTest, TwoReadersSeeWholeStepsOnlyWhileTheWriterWrites) {
  RunFolder run;
  const auto history = OpenHistory(run);
  CommitKeyedStep(history.get(), 1);
  std::atomic<bool> done = false;
  std::atomic<int> views = 0;
  const auto read = [&](bool reopen) {
    auto reader = HistoryReader::OpenLive(run.history(), run.events_log()).value();
    uint64_t last = 0;
    do {
      if (reopen) reader = HistoryReader::OpenLive(run.history(), run.events_log()).value();
      const Status caught_up = reader->CatchUp();
      ASSERT_TRUE(caught_up.ok()) << caught_up.ToString();
      const VerifyReport report = reader->Verify().value();
      ASSERT_TRUE(report.ok()) << testing::PrintToString(report.problems);
      ASSERT_EQ(report.num_groups, report.position.step * 7);
      ASSERT_GE(report.position.step, last);
      last = report.position.step;
      ++views;
    } while (!done);
  };
  std::thread following(read, false);
  std::thread opening(read, true);
  for (uint64_t step = 2; step <= 60; ++step) {
    CommitKeyedStep(history.get(), step);
    if (step % 7 == 0) {
      ASSERT_TRUE(history->CreateCheckpoint(run.path() + "/" + std::to_string(step)).ok());
    }
  }
  done = true;
  following.join();
  opening.join();
  EXPECT_GE(views, 2);
}

TEST(HistoryReaderTest, ReadsACheckpointAsOfItsStep) {
  RunFolder run;
  const auto history = OpenHistory(run);
  for (uint64_t step = 1; step <= 3; ++step) CommitKeyedStep(history.get(), step);
  const std::string shown =
      HistoryReader::OpenLive(run.history(), run.events_log()).value()->Show(PromptId(2)).value();
  ASSERT_TRUE(history->CreateCheckpoint(run.path() + "/copy").ok());
  CommitKeyedStep(history.get(), 4);
  const auto reader = HistoryReader::OpenCheckpoint(run.path() + "/copy").value();
  EXPECT_EQ(reader->position()->step, 3u);
  EXPECT_EQ(reader->Show(PromptId(2)).value(), shown);
  EXPECT_TRUE(reader->Verify()->ok());
}

TEST(HistoryReaderTest, AnswersEveryQuery) {
  RunFolder run;
  WriteSteps(run, 1, 3);
  const auto reader = HistoryReader::OpenLive(run.history(), run.events_log()).value();
  const auto summary = nlohmann::json::parse(reader->Summary().value());
  EXPECT_EQ(summary["groups"], 21);
  EXPECT_EQ(nlohmann::json::parse(reader->Steps(2, 3).value()).size(), 2u);
  EXPECT_EQ(nlohmann::json::parse(reader->List({}).value())["total"], 8);
  EXPECT_EQ(reader->Resolve("0000000000000008").value(), PromptId(8));
  size_t lines = 0;
  ASSERT_TRUE(reader->Export([&](std::string_view) { return ++lines, OkStatus(); }).ok());
  EXPECT_EQ(lines, 8u);
}

TEST(HistoryReaderTest, RefusesAStoreThatLostCommittedSteps) {
  RunFolder run;
  WriteSteps(run, 1, 3);
  for (const std::string& wal : FilesWith(run.history(), ".log")) std::filesystem::remove(wal);
  const Status status = HistoryReader::OpenLive(run.history(), run.events_log()).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  std::filesystem::remove_all(run.history());
  EXPECT_THAT(HistoryReader::OpenLive(run.history(), run.events_log()).status().message(),
              HasSubstr("the store is missing, events.log marks step 3"));
}

TEST(HistoryReaderTest, SaysWhenThereIsNoStore) {
  RunFolder run;
  EXPECT_EQ(HistoryReader::OpenLive(run.history(), run.events_log()).status().message(),
            "history: there is no store: " + run.history());
  EXPECT_EQ(HistoryReader::OpenCheckpoint(run.history()).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace winnow::store
