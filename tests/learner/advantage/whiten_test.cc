#include "learner/advantage/whiten.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/learner/advantage_batch.h"

namespace winnow::learner {
namespace {

TEST(WhitenTest, MeanAndUnbiasedVarianceAreOverTrainedTokens) {
  AdvantageBatch batch;
  batch.Add(1, 0, {1, 1, 0});
  batch.Add(2, 0, {1});
  batch.Add(2, 0, {1}, /*is_scored=*/false);
  std::vector<double> values = {1, 2, std::nan(""), 6, std::nan("")};
  ASSERT_TRUE(Whiten(batch.Input(), values).ok());
  EXPECT_NEAR(values[0], -2 / std::sqrt(7.0), 1e-7);
  EXPECT_NEAR(values[1], -1 / std::sqrt(7.0), 1e-7);
  EXPECT_NEAR(values[3], 3 / std::sqrt(7.0), 1e-7);
  EXPECT_TRUE(std::isnan(values[2])) << "a masked value was touched";
}

TEST(WhitenTest, FewerThanTwoTokensAreRefused) {
  AdvantageBatch batch;
  batch.Add(1, 1, {1, 0});
  std::vector<double> values = {1, 1};
  const Status status = Whiten(batch.Input(), values);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "whitening of advantages needs at least 2 trained tokens in a batch: 1");
}

}  // namespace
}  // namespace winnow::learner
