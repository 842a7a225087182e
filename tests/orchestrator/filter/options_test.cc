#include "orchestrator/filter/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace winnow::orchestrator {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Faults(const FilterOptions& options, const FilterJob& job = {},
                                const std::vector<std::string>& given = {}) {
  std::vector<std::string> lines;
  for (const OptionFault& fault : CheckFilterOptions(options, job, given)) {
    lines.push_back(fault.key + " " + fault.rule + ": " + fault.found);
  }
  return lines;
}

TEST(OptionsTest, NamesAreThoseOfTheConfiguration) {
  for (const char* name : {"none", "dynamic_sampling", "greso", "random_skip", "mopps", "band"}) {
    ASSERT_TRUE(ParseFilterType(name).has_value()) << name;
    EXPECT_EQ(FilterTypeName(*ParseFilterType(name)), name);
  }
  EXPECT_FALSE(ParseFilterType("dapo").has_value());
  EXPECT_EQ(ParseFilterMode("reference"), FilterMode::kReference);
  EXPECT_EQ(FilterModeName(FilterMode::kWinnow), "winnow");
  EXPECT_FALSE(ParseFilterMode("Winnow").has_value());
}

TEST(OptionsTest, TheDefaultsAreRight) { EXPECT_THAT(Faults({}), IsEmpty()); }

TEST(OptionsTest, ABaseProbabilityMustLieBetweenItsBounds) {
  FilterOptions options;
  options.p_easy = 1.5;
  EXPECT_THAT(Faults(options),
              ElementsAre("filter.p_easy must lie in [filter.p_min, filter.p_max] = [0.05, 0.95]: "
                          "1.5"));
  options.p_easy = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(Faults(options).size(), 1u);
}

TEST(OptionsTest, EveryNumberHasItsRange) {
  const auto one = [](auto change, const std::string& wanted) {
    FilterOptions options;
    change(&options);
    EXPECT_THAT(Faults(options), testing::Contains(wanted));
  };
  one([](auto* o) { o->p_min = 0; }, "filter.p_min must lie in (0, filter.p_max] = (0, 0.95]: 0");
  one([](auto* o) { o->p_max = 1.1; }, "filter.p_max must be at most 1: 1.1");
  one([](auto* o) { o->target_zero_variance = 1; },
      "filter.target_zero_variance must lie in (0, 1): 1");
  one([](auto* o) { o->step = 0.6; }, "filter.step must lie in [0, 0.5]: 0.6");
  one([](auto* o) { o->floor = -0.1; }, "filter.floor must lie in [0, 1]: -0.1");
  one([](auto* o) { o->midpoint = 1.0; },
      "filter.midpoint must lie inside the reward range (0, 1): 1");
  one([](auto* o) { o->tolerance = 1; },
      "filter.tolerance must be non-negative and below the width of the reward range, 1: 1");
  one([](auto* o) { o->gen_batch_max = 0; }, "filter.gen_batch_max must be positive: 0");
  one([](auto* o) { o->gen_batch_max = 8, o->gen_batch_min = 9; },
      "filter.gen_batch_min must be at most filter.gen_batch_max = 8: 9");
  one([](auto* o) { o->safety_factor = 11; }, "filter.safety_factor must lie in [1, 10]: 11");
  one([](auto* o) { o->max_empty_steps = 0; }, "filter.max_empty_steps must be positive: 0");
  one([](auto* o) { o->shadow_rate = 0.2; }, "filter.shadow_rate must lie in [0, 0.1]: 0.2");
  one([](auto* o) { o->metric = ""; }, "filter.metric must be reward or a verdict part: \"\"");
}

TEST(OptionsTest, VariantsCheckTheirOwnKeys) {
  FilterOptions options;
  options.type = FilterType::kRandomSkip;
  EXPECT_THAT(Faults(options),
              ElementsAre("filter.skip_rate and filter.skip_rate_from: random_skip needs exactly "
                          "one of the two: none"));
  options.skip_rate = 0.999;
  EXPECT_THAT(Faults(options), ElementsAre("filter.skip_rate must lie in [0, 0.99]: 0.999"));
  options.type = FilterType::kBand;
  options.band_low = options.band_high = 0.5;
  EXPECT_THAT(Faults(options),
              ElementsAre("filter.band_low and filter.band_high must be a band inside the reward "
                          "range [0, 1]: 0.5, 0.5"));
  options.type = FilterType::kMopps;
  options.mopps.target = 1;
  options.mopps.candidate_factor = 65;
  EXPECT_THAT(Faults(options), ElementsAre("filter.mopps.target must lie in (0, 1): 1",
                                           "filter.mopps.candidate_factor must lie in [1, 64]: "
                                           "65"));
}

TEST(OptionsTest, AKeyOfAnotherVariantIsAMistakeWhenTheUserGaveIt) {
  EXPECT_THAT(Faults({}, {}, {"filter.skip_rate", "filter.p_easy", "data.shuffle"}),
              ElementsAre("filter.skip_rate is read by random_skip only: filter.type greso"));
  EXPECT_THAT(Faults({}, {}, {"filter.n_gpus"}),
              ElementsAre("filter.n_gpus is read in reference mode only: filter.mode winnow"));
  FilterOptions options;
  options.type = FilterType::kNone;
  EXPECT_THAT(Faults(options, {}, {"filter.p_hard"}),
              ElementsAre("filter.p_hard is read by greso only: filter.type none"));
}

TEST(OptionsTest, AGroupOfOneNeedsNoneOrMopps) {
  FilterOptions options;
  EXPECT_THAT(Faults(options, {.n = 1}),
              ElementsAre("filter.type must be none or mopps with rollout.n = 1 (a group of one "
                          "has no variance): greso"));
  for (const FilterType type : {FilterType::kNone, FilterType::kMopps}) {
    options.type = type;
    EXPECT_THAT(Faults(options, {.n = 1}), IsEmpty());
  }
}

TEST(OptionsTest, ReferenceModeIsForGroupsOfEightAndThreeTypes) {
  FilterOptions options;
  options.mode = FilterMode::kReference;
  EXPECT_THAT(Faults(options, {.n = 16}),
              ElementsAre("filter.mode reference needs rollout.n = 8 (groups of 8 are wired in): "
                          "16"));
  options.type = FilterType::kBand;
  EXPECT_THAT(Faults(options),
              ElementsAre("filter.mode reference knows the types greso, dynamic_sampling and none "
                          "only: band"));
  options.type = FilterType::kGreso;
  EXPECT_THAT(Faults(options, {.num_prompts = 20}),
              ElementsAre("filter.dl_batch must be at most the number of prompts, 20: 32"));
}

TEST(OptionsTest, SizesAreDerivedFromTheTrainingBatch) {
  const FilterSettings settings =
      ResolveFilter({}, {.train_batch_size = 255, .num_prompts = 10000});
  EXPECT_EQ(settings.max_wave(), 383u);  // ceil(1.5 * 255)
  EXPECT_EQ(settings.min_wave(), 64u);
  EXPECT_EQ(settings.midpoint(), 0.5);
  EXPECT_THAT(settings.notes, IsEmpty());
  EXPECT_EQ(ResolveFilter({}, {.train_batch_size = 8, .num_prompts = 100}).min_wave(), 12u);
}

TEST(OptionsTest, TheMidpointIsTheMiddleOfTheRange) {
  EXPECT_EQ(ResolveFilter({}, {.reward_min = -1, .reward_max = 3}).midpoint(), 1);
}

TEST(OptionsTest, ALargestWaveAboveTheDataIsCutWithANote) {
  FilterOptions options;
  options.gen_batch_max = 500;
  const FilterSettings settings =
      ResolveFilter(options, {.train_batch_size = 64, .num_prompts = 100});
  EXPECT_EQ(settings.max_wave(), 100u);
  EXPECT_THAT(settings.notes,
              ElementsAre("filter.gen_batch_max is cut to the number of prompts: 500 to 100"));
}

TEST(OptionsTest, ASmallWaveAndAFloorOfZeroAreNoted) {
  FilterOptions options;
  options.gen_batch_max = 32;
  options.floor = 0;
  EXPECT_EQ(ResolveFilter(options, {.train_batch_size = 64, .num_prompts = 100}).notes.size(), 2u);
}

}  // namespace
}  // namespace winnow::orchestrator
