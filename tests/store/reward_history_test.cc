#include "store/reward_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <limits>
#include <thread>

#include "store/events_log.h"
#include "tests/store/history_builder.h"

namespace winnow::store {
namespace {

using testing::HasSubstr;

TEST(RewardHistoryTest, RemembersACommittedStep) {
  RunFolder run;
  const Outcome outcome = OutcomeOf(7, 1, {1, 0, 1, 1});
  const Skip skip = SkipOf(9, 1, FilterReason::kHard);
  {
    const auto history = OpenHistory(run);
    history->BeginStep(1);
    ASSERT_TRUE(history->Append(outcome).ok());
    history->AppendSkip(skip);
    history->SetMeta("filter", "blob");
    ASSERT_TRUE(history->Commit(1).ok());
  }
  const auto history = OpenHistory(run);
  EXPECT_EQ(history->Outcomes(PromptId(7)).value(), std::vector<Outcome>{outcome});
  EXPECT_EQ(history->Skips(PromptId(9)).value(), std::vector<Skip>{skip});
  EXPECT_EQ(history->GetMeta("filter").value(), "blob");
  EXPECT_EQ(history->position().step, 1u);
  EXPECT_EQ(history->hist_seq(), 1u);
  EXPECT_EQ(history->position().num_records, 2u);
  const PromptAggregate aggregate = history->Find(PromptId(7)).value();
  EXPECT_EQ(aggregate.groups, 1u);
  EXPECT_EQ(aggregate.reward_sum, 3.0);
  EXPECT_EQ(aggregate.last_class(), OutcomeClass::kEffective);
  EXPECT_EQ(history->Find(PromptId(9))->skips_by_reason[5], 1u);
  EXPECT_EQ(history->Find(PromptId(8)).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(history->GetMeta("cursor").status().code(), StatusCode::kNotFound);
}

TEST(RewardHistoryTest, ShowsNothingOfAnOpenStep) {
  RunFolder run;
  const auto history = OpenHistory(run);
  history->BeginStep(1);
  ASSERT_TRUE(history->Append(OutcomeOf(7, 1, {1, 0, 1, 1})).ok());
  history->SetMeta("filter", "blob");
  EXPECT_EQ(history->Find(PromptId(7)).status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(history->Outcomes(PromptId(7))->empty());
  EXPECT_EQ(history->GetMeta("filter").status().code(), StatusCode::kNotFound);
  history->DiscardStep();
  EXPECT_EQ(history->hist_seq(), 0u);
  CommitKeyedStep(history.get(), 1);
  EXPECT_EQ(history->hist_seq(), 1u);
}

TEST(RewardHistoryTest, FindsManyInOrderWithEmptyAggregatesForTheUnseen) {
  RunFolder run;
  const auto history = OpenHistory(run);
  CommitKeyedStep(history.get(), 1);
  const std::vector<PromptId> ids = {PromptId(3), PromptId(99), PromptId(1)};
  const auto found = history->FindMany(ids).value();
  EXPECT_EQ(found[0], history->Find(PromptId(3)).value());
  EXPECT_EQ(found[1], EmptyAggregate(MoppsPrior()));
  EXPECT_EQ(found[2], history->Find(PromptId(1)).value());
  size_t visited = 0;
  ASSERT_TRUE(history->ForEachAggregate([&](PromptId, const PromptAggregate&) { ++visited; }).ok());
  EXPECT_EQ(visited, 8u);
}

TEST(RewardHistoryTest, SkipsAStepThatIsAlreadyThere) {
  RunFolder run;
  WriteSteps(run, 1, 3);
  const auto history = OpenHistory(run);
  const HistoryPosition before = history->position();
  const PromptAggregate aggregate = history->Find(PromptId(1)).value();
  history->BeginStep(3);
  ASSERT_TRUE(history->Append(OutcomeOf(1, 3, {1, 1, 1, 1})).ok());
  history->SetMeta("cursor", "other");
  ASSERT_TRUE(history->Commit(3).ok());
  EXPECT_EQ(history->position(), before);
  EXPECT_EQ(history->Find(PromptId(1)).value(), aggregate);
  EXPECT_EQ(history->GetMeta("cursor").value(), "step 3");
}

TEST(RewardHistoryTest, KeepsTheFirstOfTwoGroupsWithOneKey) {
  RunFolder run;
  const auto history = OpenHistory(run);
  Outcome second_occurrence = OutcomeOf(7, 1, {0, 0, 0, 0});
  second_occurrence.occurrence = 1;
  history->BeginStep(1);
  ASSERT_TRUE(history->Append(OutcomeOf(7, 1, {1, 0, 1, 1})).ok());
  ASSERT_TRUE(history->Append(OutcomeOf(7, 1, {0, 0, 0, 0})).ok());
  ASSERT_TRUE(history->Append(second_occurrence).ok());
  ASSERT_TRUE(history->Commit(1).ok());
  EXPECT_EQ(history->Outcomes(PromptId(7))->size(), 2u);
  EXPECT_EQ(history->Find(PromptId(7))->groups, 2u);
  EXPECT_EQ(history->Find(PromptId(7))->reward_sum, 3.0);
  EXPECT_TRUE(history->Verify()->ok());
}

TEST(RewardHistoryTest, CommitsAnEmptyStep) {
  RunFolder run;
  const auto history = OpenHistory(run);
  history->BeginStep(1);
  ASSERT_TRUE(history->Commit(1).ok());
  EXPECT_EQ(history->hist_seq(), 1u);
  EXPECT_NE(history->hist_digest(), Digest());
  EXPECT_TRUE(history->Verify()->ok());
}

TEST(RewardHistoryTest, RefusesARewardThatIsNoNumber) {
  RunFolder run;
  const auto history = OpenHistory(run);
  history->BeginStep(1);
  EXPECT_THAT(
      history->Append(OutcomeOf(7, 1, {std::numeric_limits<float>::quiet_NaN(), 0})).message(),
      HasSubstr("reward and metric must be finite: prompt 0000000000000007, nan and nan"));
}

TEST(RewardHistoryTest, TwoRunsAgreeIffTheirRecordsAreEqual) {
  RunFolder one, two, other;
  WriteSteps(one, 1, 6);
  WriteSteps(two, 1, 3);
  WriteSteps(two, 4, 6);  // closed and opened again
  const auto first = OpenHistory(one);
  const auto second = OpenHistory(two);
  EXPECT_EQ(first->position(), second->position());

  HistoryOptions renamed = OptionsOf(other);
  renamed.run_id = "another run";
  const auto third = RewardHistory::Open(other.history(), renamed).value();
  for (uint64_t step = 1; step <= 5; ++step) CommitKeyedStep(third.get(), step);
  third->BeginStep(6);
  ASSERT_TRUE(third->Append(OutcomeOf(1, 6, {1, 1, 1, 1})).ok());
  ASSERT_TRUE(third->Commit(6).ok());
  EXPECT_NE(first->hist_digest(), third->hist_digest());
}

TEST(RewardHistoryTest, OrderOfAppendsDoesNotMatter) {
  RunFolder one, two;
  const std::vector<Outcome> outcomes = {
      OutcomeOf(3, 1, {1, 0, 0, 0}), OutcomeOf(1, 1, {1, 1, 1, 1}), OutcomeOf(2, 1, {0, 0, 0, 0})};
  const auto first = OpenHistory(one);
  const auto second = OpenHistory(two);
  first->BeginStep(1);
  second->BeginStep(1);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    ASSERT_TRUE(first->Append(outcomes[i]).ok());
    ASSERT_TRUE(second->Append(outcomes[outcomes.size() - 1 - i]).ok());
  }
  ASSERT_TRUE(first->Commit(1).ok());
  ASSERT_TRUE(second->Commit(1).ok());
  EXPECT_EQ(first->hist_digest(), second->hist_digest());
}

TEST(RewardHistoryTest, AggregatesAreTheFoldOfTheRecords) {
  RunFolder run;
  WriteSteps(run, 1, 40);
  const auto history = OpenHistory(run);
  const VerifyReport report = history->Verify().value();
  EXPECT_TRUE(report.ok()) << (report.problems.empty() ? "" : report.problems[0]);
  EXPECT_EQ(report.num_groups, 40u * 7);
  EXPECT_EQ(report.num_skips, 40u);
  EXPECT_EQ(report.position, history->position());
  for (uint64_t prompt = 1; prompt <= 8; ++prompt) {
    PromptAggregate folded = EmptyAggregate(MoppsPrior());
    const auto outcomes = history->Outcomes(PromptId(prompt)).value();
    const auto skips = history->Skips(PromptId(prompt)).value();
    for (const Outcome& outcome : outcomes) {
      FoldOutcome(MoppsPrior(), outcome, &folded);
    }
    for (const Skip& skip : skips) FoldSkip(skip, &folded);
    EXPECT_EQ(history->Find(PromptId(prompt)).value(), folded);
  }
}

TEST(RewardHistoryTest, RefusesASecondWriter) {
  RunFolder run;
  const auto history = OpenHistory(run);
  const auto second = RewardHistory::Open(run.history(), OptionsOf(run));
  EXPECT_EQ(second.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(second.status().message(),
            "history: " + run.history() + " is in use by another process");
}

TEST(RewardHistoryTest, NeedsLeaveToMakeANewStore) {
  RunFolder run;
  HistoryOptions options = OptionsOf(run);
  options.create = false;
  EXPECT_EQ(RewardHistory::Open(run.history(), options).status().message(),
            "history: there is no store: " + run.history());
}

TEST(RewardHistoryTest, RefusesAnotherRuleWithBothValues) {
  RunFolder run;
  WriteSteps(run, 1, 1);
  HistoryOptions options = OptionsOf(run);
  options.rule.classify.tolerance = 0.25;
  const Status status = RewardHistory::Open(run.history(), options).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            "history: filter.tolerance must be the store's, or filter.reset_history true: store "
            "1e-06, config 0.25");
}

TEST(RewardHistoryTest, FoldsPosteriorsAgainWhenTheirParametersChange) {
  RunFolder run;
  WriteSteps(run, 1, 12);
  HistoryOptions options = OptionsOf(run);
  options.rule.mopps.lambda = 0.5;
  const auto history = RewardHistory::Open(run.history(), options).value();
  PromptAggregate folded = EmptyAggregate(options.rule.mopps);
  const auto outcomes = history->Outcomes(PromptId(2)).value();
  for (const Outcome& outcome : outcomes) {
    FoldOutcome(options.rule.mopps, outcome, &folded);
  }
  EXPECT_EQ(history->Find(PromptId(2))->mopps_a, folded.mopps_a);
  EXPECT_EQ(history->Find(PromptId(2))->mopps_b, folded.mopps_b);
  EXPECT_TRUE(history->Verify()->ok());
}

TEST(RewardHistoryTest, RegistersPromptsOnceAndRefusesOtherOnes) {
  RunFolder run;
  std::vector<PromptInfo> prompts = {
      {PromptId(2), 0, "gsm8k", Digest{1, 2}, "What is 1+1?"},
      {PromptId(1), 1, "gsm8k", Digest{3, 4}, std::string(199, 'x') + "\xC3\xA4"}};
  {
    const auto history = OpenHistory(run);
    ASSERT_TRUE(history->RegisterPrompts(prompts).ok());
    EXPECT_EQ(history->hist_digest(), Digest());  // rows are no part of the chain
  }
  const auto history = OpenHistory(run);
  EXPECT_TRUE(history->RegisterPrompts(prompts).ok());
  EXPECT_EQ(history->FindPrompt(PromptId(2)).value(), prompts[0]);
  EXPECT_EQ(history->FindPrompt(PromptId(1))->display, std::string(199, 'x'));
  EXPECT_EQ(history->FindPrompt(PromptId(3)).status().code(), StatusCode::kNotFound);
  prompts.pop_back();
  const Status other = history->RegisterPrompts(prompts);
  EXPECT_EQ(other.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(other.message(), HasSubstr("data.train_files must be the store's"));
  prompts.push_back(prompts[0]);
  prompts.back().row = 5;
  EXPECT_EQ(history->RegisterPrompts(prompts).message(),
            "history: prompt ids must differ: rows 0 and 5, prompt 0000000000000002");
}

TEST(RewardHistoryTest, ReadersOfOtherThreadsSeeWholeSteps) {
  RunFolder run;
  const auto history = OpenHistory(run);
  CommitKeyedStep(history.get(), 1);
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done) {
      for (uint64_t prompt = 1; prompt <= 8; ++prompt) {
        const PromptAggregate aggregate = history->Find(PromptId(prompt)).value();
        const uint64_t step = std::max(aggregate.last_step, aggregate.last_skip_step);
        EXPECT_EQ(aggregate.groups + aggregate.skips, step);  // one record a step
      }
    }
  });
  for (uint64_t step = 2; step <= 30; ++step) CommitKeyedStep(history.get(), step);
  done = true;
  reader.join();
}

TEST(RewardHistoryTest, CopiesItselfIntoACheckpoint) {
  RunFolder run;
  const auto history = OpenHistory(run);
  for (uint64_t step = 1; step <= 5; ++step) CommitKeyedStep(history.get(), step);
  const HistoryPosition at = history->position();
  ASSERT_TRUE(history->CreateCheckpoint(run.path() + "/copy").ok());
  CommitKeyedStep(history.get(), 6);
  RunFolder elsewhere;
  const auto copy = RewardHistory::Open(run.path() + "/copy", OptionsOf(elsewhere));
  EXPECT_EQ(copy.status().code(), StatusCode::kDataLoss);  // five steps, and no mark
  EventsLog events = EventsLog::Open(elsewhere.events_log()).value();
  ASSERT_TRUE(events
                  .Append(EncodeMark({.resumed = true,
                                      .step = at.step,
                                      .hist_seq = at.hist_seq,
                                      .hist_digest = at.hist_digest}))
                  .ok());
  const auto marked = RewardHistory::Open(run.path() + "/copy", OptionsOf(elsewhere)).value();
  EXPECT_EQ(marked->position(), at);
  EXPECT_TRUE(marked->Verify()->ok());
}

// A child writes steps and tells each through a pipe until it is killed in the midst of one.
TEST(RewardHistoryTest, KeepsEveryToldStepWhenKilled) {
  for (int told_steps : {1, 3, 9}) {
    RunFolder run;
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto history = OpenHistory(run);
      for (uint64_t step = 1;; ++step) {
        CommitKeyedStep(history.get(), step);
        if (::write(ends[1], "x", 1) != 1) ::_exit(1);
      }
    }
    ::close(ends[1]);
    char byte;
    for (int i = 0; i < told_steps; ++i) ASSERT_EQ(::read(ends[0], &byte, 1), 1);
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ::close(ends[0]);

    const auto history = OpenHistory(run);
    EXPECT_GE(history->hist_seq(), static_cast<uint64_t>(told_steps));
    EXPECT_EQ(history->GetMeta("cursor").value(), "step " + std::to_string(history->hist_seq()));
    EXPECT_TRUE(history->Verify()->ok());
    const HistoryPosition killed = history->position();
    RunFolder whole;
    WriteSteps(whole, 1, killed.step);
    EXPECT_EQ(OpenHistory(whole)->position(), killed);
  }
}

}  // namespace
}  // namespace winnow::store
