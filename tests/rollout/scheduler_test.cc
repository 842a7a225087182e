#include "rollout/scheduler.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace winnow::rollout {
namespace {

// Runs a scheduler without a model: tokens are names, pages hold names, and a sample ends after a
// given number of tokens. Checks at each pass what a model would need to be right.
class Simulation {
 public:
  struct GroupSpec {
    size_t prompt_tokens = 1;
    std::vector<size_t> responses;  // tokens of each sample
    size_t expected_tokens = 0;
  };

  Simulation(const SchedulerOptions& options, const std::vector<GroupSpec>& groups,
             size_t num_pages, size_t page_tokens)
      : options_(options),
        groups_(groups),
        cache_(num_pages, page_tokens),
        scheduler_(options, ShapesOf(groups), &cache_),
        slots_(num_pages * page_tokens, -1),
        drawn_(scheduler_.num_samples(), 0) {}

  // One pass, its checks and its draws.
  const PassPlan& Step() {
    const PassPlan& plan = scheduler_.Next();
    for (const PageCopy& copy : plan.copies) {
      for (size_t i = 0; i < copy.tokens; ++i) Slot(copy.to, i) = Slot(copy.from, i);
    }
    size_t num_rows = 0;
    for (const ScheduledRows& rows : plan.rows) {
      Compute(rows);
      num_rows += rows.num_rows;
    }
    for (const ScheduledRows& rows : plan.rows) ExpectOwnPrefix(rows);
    if (options_.chunked_prefill) {
      EXPECT_LE(num_rows, options_.max_num_batched_tokens);
    }
    EXPECT_LE(plan.rows.size(), options_.max_num_seqs);
    ExpectProgressOfTheOldest(plan);
    ++num_passes_;
    for (const ScheduledRows& rows : plan.rows) DrawAfter(rows);
    return plan;
  }

  void RunToTheEnd() {
    size_t tokens = 0;
    for (const GroupSpec& group : groups_) {
      for (const size_t response : group.responses) tokens += group.prompt_tokens + response;
    }
    while (!scheduler_.done() && !testing::Test::HasFailure()) {
      Step();
      // Each pass brings some sample, the oldest, nearer to its end.
      ASSERT_LE(num_passes_, tokens) << "livelock";
    }
    EXPECT_EQ(cache_.num_free(), cache_.num_pages()) << "pages are lost";
  }

  const Scheduler& scheduler() const { return scheduler_; }
  const std::vector<size_t>& finished() const { return finished_; }  // in order
  const KvCache& cache() const { return cache_; }
  size_t num_passes() const { return num_passes_; }
  size_t num_rows() const { return num_rows_; }

 private:
  static std::vector<GroupShape> ShapesOf(const std::vector<GroupSpec>& groups) {
    std::vector<GroupShape> shapes;
    for (const GroupSpec& group : groups) {
      shapes.push_back({.prompt_tokens = group.prompt_tokens,
                        .num_samples = static_cast<uint32_t>(group.responses.size()),
                        .expected_tokens = group.expected_tokens});
    }
    return shapes;
  }

  // The name of the token at `position` of a sample: that of its group within the prompt.
  int64_t Name(size_t sample, size_t position) const {
    const size_t g = scheduler_.group(sample);
    const bool in_prompt = position < groups_[g].prompt_tokens;
    const size_t owner = in_prompt ? g : groups_.size() + sample;
    return static_cast<int64_t>(owner * 100'000 + position);
  }

  int64_t& Slot(int32_t page, size_t slot) {
    return slots_[static_cast<size_t>(page) * cache_.page_tokens() + slot];
  }
  int64_t& SlotOf(const ScheduledRows& rows, size_t position) {
    return Slot(rows.pages[position / cache_.page_tokens()], position % cache_.page_tokens());
  }

  void Compute(const ScheduledRows& rows) {
    const size_t end = rows.num_cached + rows.num_rows;
    const size_t length =
        groups_[scheduler_.group(rows.sample)].prompt_tokens + drawn_[rows.sample];
    ASSERT_GT(rows.num_rows, 0u);
    ASSERT_LE(end, length) << "a token that was not drawn";
    EXPECT_EQ(rows.wants_logits, end == length);
    ASSERT_GE(rows.pages.size() * cache_.page_tokens(), end);
    for (size_t i = rows.num_cached; i < end; ++i) SlotOf(rows, i) = Name(rows.sample, i);
    num_rows_ += rows.num_rows;
  }

  // All writes of the pass are made: each row sees its own sample's tokens and no others.
  void ExpectOwnPrefix(const ScheduledRows& rows) {
    for (size_t i = 0; i < rows.num_cached + rows.num_rows; ++i)
      ASSERT_EQ(SlotOf(rows, i), Name(rows.sample, i)) << "sample " << rows.sample << " at " << i;
  }

  // The oldest sample of the pass before has rows again, unless it ended or an older one came in.
  void ExpectProgressOfTheOldest(const PassPlan& plan) {
    if (!options_.chunked_prefill) return;  // passes of prompts alone hold decoding up
    const size_t oldest = plan.rows.front().sample;
    EXPECT_LE(oldest, oldest_);
    oldest_ = oldest;
    for (size_t i = 1; i < plan.rows.size(); ++i)
      EXPECT_LT(plan.rows[i - 1].sample, plan.rows[i].sample) << "siblings are not side by side";
  }

  void DrawAfter(const ScheduledRows& rows) {
    if (!rows.wants_logits) return;
    const size_t g = scheduler_.group(rows.sample);
    size_t first = rows.sample, count = 1;
    EXPECT_EQ(rows.is_decode, drawn_[rows.sample] > 0);
    if (!rows.is_decode && options_.prefix_caching) {
      first = scheduler_.first_sample(g);
      count = groups_[g].responses.size();
    }
    for (size_t sample = first; sample < first + count; ++sample) {
      EXPECT_EQ(drawn_[sample] == 0, !rows.is_decode);
      if (++drawn_[sample] < groups_[g].responses[scheduler_.offset(sample)]) {
        scheduler_.Append(sample);
        continue;
      }
      scheduler_.Finish(sample);
      finished_.push_back(g);
      if (sample == oldest_) oldest_ = SIZE_MAX;
    }
  }

  const SchedulerOptions options_;
  const std::vector<GroupSpec> groups_;
  KvCache cache_;
  Scheduler scheduler_;
  std::vector<int64_t> slots_;  // [page][slot] names
  std::vector<size_t> drawn_;
  std::vector<size_t> finished_;
  size_t oldest_ = SIZE_MAX;
  size_t num_passes_ = 0, num_rows_ = 0;
};

using GroupSpec = Simulation::GroupSpec;

// Rows of each sample in a plan.
std::vector<std::pair<size_t, size_t>> RowsOf(const PassPlan& plan) {
  std::vector<std::pair<size_t, size_t>> rows;
  for (const ScheduledRows& r : plan.rows) rows.push_back({r.sample, r.num_rows});
  return rows;
}
using Rows = std::vector<std::pair<size_t, size_t>>;

TEST(SchedulerTest, OneSampleComputesThePromptAndItsSiblingsShareItsFullPages) {
  Simulation simulation({}, {{.prompt_tokens = 10, .responses = {5, 5, 5}}}, 100,
                        /*page_tokens=*/4);
  EXPECT_EQ(RowsOf(simulation.Step()), (Rows{{0, 10}}));
  const PassPlan& plan = simulation.Step();
  EXPECT_EQ(RowsOf(plan), (Rows{{0, 1}, {1, 1}, {2, 1}}));
  ASSERT_EQ(plan.copies.size(), 2u);
  EXPECT_EQ(plan.copies[0].tokens, 2u);
  for (const size_t sibling : {1, 2}) {
    EXPECT_EQ(plan.rows[sibling].pages[0], plan.rows[0].pages[0]);
    EXPECT_EQ(plan.rows[sibling].pages[1], plan.rows[0].pages[1]);
    EXPECT_NE(plan.rows[sibling].pages[2], plan.rows[0].pages[2]);
  }
  EXPECT_EQ(simulation.cache().num_pages() - simulation.cache().num_free(), 3u + 1 + 1);
  simulation.RunToTheEnd();
  EXPECT_EQ(simulation.num_rows(), 10u + 3 * 4);
}

TEST(SchedulerTest, WithoutPrefixCachingEachSampleComputesItsPrompt) {
  Simulation simulation({.prefix_caching = false}, {{.prompt_tokens = 10, .responses = {2, 2}}},
                        100, 4);
  EXPECT_EQ(RowsOf(simulation.Step()), (Rows{{0, 10}, {1, 10}}));
  simulation.RunToTheEnd();
}

TEST(SchedulerTest, DecodeRowsComeFirstAndPromptsTakeTheRestOfTheBudgetInChunks) {
  Simulation simulation(
      {.max_num_batched_tokens = 6},
      {{.prompt_tokens = 4, .responses = {9, 9}}, {.prompt_tokens = 9, .responses = {9}}}, 100, 4);
  EXPECT_EQ(RowsOf(simulation.Step()), (Rows{{0, 4}, {2, 2}}));
  EXPECT_EQ(RowsOf(simulation.Step()), (Rows{{0, 1}, {1, 1}, {2, 4}}));
  EXPECT_EQ(RowsOf(simulation.Step()), (Rows{{0, 1}, {1, 1}, {2, 3}}));
  EXPECT_EQ(RowsOf(simulation.Step()), (Rows{{0, 1}, {1, 1}, {2, 1}}));
  simulation.RunToTheEnd();
}

TEST(SchedulerTest, WithoutChunksPromptsRunWholeInPassesOfTheirOwn) {
  Simulation simulation({.max_num_seqs = 2, .max_num_batched_tokens = 8, .chunked_prefill = false},
                        {{.prompt_tokens = 12, .responses = {2}},
                         {.prompt_tokens = 3, .responses = {4}},
                         {.prompt_tokens = 4, .responses = {2}}},
                        100, 4);
  EXPECT_EQ(RowsOf(simulation.Step()), (Rows{{0, 12}}));  // longer than the budget: alone
  EXPECT_EQ(RowsOf(simulation.Step()), (Rows{{1, 3}}));
  EXPECT_EQ(RowsOf(simulation.Step()), (Rows{{0, 1}, {1, 1}}));
  EXPECT_EQ(RowsOf(simulation.Step()), (Rows{{2, 4}}));
  simulation.RunToTheEnd();
}

TEST(SchedulerTest, TheLongestExpectedGroupsStartFirstAndEqualOnesAsGiven) {
  Simulation simulation({.max_num_seqs = 1},
                        {{.responses = {2, 2}, .expected_tokens = 3},
                         {.responses = {2}, .expected_tokens = 9},
                         {.responses = {2}, .expected_tokens = 3},
                         {.responses = {2}, .expected_tokens = 7}},
                        100, 4);
  simulation.RunToTheEnd();
  EXPECT_EQ(simulation.finished(), (std::vector<size_t>{1, 3, 0, 0, 2}));
}

TEST(SchedulerTest, SeatsAreKeptForSiblingsOfAPromptThatIsBeingComputed) {
  Simulation simulation({.max_num_seqs = 4},
                        {{.prompt_tokens = 8, .responses = {5, 5, 5}},
                         {.prompt_tokens = 8, .responses = {5, 5, 5}},
                         {.prompt_tokens = 8, .responses = {5}}},
                        100, 4);
  // The second group takes the last seat; the third must not take one of its siblings'.
  EXPECT_EQ(RowsOf(simulation.Step()), (Rows{{0, 8}, {3, 8}}));
  EXPECT_EQ(RowsOf(simulation.Step()), (Rows{{0, 1}, {1, 1}, {2, 1}, {3, 1}}));
  simulation.RunToTheEnd();
}

TEST(SchedulerTest, ThePromptOfAGroupThatRunsOneByOneIsComputedOnce) {
  Simulation simulation({.max_num_seqs = 1}, {{.prompt_tokens = 10, .responses = {3, 1, 4, 2}}},
                        100, 4);
  simulation.RunToTheEnd();
  EXPECT_EQ(simulation.num_rows(), 10u + 2 + 0 + 3 + 1);
  EXPECT_EQ(simulation.scheduler().stats().preemptions, 0u);
}

TEST(SchedulerTest, TheYoungestIsPreemptedAndReplaysWhatItDrewFromItsKeptPrompt) {
  // Two of 4 + 8 tokens need 6 pages; there are 4.
  Simulation simulation(
      {}, {{.prompt_tokens = 4, .responses = {9}}, {.prompt_tokens = 4, .responses = {9}}}, 4, 4);
  EXPECT_EQ(RowsOf(simulation.Step()), (Rows{{0, 4}, {1, 4}}));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(RowsOf(simulation.Step()), (Rows{{0, 1}, {1, 1}}));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(RowsOf(simulation.Step()), (Rows{{0, 1}}));
  EXPECT_EQ(simulation.scheduler().stats().preemptions, 1u);
  EXPECT_EQ(RowsOf(simulation.Step()), (Rows{{1, 5}}));  // five drawn tokens, four of them again
  simulation.RunToTheEnd();
  EXPECT_EQ(simulation.scheduler().stats().replayed_tokens, 4u);
  EXPECT_EQ(simulation.finished(), (std::vector<size_t>{0, 1}));
}

TEST(SchedulerTest, AKeptPromptGoesWhenOthersNeedItsPagesAndIsComputedAgain) {
  // As above, but the first sample needs all pages in the end.
  Simulation simulation(
      {}, {{.prompt_tokens = 4, .responses = {13}}, {.prompt_tokens = 4, .responses = {9}}}, 4, 4);
  simulation.RunToTheEnd();
  EXPECT_EQ(simulation.scheduler().stats().preemptions, 1u);
  EXPECT_EQ(simulation.scheduler().stats().replayed_tokens, 8u);
}

TEST(SchedulerTest, APreemptedSampleSharesThePromptOfASiblingThatStillRuns) {
  // The first group grows to 8 pages and makes the youngest of the second leave; when it has ended,
  // that one returns to its sibling.
  Simulation simulation({},
                        {{.prompt_tokens = 20, .responses = {10}, .expected_tokens = 9},
                         {.prompt_tokens = 8, .responses = {40, 13}, .expected_tokens = 5}},
                        13, 4);
  simulation.RunToTheEnd();
  EXPECT_EQ(simulation.scheduler().stats().preemptions, 1u);
  EXPECT_EQ(simulation.scheduler().stats().replayed_tokens, 8u);
  EXPECT_EQ(simulation.num_rows(), 20u + 9 + 8 + 39 + 12 + 8);
}

// Lengths, sizes and options at random; pages from the fewest that can work.
TEST(SchedulerTest, EverySampleEndsWithItsOwnTokensHoweverScarceThePages) {
  std::mt19937 random(7);
  const auto between = [&](size_t low, size_t high) { return low + random() % (high - low + 1); };
  uint64_t preemptions = 0;
  for (int trial = 0; trial < 600; ++trial) {
    const size_t page_tokens = size_t{1} << between(0, 4);
    std::vector<GroupSpec> groups(between(1, 6));
    size_t longest = 0;
    for (GroupSpec& group : groups) {
      group.prompt_tokens = between(1, 30);
      group.expected_tokens = between(1, 4);
      group.responses.resize(between(1, 5));
      for (size_t& response : group.responses) {
        response = between(1, 30);
        longest = std::max(longest, group.prompt_tokens + response);
      }
    }
    const size_t fewest = (longest + page_tokens - 1) / page_tokens;
    const SchedulerOptions options{.max_num_seqs = between(1, 12),
                                   .max_num_batched_tokens = between(1, 40),
                                   .prefix_caching = between(0, 3) > 0,
                                   .chunked_prefill = between(0, 3) > 0};
    SCOPED_TRACE("trial " + std::to_string(trial));
    Simulation simulation(options, groups, between(fewest, 4 * fewest), page_tokens);
    simulation.RunToTheEnd();
    if (HasFailure()) return;
    preemptions += simulation.scheduler().stats().preemptions;
  }
  EXPECT_GT(preemptions, 600u) << "the test must make pages scarce";
}

TEST(SchedulerDeathTest, ACacheThatCannotHoldASampleIsOurBug) {
  Simulation simulation({}, {{.prompt_tokens = 4, .responses = {9}}}, 2, 4);
  EXPECT_DEATH(simulation.RunToTheEnd(), "check failed");
}

}  // namespace
}  // namespace winnow::rollout
