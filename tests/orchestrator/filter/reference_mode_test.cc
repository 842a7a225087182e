// The quirks of greso.md §3, each by its number there; the traces of golden/greso hold the rest.

#include "orchestrator/filter/reference_mode.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>

#include "base/philox.h"
#include "orchestrator/filter/reference_rule.h"
#include "tests/orchestrator/filter/simulation.h"

namespace winnow::orchestrator {
namespace {

const std::vector<float> kSpread = {0.1f, 1, 0.1f, 1, 0.1f, 1, 0.1f, 1};
const std::vector<float> kAllOne(8, 1.0f);
const std::vector<float> kAllTenth(8, 0.1f);
const std::vector<float> kAllZero(8, 0.0f);
const std::vector<float> kMixed = {0, 0.1f, 0, 0.1f, 0, 0.1f, 0, 0.1f};

using Kind = PlannerEvent::Kind;

struct Shape {
  uint32_t batch = 64;
  uint32_t sampling = 96;  // D
  uint32_t grain = 32;
  uint32_t n_gpus = 8;
  uint64_t num_prompts = 256;
  uint32_t epochs = 4;
  bool full_sampling = false;
  double target = 0.25;
  ReferenceOptions reference;
  uint64_t seed = 1;
};

// A run of reference mode over prompts in file order.
class ReferenceRun {
 public:
  ReferenceRun(const Shape& shape, World world)
      : shape_(shape),
        world_(std::move(world)),
        source_(Prompts(shape.num_prompts), 1, /*shuffle=*/false, shape.epochs) {
    MakePlanner();
  }

  Status Steps(uint64_t count) {
    for (uint64_t i = 0; i < count && !planner_->ended(); ++i) {
      WINNOW_RETURN_IF_ERROR(Step());
    }
    return OkStatus();
  }

  void KillAndResume() {
    const std::string saved = planner_->Save();
    MakePlanner();
    ASSERT_TRUE(planner_->needs_history());
    for (const store::Outcome& outcome : outcomes_) {
      planner_->Restore(outcome);
      state_->Observe(outcome);
    }
    for (const StepResult& step : steps_) {
      for (const store::Skip& skip : step.skips) state_->OnSkip(skip);
    }
    std::vector<std::string> notes;
    const Status status = planner_->Load(saved, &notes);
    ASSERT_TRUE(status.ok()) << status.ToString();
    ASSERT_EQ(planner_->Save(), saved);
  }

  std::vector<PlannerEvent> Events(Kind kind) const {
    std::vector<PlannerEvent> found;
    for (const PlannerEvent& event : events_) {
      if (event.kind == kind) found.push_back(event);
    }
    return found;
  }
  const std::vector<PlannerEvent>& events() const { return events_; }
  const std::vector<Wave>& waves() const { return waves_; }
  const std::vector<StepResult>& steps() const { return steps_; }
  const std::vector<store::Outcome>& outcomes() const { return outcomes_; }
  ReferenceMode& planner() { return *planner_; }

 private:
  void MakePlanner() {
    FilterOptions options;
    options.mode = FilterMode::kReference;
    options.gen_batch_max = shape_.sampling;
    options.dl_batch = shape_.grain;
    options.n_gpus = shape_.n_gpus;
    options.full_sampling_bs = shape_.full_sampling;
    options.target_zero_variance = shape_.target;
    const FilterSettings settings = ResolveFilter(
        options, {.n = 8, .train_batch_size = shape_.batch, .num_prompts = shape_.num_prompts});
    state_ = std::make_unique<MemoryPromptState>(settings.mopps_prior());
    planner_ = std::make_unique<ReferenceMode>(settings, shape_.reference,
                                               std::make_unique<Mt19937Stream>(shape_.seed),
                                               state_.get(), &source_);
  }

  void TakeEvents() {
    for (PlannerEvent& event : planner_->TakeEvents()) events_.push_back(std::move(event));
  }

  Status Step() {
    planner_->BeginStep(steps_.size() + 1, PolicyVersion(steps_.size()));
    while (true) {
      WINNOW_ASSIGN_OR_RETURN(const std::optional<Wave> wave, planner_->NextWave());
      if (!wave.has_value()) break;
      std::vector<store::Outcome> outcomes;
      for (const PlannedGroup& group : wave->groups) {
        outcomes.push_back(OutcomeOf(group.prompt, world_(group.prompt, group.epoch)));
      }
      WINNOW_RETURN_IF_ERROR(planner_->OnOutcomes(outcomes));
      waves_.push_back(*wave);
      outcomes_.insert(outcomes_.end(), outcomes.begin(), outcomes.end());
    }
    WINNOW_ASSIGN_OR_RETURN(StepResult result, planner_->FinishStep());
    TakeEvents();
    steps_.push_back(std::move(result));
    return OkStatus();
  }

  const Shape shape_;
  const World world_;
  const KeyedOfferSource source_;
  std::unique_ptr<MemoryPromptState> state_;
  std::unique_ptr<ReferenceMode> planner_;
  std::vector<PlannerEvent> events_;
  std::vector<Wave> waves_;
  std::vector<StepResult> steps_;
  std::vector<store::Outcome> outcomes_;
};

TEST(ReferenceModeTest, Quirk1And12AGroupThatDiffersInFormatOnlyIsTrainedAndGrowsTheHardStreak) {
  ReferenceRun run({}, ConstantWorld(kMixed));
  ASSERT_TRUE(run.Steps(1).ok());
  EXPECT_EQ(run.steps()[0].batch.size(), 64u);
  EXPECT_EQ(run.planner().Explain(PromptId(1)).z, -1);
}

// The share that p_hard is adapted by, when half of the groups are `rewards`.
double HardRatio(const std::vector<float>& rewards) {
  ReferenceRun run({.batch = 32, .sampling = 64}, [&](PromptId prompt, uint32_t) {
    return prompt.value() % 2 == 0 ? rewards : kSpread;
  });
  EXPECT_TRUE(run.Steps(1).ok());
  return run.Events(Kind::kTrain)[0].hard_ratio;
}

TEST(ReferenceModeTest, Quirk2TheHardShareCountsGroupsOfTenthsOnly) {
  EXPECT_EQ(HardRatio(kAllTenth), 0.5);
  EXPECT_EQ(HardRatio(kAllZero), 0);
  EXPECT_EQ(HardRatio(kMixed), 0);
}

TEST(ReferenceModeTest, Quirk2WithRewardsOfZeroAndOnePHardClimbsToItsMaximum) {
  ReferenceRun run(
      {.batch = 8, .sampling = 16, .grain = 16, .num_prompts = 64, .epochs = 200},
      [](PromptId prompt, uint32_t) { return prompt.value() % 2 == 0 ? kAllZero : kSpread; });
  ASSERT_TRUE(run.Steps(200).ok());
  EXPECT_EQ(run.Events(Kind::kTrain).back().exploration.p_hard, 0.95);
}

TEST(ReferenceModeTest, Quirk4PIsClampedBelowToo) {
  // Half of whatever is rolled out is easy, whoever it is.
  ReferenceRun run({.batch = 8, .sampling = 16, .grain = 16, .num_prompts = 64, .epochs = 3000},
                   [](PromptId prompt, uint32_t epoch) {
                     return FilterUniform(1, prompt, epoch, 300) < 0.5 ? kAllOne : kSpread;
                   });
  ASSERT_TRUE(run.Steps(100).ok());
  EXPECT_EQ(run.Events(Kind::kTrain).back().exploration, (Exploration{0.05, 0.95}));
}

TEST(ReferenceModeTest, Quirk5TheSamplingSizeIsNoCapOfARollout) {
  // D = 33: two grains of 32 are 64 prompts, one rollout of them.
  ReferenceRun run({.batch = 64, .sampling = 33}, ConstantWorld(kSpread));
  ASSERT_TRUE(run.Steps(1).ok());
  EXPECT_EQ(run.waves()[0].groups.size(), 64u);
}

TEST(ReferenceModeTest, Quirk5TheAdaptiveSizeIsAtLeastSixtyFourEvenAboveTheSamplingSize) {
  ReferenceRun run({.batch = 64, .sampling = 32}, ConstantWorld(kSpread));
  ASSERT_TRUE(run.Steps(1).ok());
  ASSERT_EQ(run.Events(Kind::kResample).size(), 1u);
  EXPECT_EQ(run.Events(Kind::kResample)[0].wave_size, 64);
  EXPECT_EQ(run.waves()[1].groups.size(), 64u);
}

TEST(ReferenceModeTest, Quirk6OnlyTheLastRolloutGivesTheZeroVarianceShare) {
  // First rollout: 96 groups, none effective but one; second: all effective.
  ReferenceRun run({.batch = 200, .sampling = 96}, [](PromptId prompt, uint32_t) {
    return prompt.value() <= 96 && prompt.value() > 1 ? kAllOne : kSpread;
  });
  ASSERT_TRUE(run.Steps(1).ok());
  const std::vector<PlannerEvent> rollouts = run.Events(Kind::kRollout);
  EXPECT_EQ(rollouts[0].zero_variance_share, ReferenceShare(95, 96));
  EXPECT_EQ(rollouts[1].zero_variance_share, 0);
}

TEST(ReferenceModeTest, Quirk6ARolloutWithoutVarianceEndsTheRunWithAnErrorThatSaysSo) {
  ReferenceRun run({}, ConstantWorld(kAllOne));
  const Status status = run.Steps(1);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            "reference mode: every group of the rollout is zero-variance, where the published code "
            "divides by zero; set filter.mode: winnow");
}

TEST(ReferenceModeTest, Quirk7TheRolloutThatTheEstimateFitsIsTheLastEvenIfTheBatchStaysShort) {
  // 48 of 96 are effective; the estimate 40 fits one rollout, which brings none.
  ReferenceRun run({.batch = 64, .sampling = 96}, [](PromptId prompt, uint32_t) {
    return prompt.value() <= 96 && prompt.value() % 2 == 0 ? kSpread : kAllOne;
  });
  ASSERT_TRUE(run.Steps(1).ok());
  EXPECT_EQ(run.waves().size(), 2u);
  EXPECT_EQ(run.steps()[0].batch.size(), 48u);
  EXPECT_EQ(run.steps()[0].warning,
            "step 1: training on 48 of 64 groups: the estimate fitted one rollout");
}

TEST(ReferenceModeTest, Quirk8SurplusIsDroppedButItsHistoryStays) {
  ReferenceRun run({}, ConstantWorld(kSpread));
  ASSERT_TRUE(run.Steps(2).ok());
  EXPECT_EQ(run.steps()[0].surplus.size(), 32u);
  EXPECT_EQ(run.steps()[1].batch[0].step, 2u);
  EXPECT_EQ(run.planner().Explain(run.steps()[0].surplus[0].prompt).next_reason,
            store::FilterReason::kEffective);
}

TEST(ReferenceModeTest, Quirk9PromptsCutByTheNodesGpusAreGoneForTheEpoch) {
  ReferenceRun run({.batch = 32, .sampling = 32, .grain = 33, .num_prompts = 100, .epochs = 1},
                   ConstantWorld(kSpread));
  ASSERT_TRUE(run.Steps(10).ok());
  ASSERT_EQ(run.waves().size(), 3u);  // three grains of 33; the hundredth prompt is never seen
  for (const Wave& wave : run.waves()) EXPECT_EQ(wave.groups.size(), 32u);
}

TEST(ReferenceModeTest, Quirk9AFullSamplingSizeCutsTheRollout) {
  ReferenceRun run({.batch = 200, .sampling = 50, .full_sampling = true}, ConstantWorld(kSpread));
  ASSERT_TRUE(run.Steps(1).ok());
  // ABS stays D and no rollout is declared the last.
  for (const Wave& wave : run.waves()) EXPECT_EQ(wave.groups.size(), 50u);
  for (const PlannerEvent& event : run.Events(Kind::kResample)) EXPECT_EQ(event.wave_size, 50);
  EXPECT_EQ(run.steps()[0].batch.size(), 200u);
}

TEST(ReferenceModeTest, Quirk10APromptCanBeTwiceInARolloutAndTheSecondIsKeyedApart) {
  ReferenceRun run({.batch = 40, .sampling = 60, .grain = 20, .num_prompts = 50},
                   ConstantWorld(kSpread));
  ASSERT_TRUE(run.Steps(1).ok());
  std::set<std::pair<PromptId, uint16_t>> groups;
  bool twice = false;
  for (const PlannedGroup& group : run.waves()[0].groups) {
    EXPECT_TRUE(groups.insert({group.prompt, group.occurrence}).second);
    EXPECT_EQ(group.epoch, 1u);  // the rollout's, for all
    twice |= group.occurrence == 1;
  }
  EXPECT_TRUE(twice);  // 40 of epoch 0, then 20 of epoch 1
  std::set<GroupKey> keys;
  for (const store::Outcome& outcome : run.outcomes()) {
    EXPECT_TRUE(keys.insert({outcome.step, outcome.prompt, outcome.occurrence}).second);
  }
}

TEST(ReferenceModeTest, Quirk10TheBufferSurvivesTheEndOfAnEpochToo) {
  ReferenceRun run({.batch = 48, .sampling = 24, .grain = 24, .num_prompts = 24},
                   ConstantWorld(kSpread));
  ASSERT_TRUE(run.Steps(1).ok());
  ASSERT_GE(run.waves().size(), 2u);
  EXPECT_EQ(run.steps()[0].batch.size(), 48u);
  EXPECT_EQ(run.steps()[0].batch[0].prompt, run.steps()[0].batch[24].prompt);
}

TEST(ReferenceModeTest, Quirk11PAdaptsFromTheSecondEpochOnly) {
  ReferenceRun run({}, ConstantWorld(kSpread));
  ASSERT_TRUE(run.Steps(4).ok());
  for (const PlannerEvent& event : run.Events(Kind::kTrain)) {
    EXPECT_EQ(event.exploration == (Exploration{0.5, 0.5}), event.epoch == 0);
  }
}

TEST(ReferenceModeTest, Quirk13StrategyNoneNeverDeclaresALastRollout) {
  Shape shape{.batch = 64, .sampling = 96, .grain = 32};
  shape.reference.strategy = ReferenceStrategy::kNone;
  ReferenceRun run(
      shape, [](PromptId prompt, uint32_t) { return prompt.value() % 4 == 0 ? kSpread : kAllOne; });
  ASSERT_TRUE(run.Steps(1).ok());
  EXPECT_EQ(run.waves().size(), 8u);  // 8 of each grain's 32 are effective
  for (const Wave& wave : run.waves()) EXPECT_EQ(wave.groups.size(), 32u);
  for (const PlannerEvent& event : run.Events(Kind::kResample)) EXPECT_EQ(event.wave_size, 64);
  EXPECT_TRUE(run.Events(Kind::kFilter).empty());
}

TEST(ReferenceModeTest, PlainGrpoTrainsOnEachGrainAsItIs) {
  Shape shape{.batch = 64, .grain = 32};
  shape.reference = {ReferenceStrategy::kNone, ReferenceRefill::kNone, 3};
  ReferenceRun run(shape, ConstantWorld(kAllOne));
  ASSERT_TRUE(run.Steps(100).ok());
  ASSERT_EQ(run.steps().size(), 3u);
  for (const StepResult& step : run.steps()) EXPECT_EQ(step.batch.size(), 32u);
  EXPECT_TRUE(run.steps().back().run_ends);
  EXPECT_EQ(run.Events(Kind::kTrain).back().easy_ratio, 1);
}

TEST(ReferenceModeTest, KeepAllDrawsNothing) {
  Shape shape;
  shape.reference.strategy = ReferenceStrategy::kKeepAll;
  ReferenceRun run(shape, ConstantWorld(kSpread));
  ASSERT_TRUE(run.Steps(6).ok());
  EXPECT_TRUE(run.Events(Kind::kFilter).empty());
  for (const PlannerEvent& event : run.Events(Kind::kTrain)) {
    EXPECT_EQ(event.exploration, (Exploration{0.5, 0.5}));
  }
}

TEST(ReferenceModeTest, AShareAtTheTargetLowersP) {
  // tau 0.375: alpha_hard is 0.25 exactly, alpha_easy 0.125. A quarter is hard, an eighth easy.
  ReferenceRun run({.batch = 32, .sampling = 64, .grain = 64, .num_prompts = 64, .target = 0.375},
                   [](PromptId prompt, uint32_t epoch) {
                     if (epoch == 0) return kSpread;
                     const uint64_t place = prompt.value() % 8;
                     return place < 2 ? kAllTenth : place == 2 ? kAllOne : kSpread;
                   });
  ASSERT_TRUE(run.Steps(2).ok());
  const PlannerEvent second = run.Events(Kind::kTrain)[1];
  EXPECT_EQ(second.hard_ratio, 0.25);
  EXPECT_EQ(second.easy_ratio, 0.125);
  EXPECT_EQ(second.exploration, (Exploration{0.49, 0.49}));
}

TEST(ReferenceModeTest, TheRatiosCoverAllRolloutsOfAStepAndStartAnew) {
  // 24 of the first 96 are effective: one more rollout a step.
  ReferenceRun run(
      {.batch = 64, .sampling = 96, .num_prompts = 1024},
      [](PromptId prompt, uint32_t) { return prompt.value() % 4 == 0 ? kSpread : kAllOne; });
  ASSERT_TRUE(run.Steps(2).ok());
  for (const PlannerEvent& event : run.Events(Kind::kTrain)) EXPECT_EQ(event.easy_ratio, 0.75);
  EXPECT_GT(run.waves().size(), 2u);
}

TEST(ReferenceModeTest, MoreGpusThanPromptsIsAMistakeWithALine) {
  ReferenceRun run({.batch = 2, .sampling = 4, .grain = 4, .n_gpus = 8}, ConstantWorld(kSpread));
  EXPECT_EQ(run.Steps(1).message(),
            "reference mode: filter.n_gpus must not exceed a rollout of 4 prompts: 8");
}

TEST(ReferenceModeTest, AVerdictWithoutARewardIsNeverAZero) {
  const FilterSettings settings =
      ResolveFilter({.mode = FilterMode::kReference, .gen_batch_max = 32},
                    {.n = 8, .train_batch_size = 32, .num_prompts = 32});
  MemoryPromptState state(settings.mopps_prior());
  const KeyedOfferSource source(Prompts(32), 1, false, 0);
  ReferenceMode planner(settings, {}, std::make_unique<Mt19937Stream>(1), &state, &source);
  planner.BeginStep(1, PolicyVersion(0));
  const Wave wave = planner.NextWave().value().value();
  std::vector<store::Outcome> outcomes;
  for (const PlannedGroup& group : wave.groups) {
    outcomes.push_back(OutcomeOf(group.prompt, kSpread));
  }
  for (store::SampleOutcome& sample : outcomes[0].samples) sample.kind = VerdictKind::kTimeout;
  outcomes[1] = OutcomeOf(outcomes[1].prompt, kAllTenth);
  outcomes[1].samples[0].kind = VerdictKind::kError;  // seven tenths say nothing of the eighth
  ASSERT_TRUE(planner.OnOutcomes(outcomes).ok());
  EXPECT_EQ(planner.Explain(outcomes[0].prompt).next_reason, store::FilterReason::kUnseen);
  EXPECT_EQ(planner.Explain(outcomes[1].prompt).z, 0);
  const std::vector<PlannerEvent> events = planner.TakeEvents();
  EXPECT_EQ(events[1].zero_variance_share, 0);
}

TEST(ReferenceModeTest, KilledAndResumedAfterEveryStepIsNotKilled) {
  const World drifting = DriftingWorld(5, 8);
  const World world = [&](PromptId prompt, uint32_t epoch) {
    std::vector<float> rewards = drifting(prompt, epoch);
    for (float& reward : rewards) reward = reward == 0 ? 0.1f : reward;
    return rewards;
  };
  const Shape shape{.batch = 16, .sampling = 24, .grain = 8, .num_prompts = 128, .epochs = 8};
  ReferenceRun whole(shape, world);
  ReferenceRun killed(shape, world);
  while (!whole.planner().ended()) {
    ASSERT_TRUE(whole.Steps(1).ok());
    ASSERT_TRUE(killed.Steps(1).ok());
    ASSERT_EQ(whole.planner().Save(), killed.planner().Save());
    if (!killed.planner().ended()) killed.KillAndResume();
  }
  EXPECT_EQ(whole.events(), killed.events());
  EXPECT_EQ(whole.outcomes(), killed.outcomes());
  EXPECT_GT(whole.steps().size(), 5u);
  double skipped = 0;
  for (const StepResult& step : whole.steps()) skipped += static_cast<double>(step.skips.size());
  EXPECT_GT(skipped, 0);
}

TEST(ReferenceModeTest, StrategiesFollowTheFilterType) {
  FilterOptions options;
  EXPECT_EQ(ReferenceOptionsOf(options).strategy, ReferenceStrategy::kAllProbabilistic);
  options.type = FilterType::kDynamicSampling;
  EXPECT_EQ(ReferenceOptionsOf(options).strategy, ReferenceStrategy::kKeepAll);
  options.adaptive_batch = false;
  EXPECT_EQ(ReferenceOptionsOf(options).strategy, ReferenceStrategy::kNone);
  EXPECT_EQ(ReferenceOptionsOf(options).refill, ReferenceRefill::kDynamicSampling);
  options.type = FilterType::kNone;
  EXPECT_EQ(ReferenceOptionsOf(options).refill, ReferenceRefill::kNone);
}

}  // namespace
}  // namespace winnow::orchestrator
