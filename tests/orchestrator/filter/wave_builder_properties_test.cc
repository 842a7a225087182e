// The properties of greso.md §7, by rapidcheck over random small runs.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "orchestrator/filter/registry.h"
#include "tests/orchestrator/filter/simulation.h"

namespace winnow::orchestrator {
namespace {

struct Case {
  FilterOptions options;
  FilterJob job;
  uint64_t world_seed = 0;

  World world() const { return DriftingWorld(world_seed, job.n); }
  Simulation MakeRun() const { return Simulation(options, job, world()); }
};

Case AnyCase() {
  Case c;
  c.options.type =
      *rc::gen::element(FilterType::kNone, FilterType::kDynamicSampling, FilterType::kGreso,
                        FilterType::kRandomSkip, FilterType::kMopps, FilterType::kBand);
  if (c.options.type == FilterType::kRandomSkip) c.options.skip_rate = 0.5;
  c.options.mopps.candidate_factor = 3;
  c.options.adaptive_batch = *rc::gen::inRange(0, 4) > 0;
  c.options.shadow_rate = *rc::gen::element(0.0, 0.1);
  c.options.step = *rc::gen::element(0.0, 0.01, 0.2);
  c.options.max_num_gen_batches = *rc::gen::inRange(0u, 4u);
  c.options.max_empty_steps = 3;
  c.job.n = *rc::gen::element(2u, 8u, 16u, 64u);
  c.job.train_batch_size = *rc::gen::inRange(1u, 12u);
  c.job.num_prompts = *rc::gen::inRange<uint64_t>(1, 40);
  c.job.total_epochs = *rc::gen::inRange(0u, 6u);
  c.job.seed = *rc::gen::arbitrary<uint64_t>();
  if (*rc::gen::arbitrary<bool>()) {
    c.options.gen_batch_max = *rc::gen::inRange(1u, 20u);
    c.options.gen_batch_min = *rc::gen::inRange(1u, *c.options.gen_batch_max + 1);
  }
  c.world_seed = *rc::gen::inRange<uint64_t>(0, 1000);
  return c;
}

TEST(WaveBuilderPropertiesTest, EachPromptAndEpochIsOfferedOnceAndNoPromptTwiceAStep) {
  EXPECT_TRUE(rc::check([] {
    const Case c = AnyCase();
    Simulation run = c.MakeRun();
    run.Run(15);
    std::set<std::pair<uint32_t, PromptId>> offers;
    std::set<std::pair<uint64_t, PromptId>> in_step;
    const auto offer = [&](uint64_t step, PromptId prompt, uint32_t epoch) {
      RC_ASSERT(offers.insert({epoch, prompt}).second);
      RC_ASSERT(in_step.insert({step, prompt}).second);
    };
    for (const store::Outcome& outcome : run.log().outcomes) {
      if (!outcome.shadow) offer(outcome.step, outcome.prompt, outcome.epoch);
    }
    for (const StepResult& step : run.log().steps) {
      for (const store::Skip& skip : step.skips) offer(skip.step, skip.prompt, skip.epoch);
    }
    // Nothing is lost: an epoch before the last offer's predecessor is complete.
    const uint32_t last = offers.empty() ? 0 : offers.rbegin()->first;
    const uint32_t whole = run.log().steps.back().run_ends && c.job.total_epochs > 0 &&
                                   run.planner().epoch() >= c.job.total_epochs
                               ? c.job.total_epochs
                               : (last >= 2 ? last - 1 : 0);
    for (uint32_t epoch = 0; epoch < whole; ++epoch) {
      for (const PromptId prompt : Prompts(c.job.num_prompts)) {
        RC_ASSERT(offers.contains({epoch, prompt}));
      }
    }
  }));
}

TEST(WaveBuilderPropertiesTest, KilledAndResumedAfterEveryStepIsNotKilledByteForByte) {
  EXPECT_TRUE(rc::check([] {
    const Case c = AnyCase();
    Simulation whole = c.MakeRun();
    Simulation killed = c.MakeRun();
    for (int step = 0; step < 8; ++step) {
      whole.Run(1);
      killed.Run(1);
      RC_ASSERT(whole.planner().Save() == killed.planner().Save());
      if (!killed.planner().ended()) killed.KillAndResume();
    }
    RC_ASSERT(whole.log().outcomes == killed.log().outcomes);
    RC_ASSERT(whole.log().events == killed.log().events);
    for (size_t i = 0; i < whole.log().steps.size(); ++i) {
      RC_ASSERT(whole.log().steps[i].batch == killed.log().steps[i].batch);
      RC_ASSERT(whole.log().steps[i].skips == killed.log().steps[i].skips);
      RC_ASSERT(whole.log().steps[i].metrics == killed.log().steps[i].metrics);
    }
  }));
}

TEST(WaveBuilderPropertiesTest, WavesLieBetweenTheirBoundsUnlessTheOffersEnd) {
  EXPECT_TRUE(rc::check([] {
    const Case c = AnyCase();
    Simulation run = c.MakeRun();
    run.Run(15);
    const bool refills = run.planner().filter().refills();
    std::map<uint64_t, uint64_t> offered;
    for (const PlannerEvent& event : run.log().events) {
      if (event.kind == PlannerEvent::Kind::kFilter) offered[event.step] += event.ids.size();
      if (event.kind != PlannerEvent::Kind::kRollout) continue;
      const uint64_t most = refills ? run.settings().max_wave() : c.job.train_batch_size;
      const uint64_t least = refills ? run.settings().min_wave() : c.job.train_batch_size;
      RC_ASSERT(event.ids.size() <= most);
      const bool all_offered = offered[event.step] == c.job.num_prompts;
      const bool ended = c.job.total_epochs > 0 && run.planner().epoch() >= c.job.total_epochs;
      RC_ASSERT(event.ids.size() >= least || all_offered || ended);
    }
    for (const StepResult& step : run.log().steps) {
      RC_ASSERT(step.batch.size() <= c.job.train_batch_size);
    }
  }));
}

TEST(WaveBuilderPropertiesTest, PStaysInItsRangeAndMovesByOneStepOrIsClamped) {
  EXPECT_TRUE(rc::check([] {
    Case c = AnyCase();
    c.options.type = FilterType::kGreso;
    Simulation run = c.MakeRun();
    Exploration last{c.options.p_easy, c.options.p_hard};
    for (int i = 0; i < 15 && !run.planner().ended(); ++i) {
      run.Run(1);
      const Exploration now = run.planner().filter().exploration();
      const auto check = [&](double before, double after) {
        RC_ASSERT(after >= c.options.p_min && after <= c.options.p_max);
        RC_ASSERT(after == before || after == before - c.options.step ||
                  after == before + c.options.step || after == c.options.p_min ||
                  after == c.options.p_max);
      };
      check(last.p_easy, now.p_easy);
      check(last.p_hard, now.p_hard);
      const StepTally& tally = run.log().steps.back().tally;
      const bool adapts = tally.effective + tally.easy + tally.hard > 0 && tally.last_epoch >= 1;
      RC_ASSERT(adapts || now == last);
      last = now;
    }
  }));
}

TEST(WaveBuilderPropertiesTest, DecisionsDependNeitherOnOrderNorOnThreads) {
  EXPECT_TRUE(rc::check([] {
    Case c = AnyCase();
    if (c.options.type == FilterType::kMopps) c.options.type = FilterType::kGreso;
    Simulation run = c.MakeRun();
    run.Run(8);
    std::vector<Offer> offers;
    for (const PromptId prompt : Prompts(c.job.num_prompts)) offers.push_back({prompt, 9});
    const PromptFilter& filter = run.planner().filter();
    std::map<PromptId, Decision> wanted;
    for (const Decision& decision : filter.Select(offers, offers.size())) {
      wanted[decision.offer.prompt] = decision;
    }
    std::reverse(offers.begin(), offers.end());
    const auto num_threads = *rc::gen::inRange<size_t>(1, 9);
    std::vector<std::vector<Decision>> parts(num_threads);
    std::vector<std::thread> threads;
    for (size_t t = 0; t < num_threads; ++t) {
      threads.emplace_back([&, t] {
        std::vector<Offer> mine;
        for (size_t i = t; i < offers.size(); i += num_threads) mine.push_back(offers[i]);
        parts[t] = filter.Select(mine, mine.size());
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::vector<Decision>& part : parts) {
      for (const Decision& decision : part) {
        RC_ASSERT(decision == wanted[decision.offer.prompt]);
      }
    }
  }));
}

TEST(WaveBuilderPropertiesTest, ARebuiltStreakIsTheFoldOfTheStoredOutcomes) {
  EXPECT_TRUE(rc::check([] {
    const Case c = AnyCase();
    Simulation run = c.MakeRun();
    run.Run(10);
    std::map<PromptId, int32_t> streaks;
    for (const store::Outcome& outcome : run.log().outcomes) {
      if (outcome.shadow) continue;
      int32_t& z = streaks[outcome.prompt];
      z = store::NextStreak(z, outcome.cls);
    }
    for (const auto& [prompt, z] : streaks) RC_ASSERT(run.state().Find(prompt)->streak == z);
  }));
}

TEST(WaveBuilderPropertiesTest, AnUnknownVerdictLeavesTheStreakOrClearsIt) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    const FilterSettings settings =
        SettingsFor(FilterType::kGreso, {.n = 8, .train_batch_size = 4, .num_prompts = 10});
    const World world = DriftingWorld(seed, 8);
    MemoryPromptState state(settings.mopps_prior());
    const std::vector<int> missing =
        *rc::gen::container<std::vector<int>>(6, rc::gen::inRange(-1, 8));
    for (uint32_t i = 0; i < missing.size(); ++i) {
      const auto before = state.Find(PromptId(1));
      const int32_t z = before.has_value() ? before->streak : 0;
      store::Outcome outcome = OutcomeOf(PromptId(1), world(PromptId(1), i));
      if (missing[i] >= 0) outcome.samples[missing[i]].kind = VerdictKind::kError;
      outcome.cls = store::Classify(settings.classify_rule(), outcome);
      state.Observe(outcome);
      const int32_t after = state.Find(PromptId(1))->streak;
      if (missing[i] >= 0) RC_ASSERT(after == z || after == 0);
    }
  }));
}

TEST(WaveBuilderPropertiesTest, RewardsScaledByAPowerOfTwoGiveTheSameRun) {
  EXPECT_TRUE(rc::check([] {
    Case c = AnyCase();
    c.options.midpoint = 0.5;
    Simulation plain = c.MakeRun();
    plain.Run(8);
    const double scale = std::ldexp(1.0, *rc::gen::inRange(-8, 9));
    c.options.midpoint = 0.5 * scale;
    c.options.tolerance *= scale;
    c.options.band_low *= scale;
    c.options.band_high *= scale;
    c.job.reward_max = scale;
    Simulation scaled(c.options, c.job, [&](PromptId prompt, uint32_t epoch) {
      std::vector<float> rewards = c.world()(prompt, epoch);
      for (float& reward : rewards) reward *= static_cast<float>(scale);
      return rewards;
    });
    scaled.Run(8);
    RC_ASSERT(plain.log().events == scaled.log().events);
  }));
}

// Runs two configurations on one world; true if waves and batches are the same.
bool SameRun(const FilterOptions& a, const FilterOptions& b, const FilterJob& job,
             uint64_t world_seed, uint64_t steps) {
  Simulation first(a, job, DriftingWorld(world_seed, job.n));
  Simulation second(b, job, DriftingWorld(world_seed, job.n));
  first.Run(steps);
  second.Run(steps);
  bool same = first.log().waves == second.log().waves &&
              first.log().steps.size() == second.log().steps.size();
  for (size_t i = 0; same && i < first.log().steps.size(); ++i) {
    same = first.log().steps[i].batch == second.log().steps[i].batch;
  }
  return same;
}

TEST(WaveBuilderPropertiesTest, GresoIsDynamicSamplingInTheFirstEpoch) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    FilterOptions greso, keep;
    keep.type = FilterType::kDynamicSampling;
    const FilterJob job{.seed = seed, .train_batch_size = 8, .num_prompts = 100, .total_epochs = 1};
    RC_ASSERT(SameRun(greso, keep, job, seed, 30));
  }));
}

TEST(WaveBuilderPropertiesTest, GresoThatNeverSkipsAndRandomSkipAtZeroAreDynamicSampling) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    FilterOptions greso, keep, random, eager;
    keep.type = FilterType::kDynamicSampling;
    greso.p_easy = greso.p_hard = greso.p_max = 1;
    greso.step = 0;
    random.type = FilterType::kRandomSkip;
    random.skip_rate = 0;
    const FilterJob job{.seed = seed, .train_batch_size = 8, .num_prompts = 30};
    RC_ASSERT(SameRun(greso, keep, job, seed, 15));
    RC_ASSERT(SameRun(random, keep, job, seed, 15));
    RC_ASSERT(!SameRun(eager, keep, job, seed, 15));  // GRESO itself does skip
  }));
}

}  // namespace
}  // namespace winnow::orchestrator
