#include "orchestrator/dispatcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace winnow::orchestrator {
namespace {

using Kind = Action::Kind;

Digest DigestFor(TaskKey task) { return {.low = task.group, .high = task.sample}; }

TEST(DispatcherTest, IssuesGroupByGroupAndEndsWithTheLastVerdict) {
  Dispatcher dispatcher;
  const std::vector<uint32_t> sizes = {2, 1};
  EXPECT_TRUE(dispatcher.OpenWave(sizes).empty());  // no credit, no task
  const std::vector<Action> issued = dispatcher.OnCredit(/*actor=*/5, /*credits=*/10);
  ASSERT_EQ(issued.size(), 3u);
  EXPECT_EQ(issued[2].task, (TaskKey{.group = 1, .sample = 0}));
  for (const Action& action : issued) {
    const auto next = dispatcher.OnTrajectory(5, action.task, DigestFor(action.task));
    ASSERT_EQ(next.size(), 1u);
    EXPECT_EQ(next[0].kind, Kind::kScore);
  }
  EXPECT_TRUE(dispatcher.OnVerdict(issued[1].task).empty());
  EXPECT_TRUE(dispatcher.OnVerdict(issued[0].task).empty());
  const auto last = dispatcher.OnVerdict(issued[2].task);
  ASSERT_EQ(last.size(), 1u);
  EXPECT_EQ(last[0].kind, Kind::kWaveDone);
  EXPECT_FALSE(dispatcher.wave_open());
  EXPECT_EQ(dispatcher.counts().done, 3u);
}

TEST(DispatcherTest, CreditsAreAbsolute) {
  Dispatcher dispatcher;
  dispatcher.OpenWave(std::vector<uint32_t>{4});
  EXPECT_EQ(dispatcher.OnCredit(1, 2).size(), 2u);
  EXPECT_TRUE(dispatcher.OnCredit(1, 2).empty());  // a repeated message gives nothing
  EXPECT_TRUE(dispatcher.OnCredit(1, 1).empty());  // nor does an older one
  EXPECT_EQ(dispatcher.OnCredit(1, 3).size(), 1u);
}

TEST(DispatcherTest, FirstResultWinsAndMismatchesAreCounted) {
  Dispatcher dispatcher;
  dispatcher.OpenWave(std::vector<uint32_t>{1});
  dispatcher.OnCredit(1, 1);
  EXPECT_EQ(dispatcher.OnTrajectory(1, {}, DigestFor({})).size(), 1u);
  EXPECT_TRUE(dispatcher.OnTrajectory(1, {}, DigestFor({})).empty());
  EXPECT_TRUE(dispatcher.OnTrajectory(1, {}, {.low = 9, .high = 9}).empty());
  EXPECT_EQ(dispatcher.counts().duplicates, 2u);
  EXPECT_EQ(dispatcher.counts().duplicate_mismatches, 1u);
}

TEST(DispatcherTest, LostTasksAreIssuedAgainWithAnotherLease) {
  Dispatcher dispatcher;
  dispatcher.OpenWave(std::vector<uint32_t>{2});
  dispatcher.OnCredit(1, 1);
  dispatcher.OnCredit(2, 1);
  EXPECT_TRUE(dispatcher.OnActorLost(1).empty());  // actor 2 has no credit left
  const auto again = dispatcher.OnCredit(2, 2);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].task, (TaskKey{.group = 0, .sample = 0}));
  EXPECT_EQ(again[0].lease, 2u);
  // The dead actor's late result of the expired lease is still valid.
  EXPECT_EQ(dispatcher.OnTrajectory(1, again[0].task, DigestFor(again[0].task)).size(), 1u);
  EXPECT_TRUE(dispatcher.CheckConservation().ok());
}

TEST(DispatcherTest, AnEmptyWaveIsDoneAtOnce) {
  Dispatcher dispatcher;
  const auto actions = dispatcher.OpenWave({});
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(actions[0].kind, Kind::kWaveDone);
}

// Random events: nothing is lost, each task gets one verdict, the law holds after every event.
TEST(DispatcherTest, ConservesTasksUnderRandomDeathsAndDuplicates) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    Dispatcher dispatcher;
    dispatcher.OpenWave(std::vector<uint32_t>{3, 1, 4});
    std::vector<Action> leased;
    std::multiset<TaskKey> verdicts;
    uint64_t credits = 0;
    bool done = false;
    const auto take = [&](const std::vector<Action>& actions, auto&& self) -> void {
      for (const Action& action : actions) {
        if (action.kind == Kind::kGenerate) leased.push_back(action);
        if (action.kind == Kind::kWaveDone) done = true;
        if (action.kind == Kind::kScore) {
          verdicts.insert(action.task);
          self(dispatcher.OnVerdict(action.task), self);
        }
      }
    };
    for (int event = 0; event < 10'000 && !done; ++event) {
      const uint32_t actor = random() % 3;
      if (random() % 8 == 0) {
        take(dispatcher.OnActorLost(actor), take);
      } else if (random() % 3 == 0 || leased.empty()) {
        take(dispatcher.OnCredit(actor, ++credits), take);
      } else {
        const Action action = leased[random() % leased.size()];
        take(dispatcher.OnTrajectory(action.actor, action.task, DigestFor(action.task)), take);
      }
      ASSERT_TRUE(dispatcher.CheckConservation().ok());
    }
    ASSERT_TRUE(done);
    EXPECT_EQ(verdicts.size(), 8u);
    EXPECT_EQ(std::set<TaskKey>(verdicts.begin(), verdicts.end()).size(), 8u);
    EXPECT_EQ(dispatcher.counts().duplicate_mismatches, 0u);
  }
}

}  // namespace
}  // namespace winnow::orchestrator
