#include "learner/loss/covariance.h"

#include <cmath>

#include "base/philox.h"
#include "gtest/gtest.h"
#include "tests/learner/loss_batch.h"

namespace winnow::learner {
namespace {

TEST(CovarianceTest, MeansAreOverTrainedTokensOfTheWholeMiniBatch) {
  LossBatch batch;
  batch.Token(1, 0, 1, -1).Token(99, 0, /*m=*/0, -50).EndSequence();
  batch.Token(3, 0, 1, -3).EndSequence();
  EXPECT_EQ(Covariance(batch.Tokens()), (std::vector<double>{-1, 0, -1}));
}

TEST(CovarianceTest, AtLeastOneTokenIsSelected) {
  LossBatch batch;
  for (int i = 0; i < 10; ++i) batch.Token(1, 0);
  batch.EndSequence();
  EXPECT_EQ(SelectionCount(2e-4, batch.Tokens()), 1u);
  EXPECT_EQ(SelectionCount(0.39, batch.Tokens()), 3u);
}

TEST(CovarianceTest, PriorityIsTheKeyedNoiseOfTheSpecification) {
  const SequenceIdentity identity = {.prompt = PromptId(0x0123456789abcdef),
                                     .step = 7,
                                     .occurrence = 2,
                                     .sample = 3,
                                     .first_position = 17};
  const auto h = Philox({42, 0}, {0x89abcdef, 0x01234567, 7, 5u << 28 | 4});
  const auto words = Philox({h[0], h[1]}, {17 + 5, 2u << 20 | 3, h[2], h[3]});
  EXPECT_EQ(SelectionPriority(42, /*update=*/4, identity, /*offset=*/5),
            static_cast<uint64_t>(words[1]) << 32 | words[0]);
}

}  // namespace
}  // namespace winnow::learner
