#include "device/cpu/attention_plan.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace winnow::device {
namespace {

constexpr AttentionShape kShape = {
    .heads = 9, .kv_heads = 3, .head_dim = 64, .page_tokens = 16, .scale = 0.125};

// Pages are told apart by their address alone; nothing is read.
class AttentionPlanTest : public ::testing::Test {
 protected:
  struct Keys {
    size_t first_page;
    size_t count;
    size_t first = 0;
  };

  // A sequence whose keys lie in consecutive pages of `memory_`, run by run.
  void Add(const std::vector<Keys>& keys, size_t rows) {
    std::vector<KeyRun>& runs = runs_.emplace_back();
    for (const Keys& run : keys) {
      std::vector<const std::byte*>& pages = pages_.emplace_back();
      for (size_t p = 0; p <= (run.first + run.count - 1) / kShape.page_tokens; ++p)
        pages.push_back(memory_ + run.first_page + p);
      runs.push_back({.pages = pages, .first = run.first, .count = run.count});
    }
    const size_t row = sequences_.empty() ? 0 : sequences_.back().row_end;
    sequences_.push_back({.keys = runs, .row_begin = row, .row_end = row + rows});
  }

  void Make(size_t threads) { plan_.Make(kShape, sequences_, sizeof(float), threads); }

  struct Segment {
    size_t begin, end, row_begin, row_end;
    bool operator==(const Segment&) const = default;
  };
  std::vector<Segment> SegmentsOf(size_t tile) const {
    const AttentionPlan::Tile& t = plan_.tiles()[tile];
    std::vector<Segment> segments;
    for (size_t i = 0; i < t.num_segments; ++i) {
      const KeySegment& s = plan_.segments(t)[i];
      segments.push_back({s.begin, s.end, s.row_begin, s.row_end});
    }
    return segments;
  }

  const std::byte memory_[1000] = {};
  std::deque<std::vector<const std::byte*>> pages_;
  std::deque<std::vector<KeyRun>> runs_;
  std::vector<AttentionSequence> sequences_;
  AttentionPlan plan_;
};

TEST_F(AttentionPlanTest, CutsOneSequenceIntoTilesOfRows) {
  Add({{0, 50}}, /*rows=*/40);
  Make(/*threads=*/1);
  ASSERT_EQ(plan_.tiles().size(), 3u);
  EXPECT_EQ(plan_.tasks().size(), 9u) << "one for each kv head";
  EXPECT_EQ(plan_.tiles()[1].num_rows, 16u);
  EXPECT_EQ(plan_.tiles()[2].num_rows, 8u);
  EXPECT_EQ(plan_.rows(plan_.tiles()[1])[0].row, 16u);
  EXPECT_EQ(plan_.rows(plan_.tiles()[1])[0].visible, 27u);
  EXPECT_EQ(SegmentsOf(1), (std::vector<Segment>{{0, 42, 0, 16}}));
}

TEST_F(AttentionPlanTest, SiblingsReadTheirPromptOnce) {
  for (size_t i = 0; i < 8; ++i) Add({{0, 64}, {100 + 10 * i, 5 + i}}, /*rows=*/1);
  Make(/*threads=*/1);
  ASSERT_EQ(plan_.tiles().size(), 1u);
  const std::vector<Segment> segments = SegmentsOf(0);
  ASSERT_EQ(segments.size(), 9u);
  EXPECT_EQ(segments[0], (Segment{0, 64, 0, 8}));
  EXPECT_EQ(segments[3], (Segment{64, 71, 2, 3}));
}

// However the runs are cut, slots decide; the row's own key is never shared.
TEST_F(AttentionPlanTest, FindsCommonKeysAcrossRuns) {
  Add({{0, 40}}, /*rows=*/2);
  Add({{0, 20}, {1, 16, /*first=*/4}, {300, 3}}, /*rows=*/2);
  Make(/*threads=*/1);
  ASSERT_EQ(plan_.tiles().size(), 1u);
  EXPECT_EQ(SegmentsOf(0), (std::vector<Segment>{{0, 36, 0, 4}, {36, 40, 0, 2}, {36, 39, 2, 4}}));
}

TEST_F(AttentionPlanTest, BranchesOfASampleShareMoreThanThePrompt) {
  Add({{0, 32}, {100, 20}}, 1);
  Add({{0, 32}, {200, 48}, {300, 4}}, 1);
  Add({{0, 32}, {200, 48}, {310, 9}}, 2);
  Make(/*threads=*/1);
  ASSERT_EQ(plan_.tiles().size(), 1u);
  EXPECT_EQ(SegmentsOf(0), (std::vector<Segment>{
                               {0, 32, 0, 4},
                               {32, 52, 0, 1},
                               {32, 80, 1, 4},
                               {80, 84, 1, 2},
                               {80, 89, 2, 4},
                           }));
}

TEST_F(AttentionPlanTest, StrangersAndFullTilesStandAlone) {
  Add({{0, 32}}, 1);
  Add({{50, 32}}, 1);
  Add({{60, 32}, {200, 15}}, 15);
  Add({{60, 32}, {210, 2}}, 2);
  Add({{60, 15}, {220, 2}}, 1);
  Make(/*threads=*/1);
  EXPECT_EQ(plan_.tiles().size(), 5u);
}

TEST_F(AttentionPlanTest, ATileOfManyKeysHasFewRows) {
  Add({{0, 8000}}, /*rows=*/64);
  Make(/*threads=*/1);
  EXPECT_EQ(plan_.tiles().size(), 13u);
  EXPECT_EQ(plan_.tiles()[0].num_rows, 5u);
}

// Three tasks on two threads: the last is cut in two.
TEST_F(AttentionPlanTest, SplitsWhatWouldLeaveThreadsIdle) {
  for (size_t i = 0; i < 8; ++i) Add({{0, 64}, {100 + 10 * i, 5}}, /*rows=*/1);
  Make(/*threads=*/2);
  ASSERT_EQ(plan_.tasks().size(), 4u);
  const auto expect_task = [&](size_t task, size_t kv_head, size_t first_row, size_t num_rows) {
    const AttentionPlan::Tile& tile = plan_.tiles()[plan_.tasks()[task].tile];
    EXPECT_EQ(plan_.tasks()[task].kv_head, kv_head);
    EXPECT_EQ(plan_.rows(tile)[0].row, first_row);
    EXPECT_EQ(tile.num_rows, num_rows);
  };
  expect_task(0, 0, 0, 8);
  expect_task(1, 1, 0, 8);
  expect_task(2, 2, 0, 4);
  expect_task(3, 2, 4, 4);
}

TEST_F(AttentionPlanTest, SlotsCoverAnyIntervalOfTheRuns) {
  Add({{0, 20, /*first=*/3}, {10, 5}, {20, 30}}, 1);
  std::vector<KeySlots> slots;
  AppendSlots(runs_[0], 15, 40, &slots);
  ASSERT_EQ(slots.size(), 3u);
  EXPECT_EQ(slots[0].first, 18u);
  EXPECT_EQ(slots[0].count, 5u);
  EXPECT_EQ(slots[0].gradient_row, 15u);
  EXPECT_EQ(slots[1].count, 5u);
  EXPECT_EQ(slots[2].first, 0u);
  EXPECT_EQ(slots[2].count, 15u);
}

TEST_F(AttentionPlanTest, RefusesMissingPagesAndKeys) {
  Add({{0, 20}}, 1);
  runs_[0][0].count = 33;
  EXPECT_DEATH(Make(1), "pages");
  runs_[0][0].count = 20;
  sequences_[0].row_end = 21;
  EXPECT_DEATH(Make(1), "rows");
}

}  // namespace
}  // namespace winnow::device
