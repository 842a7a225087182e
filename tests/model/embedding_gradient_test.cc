#include "model/embedding_gradient.h"

#include <gtest/gtest.h>

namespace winnow::model {
namespace {

TEST(EmbeddingGradientTest, SumsTheRowsOfEqualTokens) {
  ThreadPool pool(2);
  EmbeddingGradient<float> gradient(/*width=*/2);
  const std::vector<int32_t> ids{3, 1, 3};
  const std::vector<float> dx{1, 2, 10, 20, 100, 200};
  gradient.Add(ids, dx.data(), &pool);
  gradient.Add(std::vector<int32_t>{1}, dx.data(), &pool);
  std::vector<float> table(5 * 2, 0.5f);
  gradient.JoinInto(table.data());
  EXPECT_EQ(table, (std::vector<float>{0.5, 0.5, 11.5, 22.5, 0.5, 0.5, 101.5, 202.5, 0.5, 0.5}));
}

TEST(EmbeddingGradientTest, StartsAfreshAfterJoiningAndClearing) {
  ThreadPool pool(1);
  EmbeddingGradient<float> gradient(/*width=*/1);
  const std::vector<float> dx{4};
  std::vector<float> table(2, 0.0f);
  gradient.Add(std::vector<int32_t>{0}, dx.data(), &pool);
  gradient.JoinInto(table.data());
  gradient.JoinInto(table.data());
  EXPECT_EQ(table[0], 4.0f);
  gradient.Add(std::vector<int32_t>{1}, dx.data(), &pool);
  gradient.Clear();
  gradient.JoinInto(table.data());
  EXPECT_EQ(table[1], 0.0f);
}

TEST(EmbeddingGradientTest, CutsIntoCallsLeaveTheBitsAlone) {
  ThreadPool pool(2);
  const std::vector<int32_t> ids{0, 0, 0, 0};
  const std::vector<float> dx{1e8f, 1.0f, -1e8f, 1.0f};
  std::vector<float> whole(1, 0.0f), cut(1, 0.0f);
  EmbeddingGradient<float> a(/*width=*/1), b(/*width=*/1);
  a.Add(ids, dx.data(), &pool);
  for (size_t i = 0; i < ids.size(); ++i) b.Add(std::span(ids).subspan(i, 1), &dx[i], &pool);
  a.JoinInto(whole.data());
  b.JoinInto(cut.data());
  EXPECT_EQ(whole, cut);
}

}  // namespace
}  // namespace winnow::model
