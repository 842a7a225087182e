#include "orchestrator/filter/random_skip.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>

#include "base/file.h"
#include "base/philox.h"
#include "tests/orchestrator/filter/simulation.h"

namespace winnow::orchestrator {
namespace {

FilterSettings Settings(std::optional<double> rate) {
  FilterOptions options;
  options.type = FilterType::kRandomSkip;
  options.skip_rate = rate;
  return ResolveFilter(options, {.seed = 42, .train_batch_size = 4, .num_prompts = 10});
}

std::string WriteText(const std::string& text) {
  const std::string path =
      testing::TempDir() + "random_skip_test_" + std::to_string(getpid()) + ".jsonl";
  EXPECT_TRUE(WriteFileAtomically(path, text).ok());
  return path;
}

TEST(RandomSkipTest, SkipsBelowTheRateWhateverThePrompt) {
  const double u = FilterUniform(42, PromptId(7), 1, 0);
  const FilterSettings at = Settings(u);
  const FilterSettings above = Settings(std::nextafter(u, 1));
  MemoryPromptState state(at.mopps_prior());
  const std::vector<Offer> offers = {{PromptId(7), 1}};
  EXPECT_TRUE(RandomSkip(at, {}, &state).Select(offers, 1)[0].keep);
  const Decision skipped = RandomSkip(above, {}, &state).Select(offers, 1)[0];
  EXPECT_FALSE(skipped.keep);
  EXPECT_EQ(skipped.reason, store::FilterReason::kRandom);
}

TEST(RandomSkipTest, FollowsTheRatesOfAnotherRunStepByStep) {
  const FilterSettings settings = Settings(std::nullopt);
  MemoryPromptState state(settings.mopps_prior());
  RandomSkip filter(settings, {{2, 0.25}, {3, 0.5}}, &state);
  EXPECT_EQ(filter.rate(), 0);
  filter.OnStep({.step = 1});
  EXPECT_EQ(filter.rate(), 0.25);
  filter.OnStep({.step = 2});
  EXPECT_EQ(filter.rate(), 0.5);
  filter.OnStep({.step = 9});
  EXPECT_EQ(filter.rate(), 0.5);  // the last there is
  RandomSkip resumed(settings, {{2, 0.25}, {3, 0.5}}, &state);
  ASSERT_TRUE(resumed.Load(filter.Save()).ok());
  EXPECT_EQ(resumed.rate(), 0.5);
}

TEST(RandomSkipTest, ReadsTheRatesOfAMetricsFile) {
  const std::string path = WriteText(
      "{\"step\": 0, \"val/accuracy\": 0.1}\n"
      "{\"step\": 1, \"filter/skip_rate\": 0}\n"
      "{\"step\": 2, \"filter/skip_rate\": 0.25, \"loss\": null}\n"
      "{\"step\": 3, \"filter/skip_rate\": null}\n");
  const Result<SkipRates> rates = ReadSkipRates(path);
  ASSERT_TRUE(rates.ok());
  EXPECT_EQ(*rates, (SkipRates{{1, 0}, {2, 0.25}}));
}

TEST(RandomSkipTest, NamesTheLineThatIsWrong) {
  std::string path = WriteText("{\"step\": 1, \"filter/skip_rate\": 0.5}\n[1]\n");
  EXPECT_EQ(ReadSkipRates(path).status().message(),
            path + ":2: must be an object with a step: [1]");
  path = WriteText("{\"step\": 1, \"filter/skip_rate\": 1.5}\n");
  EXPECT_EQ(ReadSkipRates(path).status().message(),
            path + ":1: filter/skip_rate must lie in [0, 1]: 1.5");
  path = WriteText("{\"step\": 1}\n");
  EXPECT_EQ(ReadSkipRates(path).status().message(),
            path + ": must hold filter/skip_rate of at least one step: none");
  EXPECT_FALSE(ReadSkipRates(path + ".absent").ok());
}

}  // namespace
}  // namespace winnow::orchestrator
