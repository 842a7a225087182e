#include "model/row_plan.h"

#include <gtest/gtest.h>

#include "tests/model/tiny_model.h"

namespace winnow::model {
namespace {

constexpr size_t kPageTokens = 16;

using Counts = std::vector<std::array<size_t, 2>>;  // count, gradient row

// The runs that the rows of one attention sequence of a chunk see.
Counts RunsOf(const PagedRows<float>& rows, size_t sequence) {
  Counts counts;
  for (const device::KeyRun& run : rows.sequences()[sequence].keys) {
    counts.push_back({run.count, run.gradient_row});
  }
  return counts;
}

TEST(RowPlanTest, RunsTokensBeforeTheLastWantedOne) {
  Batch batch = MakeBatch({9, 6}, 37);
  batch.masks = {{0, 0, 0, 1, 0, 1, 0, 0, 0}, {0, 1, 0, 0, 0, 0}};
  RowPlan<float> plan;
  plan.Assign(batch.Views(), kPageTokens, SIZE_MAX);
  EXPECT_EQ(plan.num_rows(), 5u + 1u);
  EXPECT_EQ(std::vector<size_t>(plan.wanted_rows().begin(), plan.wanted_rows().end()),
            (std::vector<size_t>{2, 4, 5}));
  EXPECT_EQ(plan.head_rows().labels,
            (std::vector<int32_t>{batch.tokens[0][3], batch.tokens[0][5], batch.tokens[1][1]}));
  ASSERT_EQ(plan.chunks().size(), 1u);
  EXPECT_EQ(RunsOf(plan.chunks()[0].rows, 1), (Counts{{1, 5}}));
}

TEST(RowPlanTest, SharedTokensAreRunOnceAndTheirLastRowPredictsSeveralTokens) {
  const Batch batch = MakeSharedBatch({10}, {{3, 1, 4}}, 37);
  RowPlan<float> plan;
  plan.Assign(batch.Views(), kPageTokens, SIZE_MAX);
  EXPECT_EQ(plan.num_rows(), 12u + 0u + 2u) << "position 13 is forced";
  EXPECT_EQ(std::vector<size_t>(plan.wanted_rows().begin(), plan.wanted_rows().end()),
            (std::vector<size_t>{9, 10, 11, 9, 9, 12, 13}));
  const PagedRows<float>& rows = plan.chunks()[0].rows;
  ASSERT_EQ(rows.sequences().size(), 2u) << "the second sample has no rows of its own";
  EXPECT_EQ(RunsOf(rows, 0), (Counts{{12, 0}}));
  EXPECT_EQ(RunsOf(rows, 1), (Counts{{10, 0}, {2, 12}}));
  EXPECT_EQ(rows.positions()[12], 10);
}

TEST(RowPlanTest, PathsDoNotSeeEachOther) {
  const Batch batch = MakeBranchedBatch({{20, 5, 9, 4}}, 37);
  RowPlan<float> plan;
  plan.Assign(batch.Views(), kPageTokens, SIZE_MAX);
  const PagedRows<float>& rows = plan.chunks()[0].rows;
  ASSERT_EQ(rows.sequences().size(), 4u);
  EXPECT_EQ(RunsOf(rows, 1), (Counts{{25, 0}}));
  EXPECT_EQ(RunsOf(rows, 2), (Counts{{20, 0}, {9, 25}}));
  EXPECT_EQ(RunsOf(rows, 3), (Counts{{37, 0}})) << "the last token has no row";
  EXPECT_EQ(rows.positions()[25], 20);
  EXPECT_EQ(rows.positions()[34], 29);
  EXPECT_EQ(plan.num_positions(), 32u);
}

TEST(RowPlanTest, ChunksHoldWholeBlocksAndSeeEarlierRows) {
  const Batch batch = MakeBatch({150, 11}, 37);
  RowPlan<float> plan;
  plan.Assign(batch.Views(), kPageTokens, /*max_chunk_rows=*/64);
  ASSERT_EQ(plan.chunks().size(), 3u);
  EXPECT_EQ(plan.chunks()[1].row_begin, 64u);
  EXPECT_EQ(plan.chunks()[2].row_begin, 128u);
  EXPECT_EQ(plan.most_chunk_rows(), 64u);
  EXPECT_EQ(RunsOf(plan.chunks()[1].rows, 0), (Counts{{128, 0}}));
  EXPECT_EQ(plan.chunks()[1].rows.positions()[0], 64);
  const auto& last = plan.chunks()[2];
  ASSERT_EQ(last.blocks.size(), 2u);
  EXPECT_EQ(last.blocks[1].begin, last.blocks[0].end);
  EXPECT_EQ(last.blocks[1].end, last.num_rows());
  ASSERT_EQ(last.rows.sequences().size(), 2u);
  EXPECT_EQ(RunsOf(last.rows, 1), (Counts{{10, 128 + last.blocks[1].begin}}));
}

TEST(RowPlanDeathTest, RefusesSharedTokensThatDifferOrAreWanted) {
  RowPlan<float> plan;
  Batch batch = MakeSharedBatch({10}, {{3, 3}}, 37);
  batch.masks[1][9] = 1;
  EXPECT_DEATH(plan.Assign(batch.Views(), kPageTokens, SIZE_MAX), "mask");
  batch.masks[1][9] = 0;
  batch.tokens[1][4] += 1;
  EXPECT_DEATH(plan.Assign(batch.Views(), kPageTokens, SIZE_MAX), "tokens");
}

}  // namespace
}  // namespace winnow::model
