#include "orchestrator/filter/offer_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/orchestrator/filter/simulation.h"

namespace winnow::orchestrator {
namespace {

TEST(OfferSourceTest, AnEpochIsAPermutationThatDependsOnSeedAndEpoch) {
  const KeyedOfferSource source(Prompts(100), /*seed=*/1, /*shuffle=*/true, /*total_epochs=*/3);
  std::set<std::vector<PromptId>> orders;
  for (uint32_t epoch = 0; epoch < 3; ++epoch) {
    std::vector<PromptId> order = source.Order(epoch);
    orders.insert(order);
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, Prompts(100));
  }
  orders.insert(KeyedOfferSource(Prompts(100), /*seed=*/2, true, 3).Order(0));
  EXPECT_EQ(orders.size(), 4u);
  EXPECT_EQ(source.Order(1), source.Order(1));
  EXPECT_EQ(source.num_epochs(), 3u);
}

TEST(OfferSourceTest, TheOrderDoesNotDependOnTheOrderOfTheFile) {
  std::vector<PromptId> reversed = Prompts(50);
  std::reverse(reversed.begin(), reversed.end());
  EXPECT_EQ(KeyedOfferSource(reversed, 7, true, 0).Order(4),
            KeyedOfferSource(Prompts(50), 7, true, 0).Order(4));
}

TEST(OfferSourceTest, WithoutShufflingAnEpochIsTheFile) {
  const KeyedOfferSource source(Prompts(10), /*seed=*/1, /*shuffle=*/false, /*total_epochs=*/0);
  EXPECT_EQ(source.Order(0), Prompts(10));
  EXPECT_EQ(source.Order(9), Prompts(10));
  EXPECT_EQ(source.num_epochs(), std::nullopt);
}

TEST(OfferSourceTest, EveryPlaceIsEquallyLikely) {
  constexpr int kSeeds = 2000;
  std::vector<int> places(8);
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const std::vector<PromptId> order = KeyedOfferSource(Prompts(8), seed, true, 0).Order(0);
    ++places[std::find(order.begin(), order.end(), PromptId(3)) - order.begin()];
  }
  double chi_square = 0;
  for (const int count : places) {
    const double off = count - kSeeds / 8.0;
    chi_square += off * off / (kSeeds / 8.0);
  }
  EXPECT_LT(chi_square, 29.88);  // 7 degrees of freedom, p = 1e-4
}

}  // namespace
}  // namespace winnow::orchestrator
