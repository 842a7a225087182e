#include "orchestrator/filter/wave_builder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "orchestrator/filter/registry.h"
#include "tests/orchestrator/filter/simulation.h"

namespace winnow::orchestrator {
namespace {

const std::vector<float> kSpread = {0, 1, 0, 1, 0, 1, 0, 1};
const std::vector<float> kSolved(8, 1.0f);
const std::vector<float> kHopeless(8, 0.0f);

FilterOptions OptionsOf(FilterType type) {
  FilterOptions options;
  options.type = type;
  return options;
}

FilterSettings Sizes(uint32_t batch, uint32_t max_wave, uint32_t min_wave) {
  FilterOptions options;
  options.gen_batch_max = max_wave;
  options.gen_batch_min = min_wave;
  return ResolveFilter(options, {.train_batch_size = batch, .num_prompts = 10000});
}

TEST(WaveBuilderTest, TheNextWaveFillsWhatIsMissingAtTheLastWavesYield) {
  const FilterSettings settings = Sizes(256, 384, 64);
  EXPECT_EQ(NextWaveSize(256 - 180, 384, 180, settings), 202u);
  EXPECT_EQ(NextWaveSize(256 - 40, 384, 40, settings), 384u);
  EXPECT_EQ(NextWaveSize(256 - 253, 384, 253, settings), 64u);
  EXPECT_EQ(NextWaveSize(256, 384, 0, settings), 384u);
}

TEST(WaveBuilderTest, WithoutAdaptationEveryWaveIsTheLargest) {
  FilterOptions options = OptionsOf(FilterType::kDynamicSampling);
  options.adaptive_batch = false;
  const FilterSettings settings =
      ResolveFilter(options, {.train_batch_size = 256, .num_prompts = 10000});
  EXPECT_EQ(NextWaveSize(3, 384, 253, settings), 384u);
}

TEST(WaveBuilderTest, AStepStopsAtAFullBatchAndDropsTheSurplus) {
  Simulation run(OptionsOf(FilterType::kDynamicSampling),
                 {.train_batch_size = 10, .num_prompts = 100}, ConstantWorld(kSpread));
  run.Run(1);
  const StepResult& step = run.log().steps[0];
  ASSERT_EQ(run.log().waves.size(), 1u);
  EXPECT_EQ(run.log().waves[0].groups.size(), 15u);
  ASSERT_EQ(step.batch.size(), 10u);
  EXPECT_EQ(step.surplus.size(), 5u);
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(step.batch[i].prompt, run.log().waves[0].groups[i].prompt);  // wave order
  }
  EXPECT_EQ(step.warning, "");
  EXPECT_EQ(FindMetric(step.metrics, "filter/surplus_dropped"), 5);
  EXPECT_EQ(step.tally.effective, 15u);
  run.Run(1);
  EXPECT_EQ(run.log().steps[1].batch[0].step, 2u);  // nothing of step 1 is left
  EXPECT_TRUE(run.log().steps[1].stale.empty());    // dropped with the update, not found stale
}

TEST(WaveBuilderTest, PlainGrpoMakesOneWaveOfTheBatchAndTrainsOnAllOfIt) {
  Simulation run(OptionsOf(FilterType::kNone), {.train_batch_size = 10, .num_prompts = 100},
                 ConstantWorld(kHopeless));
  run.Run(3);
  ASSERT_EQ(run.log().waves.size(), 3u);
  for (const StepResult& step : run.log().steps) EXPECT_EQ(step.batch.size(), 10u);
}

TEST(WaveBuilderTest, AGenerationLimitTrainsShortAndSaysSo) {
  FilterOptions options = OptionsOf(FilterType::kDynamicSampling);
  options.max_num_gen_batches = 2;
  options.gen_batch_max = 10;
  Simulation run(
      options, {.train_batch_size = 10, .num_prompts = 100},
      [](PromptId prompt, uint32_t) { return prompt.value() % 10 == 0 ? kSpread : kSolved; },
      /*shuffle=*/false);
  run.Run(1);
  EXPECT_EQ(run.log().waves.size(), 2u);
  EXPECT_EQ(run.log().steps[0].batch.size(), 2u);
  EXPECT_EQ(run.log().steps[0].warning,
            "step 1: training on 2 of 10 groups: generation limit of 2 waves");
  EXPECT_EQ(FindMetric(run.log().steps[0].metrics, "filter/short_batches"), 1);
}

TEST(WaveBuilderTest, AStepThatOfferedEveryPromptTrainsShort) {
  Simulation run(
      OptionsOf(FilterType::kDynamicSampling), {.train_batch_size = 10, .num_prompts = 20},
      [](PromptId prompt, uint32_t) { return prompt.value() % 10 == 0 ? kSpread : kSolved; });
  run.Run(1);
  EXPECT_EQ(run.log().steps[0].batch.size(), 2u);
  EXPECT_EQ(run.log().steps[0].warning,
            "step 1: training on 2 of 10 groups: all 20 prompts were offered");
}

TEST(WaveBuilderTest, FewerPromptsThanABatchTrainShortEveryStep) {
  for (const FilterType type : {FilterType::kNone, FilterType::kGreso, FilterType::kMopps}) {
    Simulation run(OptionsOf(type), {.train_batch_size = 10, .num_prompts = 3},
                   ConstantWorld(kSpread));
    run.Run(4);
    ASSERT_EQ(run.log().steps.size(), 4u);
    for (const StepResult& step : run.log().steps) {
      EXPECT_LE(step.batch.size(), 3u);
      EXPECT_NE(step.warning, "");
    }
  }
}

TEST(WaveBuilderTest, OnePromptIsARun) {
  Simulation run(OptionsOf(FilterType::kGreso), {.train_batch_size = 1, .num_prompts = 1},
                 ConstantWorld(kSpread));
  run.Run(5);
  EXPECT_EQ(run.log().steps.size(), 5u);
  EXPECT_EQ(run.log().waves[4].groups, (std::vector<PlannedGroup>{{PromptId(1), 4}}));
}

TEST(WaveBuilderTest, TheEndOfTheDataTrainsShortAndEndsTheRun) {
  Simulation run(OptionsOf(FilterType::kDynamicSampling),
                 {.train_batch_size = 8, .num_prompts = 30, .total_epochs = 1},
                 ConstantWorld(kSpread));
  run.Run(100);
  // 12 + 12 + 6 prompts: two full steps, then what is left.
  ASSERT_EQ(run.log().steps.size(), 3u);
  EXPECT_EQ(run.log().steps[2].batch.size(), 6u);
  EXPECT_EQ(run.log().steps[2].warning, "step 3: training on 6 of 8 groups: the data end here");
  EXPECT_TRUE(run.log().steps[2].run_ends);
  EXPECT_EQ(run.log().steps[2].end_reason, "the data ended after 1 epochs");
  EXPECT_FALSE(run.log().steps[1].run_ends);
}

TEST(WaveBuilderTest, WhenAllIsSolvedTheRunEndsAfterTheLimitOfEmptySteps) {
  for (const std::vector<float>& rewards : {kSolved, kHopeless}) {
    FilterOptions options = OptionsOf(FilterType::kGreso);
    options.max_empty_steps = 3;
    Simulation run(options, {.train_batch_size = 4, .num_prompts = 20}, ConstantWorld(rewards));
    run.Run(100);
    ASSERT_EQ(run.log().steps.size(), 3u);
    const StepResult& last = run.log().steps.back();
    EXPECT_TRUE(last.batch.empty());
    EXPECT_TRUE(last.run_ends);
    EXPECT_EQ(last.end_reason, "nothing left to learn: 3 steps in a row without a trainable group");
    EXPECT_EQ(FindMetric(last.metrics, "filter/empty_steps_total"), 3);
    EXPECT_EQ(last.warning, "step 3: no group to train on: all 20 prompts were offered");
  }
}

TEST(WaveBuilderTest, AnUpdateStartsTheCountOfEmptyStepsAnew) {
  FilterOptions options = OptionsOf(FilterType::kDynamicSampling);
  options.max_empty_steps = 2;
  Simulation run(options, {.train_batch_size = 4, .num_prompts = 4},
                 [](PromptId, uint32_t epoch) { return epoch % 2 == 1 ? kSpread : kSolved; });
  run.Run(20);
  EXPECT_EQ(run.log().steps.size(), 20u);
}

TEST(WaveBuilderTest, OffersOfTheNextEpochThatHitTheStepAreSetAsideAndComeFirst) {
  // File order 1..5; a step needs 3 groups and makes waves of 3.
  FilterOptions options = OptionsOf(FilterType::kDynamicSampling);
  options.gen_batch_max = 3;
  Simulation run(options, {.train_batch_size = 6, .num_prompts = 5}, ConstantWorld(kSpread),
                 /*shuffle=*/false);
  run.Run(3);
  const auto wave = [&](size_t i) {
    std::vector<std::pair<uint64_t, uint32_t>> groups;
    for (const PlannedGroup& group : run.log().waves[i].groups) {
      groups.emplace_back(group.prompt.value(), group.epoch);
    }
    return groups;
  };
  using Groups = std::vector<std::pair<uint64_t, uint32_t>>;
  EXPECT_EQ(wave(0), (Groups{{1, 0}, {2, 0}, {3, 0}}));
  EXPECT_EQ(wave(1), (Groups{{4, 0}, {5, 0}}));  // all five were offered
  EXPECT_EQ(wave(2), (Groups{{1, 1}, {2, 1}, {3, 1}}));
}

TEST(WaveBuilderTest, SetAsideOffersAreNeitherLostNorDoubled) {
  FilterOptions options = OptionsOf(FilterType::kDynamicSampling);
  options.gen_batch_max = 4;
  options.gen_batch_min = 4;
  Simulation run(options, {.train_batch_size = 4, .num_prompts = 7}, ConstantWorld(kSpread));
  run.Run(70);
  double set_aside = 0;
  for (const StepResult& step : run.log().steps) {
    set_aside += *FindMetric(step.metrics, "filter/set_aside");
  }
  EXPECT_GT(set_aside, 0);
  std::set<std::pair<PromptId, uint32_t>> offers;
  for (const Wave& wave : run.log().waves) {
    for (const PlannedGroup& group : wave.groups) {
      EXPECT_TRUE(offers.insert({group.prompt, group.epoch}).second);
    }
  }
  // 280 offers are 40 epochs of 7; only those set aside at the end may be missing.
  for (uint32_t epoch = 0; epoch < 38; ++epoch) {
    for (const PromptId prompt : Prompts(7)) EXPECT_TRUE(offers.contains({prompt, epoch}));
  }
}

TEST(WaveBuilderTest, AnUnknownGroupIsReplacedAndLeavesNoTrace) {
  const FilterOptions options = OptionsOf(FilterType::kGreso);
  const FilterSettings settings =
      ResolveFilter(options, {.train_batch_size = 4, .num_prompts = 40});
  MemoryPromptState state(settings.mopps_prior());
  const KeyedOfferSource source(Prompts(40), 1, false, 0);
  WaveBuilder builder(settings, MakeFilter(settings, &state).value(), &state, &source);
  builder.BeginStep(1, PolicyVersion(0));
  const Wave wave = builder.NextWave().value().value();
  std::vector<store::Outcome> outcomes;
  for (const PlannedGroup& group : wave.groups) {
    outcomes.push_back(OutcomeOf(group.prompt, kSolved));
    for (store::SampleOutcome& sample : outcomes.back().samples) {
      sample.kind = VerdictKind::kTimeout;
    }
  }
  outcomes[0] = OutcomeOf(wave.groups[0].prompt, kSpread);
  outcomes[1].samples[0].kind = VerdictKind::kScored;  // one of eight is no zero variance
  ASSERT_TRUE(builder.OnOutcomes(outcomes).ok());
  EXPECT_EQ(outcomes[1].cls, store::OutcomeClass::kUnknown);
  EXPECT_EQ(outcomes[0].step, 1u);
  EXPECT_EQ(state.Find(outcomes[1].prompt)->streak, 0);
  EXPECT_TRUE(builder.NextWave().value().has_value());  // three groups are still missing
}

TEST(WaveBuilderTest, ALostGroupHasNoSamplesAndIsUnknown) {
  const FilterSettings settings =
      ResolveFilter(OptionsOf(FilterType::kNone), {.train_batch_size = 2, .num_prompts = 4});
  MemoryPromptState state(settings.mopps_prior());
  const KeyedOfferSource source(Prompts(4), 1, false, 0);
  WaveBuilder builder(settings, MakeFilter(settings, &state).value(), &state, &source);
  builder.BeginStep(1, PolicyVersion(0));
  ASSERT_TRUE(builder.NextWave().value().has_value());
  std::vector<store::Outcome> outcomes = {OutcomeOf(PromptId(1), {}),
                                          OutcomeOf(PromptId(2), kSolved)};
  ASSERT_TRUE(builder.OnOutcomes(outcomes).ok());
  ASSERT_FALSE(builder.NextWave().value().has_value());
  const StepResult result = builder.FinishStep().value();
  EXPECT_EQ(result.batch, (std::vector<GroupKey>{{1, PromptId(2), 0}}));
  EXPECT_EQ(result.tally.unknown, 1u);
}

TEST(WaveBuilderTest, ShadowGroupsAreMeasuredAndCountNowhereElse) {
  FilterOptions options = OptionsOf(FilterType::kRandomSkip);
  options.skip_rate = 0.9;
  options.shadow_rate = 0.1;
  Simulation with(options, {.train_batch_size = 10, .num_prompts = 2000}, DriftingWorld(3, 8));
  with.Run(6);
  options.shadow_rate = 0;
  Simulation without(options, {.train_batch_size = 10, .num_prompts = 2000}, DriftingWorld(3, 8));
  without.Run(6);
  double shadows = 0;
  for (size_t i = 0; i < 6; ++i) {
    const StepResult& a = with.log().steps[i];
    const StepResult& b = without.log().steps[i];
    EXPECT_EQ(a.batch, b.batch);
    EXPECT_EQ(a.tally, b.tally);
    EXPECT_EQ(a.skips, b.skips);
    shadows += *FindMetric(a.metrics, "filter/shadow");
  }
  EXPECT_GT(shadows, 10);
  const std::optional<double> precision =
      FindMetric(with.log().steps.back().metrics, "filter/precision_total");
  ASSERT_TRUE(precision.has_value());
  EXPECT_GT(*precision, 0.2);  // half of this world has no variance
  EXPECT_LT(*precision, 0.9);
  for (const store::Outcome& outcome : with.log().outcomes) {
    EXPECT_FALSE(outcome.shadow && outcome.trained);
  }
}

TEST(WaveBuilderTest, TheOrderOfSampleArrivalDoesNotMatterBecauseTheWaveHasOne) {
  Simulation a(OptionsOf(FilterType::kGreso), {.train_batch_size = 8, .num_prompts = 60},
               DriftingWorld(1, 8));
  a.Run(20);
  for (const StepResult& step : a.log().steps) {
    std::vector<GroupKey> in_wave_order;
    for (const store::Outcome& outcome : a.log().outcomes) {
      if (outcome.step == step.step && outcome.trained) {
        in_wave_order.push_back({outcome.step, outcome.prompt, outcome.occurrence});
      }
    }
    EXPECT_EQ(step.batch, in_wave_order);
  }
}

TEST(WaveBuilderTest, PIsAdaptedOnceAStepAndNotOnceAWave) {
  FilterOptions options = OptionsOf(FilterType::kGreso);
  options.gen_batch_max = 4;
  Simulation run(options, {.train_batch_size = 16, .num_prompts = 64}, DriftingWorld(1, 8));
  run.Run(40);
  double last = 0.5;
  for (const StepResult& step : run.log().steps) {
    const double p = *FindMetric(step.metrics, "filter/p_easy");
    EXPECT_LE(std::abs(p - last), 0.01 + 1e-15);
    last = p;
  }
  EXPECT_GT(run.log().waves.size(), 2 * run.log().steps.size());
}

TEST(WaveBuilderTest, SettingsOfAnotherRunAreRefusedAndHarmlessChangesNoted) {
  const FilterJob job{.train_batch_size = 8, .num_prompts = 60};
  Simulation run(OptionsOf(FilterType::kGreso), job, DriftingWorld(1, 8));
  run.Run(3);
  const std::string saved = run.planner().Save();
  const auto load = [&](const FilterOptions& options, const FilterJob& other,
                        std::vector<std::string>* notes) {
    const FilterSettings settings = ResolveFilter(options, other);
    MemoryPromptState state(settings.mopps_prior());
    const KeyedOfferSource source(Prompts(60), other.seed, true, 0);
    WaveBuilder builder(settings, MakeFilter(settings, &state).value(), &state, &source);
    return builder.Load(saved, notes);
  };
  std::vector<std::string> notes;
  FilterJob seeded = job;
  seeded.seed = 9;
  EXPECT_EQ(load(OptionsOf(FilterType::kGreso), seeded, &notes).message(),
            "run.seed must be that of the run, 1: 9");
  EXPECT_EQ(load(OptionsOf(FilterType::kBand), job, &notes).message(),
            "filter.type must be that of the run, \"greso\": \"band\"");
  FilterOptions options = OptionsOf(FilterType::kGreso);
  options.tolerance = 0.5;
  EXPECT_EQ(load(options, job, &notes).message(),
            "filter.tolerance must be that of the run, 1e-06: 0.5");
  EXPECT_TRUE(notes.empty());
  options.reset_history = true;
  EXPECT_TRUE(load(options, job, &notes).ok());
  EXPECT_EQ(notes,
            std::vector<std::string>{"filter.tolerance was 1e-06 before the resume, is 0.5 now"});
  notes.clear();
  options = OptionsOf(FilterType::kGreso);
  options.target_zero_variance = 0.5;
  EXPECT_TRUE(load(options, job, &notes).ok());
  EXPECT_EQ(notes, std::vector<std::string>{
                       "filter.target_zero_variance was 0.25 before the resume, is 0.5 now"});
}

TEST(WaveBuilderTest, DamagedStateIsAnErrorAndNeverAFreshStart) {
  Simulation run(OptionsOf(FilterType::kGreso), {.train_batch_size = 8, .num_prompts = 60},
                 DriftingWorld(1, 8));
  run.Run(3);
  const std::string saved = run.planner().Save();
  std::vector<std::string> notes;
  for (const char* field : {"\"step\"", "\"position\"", "\"set_aside\"", "\"filter\"",
                            "\"filter/kept\"", "\"empty_steps\"", "\"format\""}) {
    std::string damaged = saved;
    damaged.replace(damaged.find(field), std::string(field).size(), "\"gone\"");
    Simulation fresh(OptionsOf(FilterType::kGreso), {.train_batch_size = 8, .num_prompts = 60},
                     DriftingWorld(1, 8));
    EXPECT_EQ(fresh.planner().Load(damaged, &notes).code(), StatusCode::kDataLoss) << field;
  }
  EXPECT_EQ(run.planner().Load(saved.substr(0, saved.size() / 2), &notes).code(),
            StatusCode::kDataLoss);
}

TEST(WaveBuilderTest, EventsHaveTheFormOfTheGoldenTraces) {
  Simulation run(OptionsOf(FilterType::kGreso), {.train_batch_size = 8, .num_prompts = 24},
                 DriftingWorld(1, 8));
  run.Run(4);
  ASSERT_FALSE(run.log().events.empty());
  EXPECT_EQ(run.log().events.front().kind, PlannerEvent::Kind::kFilter);
  EXPECT_EQ(run.log().events.back().kind, PlannerEvent::Kind::kTrain);
  for (const PlannerEvent& event : run.log().events) {
    if (event.kind == PlannerEvent::Kind::kFilter) {
      EXPECT_EQ(event.ids.size(), event.decisions.size());
      EXPECT_LE(event.draws, event.ids.size());
    }
  }
}

TEST(WaveBuilderTest, WithAStalenessBoundSurplusGroupsStayUntilTheyAreTooOld) {
  const FilterSettings settings =
      ResolveFilter(OptionsOf(FilterType::kDynamicSampling),
                    {.train_batch_size = 4, .num_prompts = 100, .max_staleness = 1});
  MemoryPromptState state(settings.mopps_prior());
  const KeyedOfferSource source(Prompts(100), 1, false, 0);
  WaveBuilder builder(settings, MakeFilter(settings, &state).value(), &state, &source);
  const auto step = [&](uint64_t number, uint64_t version) {
    builder.BeginStep(number, PolicyVersion(version));
    const Wave wave = builder.NextWave().value().value();
    std::vector<store::Outcome> outcomes;
    for (const PlannedGroup& group : wave.groups) {
      outcomes.push_back(OutcomeOf(group.prompt, kSpread));
      outcomes.back().version_min = PolicyVersion(version);
    }
    EXPECT_TRUE(builder.OnOutcomes(outcomes).ok());
    EXPECT_FALSE(builder.NextWave().value().has_value());
    return builder.FinishStep().value();
  };
  EXPECT_TRUE(step(1, 0).surplus.empty());  // 6 groups, 2 stay
  const StepResult second = step(2, 1);
  EXPECT_EQ(second.batch[0].step, 1u);
  EXPECT_EQ(second.batch[2].step, 2u);  // 4 of step 2 stay
  const StepResult late = step(3, 5);
  EXPECT_EQ(late.stale.size(), 4u);
  EXPECT_EQ(late.batch[0].step, 3u);
}

}  // namespace
}  // namespace winnow::orchestrator
