#include "store/resume.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/events_log.h"
#include "tests/store/history_builder.h"

namespace winnow::store {
namespace {

using testing::HasSubstr;

// A run that made a checkpoint after step 3 and went on to step 6.
class ResumeTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto history = OpenHistory(run_);
    for (uint64_t step = 1; step <= 6; ++step) {
      CommitKeyedStep(history.get(), step);
      digests_[step] = history->hist_digest();
      if (step == 3) {
        at_checkpoint_ = history->position();
        ASSERT_TRUE(history->CreateCheckpoint(checkpoint_).ok());
      }
    }
  }
  Status Resume() { return ResumeHistory(paths_, checkpoint_, at_checkpoint_); }
  bool Exists(const std::string& name) { return std::filesystem::exists(run_.path() + "/" + name); }

  RunFolder run_;
  const HistoryPaths paths_{run_.path()};
  const std::string checkpoint_ = run_.path() + "/checkpoint";
  HistoryPosition at_checkpoint_;
  std::map<uint64_t, Digest> digests_;
};

TEST_F(ResumeTest, TakesTheStoreOfTheCheckpointAndRepeatsTheSameDigests) {
  ASSERT_TRUE(Resume().ok());
  const AbandonedHistory abandoned = AbandonedHistory::OpenNewest(paths_).value();
  EXPECT_EQ(abandoned.path(), run_.path() + "/history.abandoned-0");
  const auto history = OpenHistory(run_);
  EXPECT_EQ(history->position(), at_checkpoint_);
  EXPECT_EQ(history->GetMeta("cursor").value(), "step 3");
  for (uint64_t step = 4; step <= 6; ++step) {
    CommitKeyedStep(history.get(), step);
    EXPECT_EQ(abandoned.DigestAt(step), history->hist_digest());
  }
  EXPECT_EQ(history->hist_digest(), digests_[6]);
  EXPECT_EQ(abandoned.DigestAt(7), std::nullopt);
  EXPECT_TRUE(history->Verify()->ok());
}

TEST_F(ResumeTest, LeavesTheCheckpointAsItWas) {
  const std::string manifest = ReadFile(checkpoint_ + "/CURRENT").value();
  ASSERT_TRUE(Resume().ok());
  WriteSteps(run_, 4, 9);
  EXPECT_EQ(ReadFile(checkpoint_ + "/CURRENT").value(), manifest);
  ASSERT_TRUE(Resume().ok());
  EXPECT_EQ(OpenHistory(run_)->position(), at_checkpoint_);
}

TEST_F(ResumeTest, MarksTheLogAsResumed) {
  ASSERT_TRUE(Resume().ok());
  const HistoryMark mark = LastMark(ReadEventsLog(run_.events_log()).value()).value();
  EXPECT_TRUE(mark.resumed);
  EXPECT_EQ(mark.step, 3u);
  EXPECT_EQ(mark.hist_seq, 3u);
  EXPECT_EQ(mark.hist_digest, digests_[3]);
}

TEST_F(ResumeTest, KeepsOneAbandonedStore) {
  ASSERT_TRUE(Resume().ok());
  WriteSteps(run_, 4, 4);
  ASSERT_TRUE(Resume().ok());
  EXPECT_FALSE(Exists("history.abandoned-0"));
  EXPECT_TRUE(Exists("history.abandoned-1"));
  EXPECT_FALSE(Exists("history.incoming"));
  EXPECT_EQ(AbandonedHistory::OpenNewest(paths_)->DigestAt(4), digests_[4]);
}

// Killed after the copy became the live store and before the log was marked: the copy must not
// push out the store that has the steps to compare with.
TEST_F(ResumeTest, MayBeKilledBeforeTheMarkAndCalledAgain) {
  const std::string events = ReadFile(run_.events_log()).value();
  ASSERT_TRUE(Resume().ok());
  Overwrite(run_.events_log(), events);
  ASSERT_TRUE(Resume().ok());
  EXPECT_TRUE(Exists("history.abandoned-0"));
  EXPECT_EQ(AbandonedHistory::OpenNewest(paths_)->DigestAt(6), digests_[6]);
  EXPECT_EQ(OpenHistory(run_)->position(), at_checkpoint_);
}

TEST_F(ResumeTest, MayBeKilledBetweenItsTwoRenamesAndCalledAgain) {
  std::filesystem::rename(run_.history(), run_.path() + "/history.abandoned-0");
  std::filesystem::create_directory(run_.path() + "/history.incoming");
  Overwrite(run_.path() + "/history.incoming/half", "x");
  ASSERT_TRUE(Resume().ok());
  EXPECT_EQ(OpenHistory(run_)->position(), at_checkpoint_);
  EXPECT_EQ(AbandonedHistory::OpenNewest(paths_)->DigestAt(6), digests_[6]);
}

TEST_F(ResumeTest, ReplacesALiveStoreThatCannotBeOpened) {
  Overwrite(run_.history() + "/CURRENT", "garbage");
  ASSERT_TRUE(Resume().ok());
  EXPECT_EQ(OpenHistory(run_)->position(), at_checkpoint_);
  EXPECT_EQ(AbandonedHistory::OpenNewest(paths_).status().code(), StatusCode::kDataLoss);
}

TEST_F(ResumeTest, RefusesACopyThatIsNotAtTheManifestsPosition) {
  HistoryPosition other = at_checkpoint_;
  other.hist_digest.low ^= 1;
  const Status status = ResumeHistory(paths_, checkpoint_, other);
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("must be at step 3, seq 3"));
  EXPECT_EQ(OpenHistory(run_)->position().step, 6u);  // nothing was changed
}

TEST_F(ResumeTest, StartsAgainWithoutACheckpoint) {
  ASSERT_TRUE(RestartHistory(paths_).ok());
  EXPECT_FALSE(Exists("history"));
  ASSERT_TRUE(RestartHistory(paths_).ok());  // killed before the new store was made
  WriteSteps(run_, 1, 6);
  EXPECT_EQ(OpenHistory(run_)->hist_digest(), digests_[6]);
  EXPECT_EQ(AbandonedHistory::OpenNewest(paths_)->DigestAt(6), digests_[6]);
}

TEST(RestartHistoryTest, DoesNothingInANewRunFolder) {
  RunFolder run;
  ASSERT_TRUE(RestartHistory({run.path()}).ok());
  EXPECT_FALSE(std::filesystem::exists(run.events_log()));
  EXPECT_EQ(AbandonedHistory::OpenNewest({run.path()}).status().code(), StatusCode::kNotFound);
}

TEST(RestartHistoryTest, DropsAStoreWithoutASingleStep) {
  RunFolder run;
  OpenHistory(run);
  ASSERT_TRUE(RestartHistory({run.path()}).ok());
  EXPECT_FALSE(std::filesystem::exists(run.history()));
  EXPECT_EQ(AbandonedHistory::OpenNewest({run.path()}).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace winnow::store
