#include "device/cpu/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "device/bf16.h"
#include "device/ops.h"
#include "tests/device/attention_views.h"

namespace winnow::device {
namespace {

constexpr size_t kNumKeys = 700;

AttentionShape ShapeOf(size_t page_tokens) {
  return {.heads = 6, .kv_heads = 2, .head_dim = 64, .page_tokens = page_tokens, .scale = 0.125};
}

// Views with hidden intervals (multiverse.md §2), keys of one pass in different slots.
std::vector<TestView> ViewsWithHoles() {
  return {
      {.intervals = {{0, 40}, {57, 100}}, .rows = 43},                 // across tile edges
      {.intervals = {{100, 116}, {180, 200}}, .rows = 20},             // whole tiles hidden
      {.intervals = {{200, 203}, {204, 205}, {209, 240}}, .rows = 7},  // runs shorter than a group
      {.intervals = {{240, 241}}, .rows = 1},                          // sees itself alone
      {.intervals = {{250, 251}}, .rows = 1},
      {.intervals = {{260, 580}, {600, 650}}, .rows = 50},  // more than one span of the gradient
  };
}

// Sequences that share keys: trees of a prompt (its own rows first), samples and their branches.
std::vector<std::vector<TestView>> Trees() {
  std::vector<TestView> samples;  // of a prompt of 100, one row each, as in decoding
  for (size_t i = 0; i < 9; ++i)
    samples.push_back({.intervals = {{0, 100}, {100 + 20 * i, 101 + 20 * i + i}}});
  return {
      samples,
      {{.intervals = {{0, 37}}, .rows = 37},
       {.intervals = {{0, 37}, {40, 80}}, .rows = 40},
       {.intervals = {{0, 37}, {80, 85}}, .rows = 5},
       {.intervals = {{0, 37}, {85, 103}}, .rows = 18}},
      // Two samples, one with three branches that share more; the merged trunk sees all of them.
      {{.intervals = {{0, 300}, {300, 330}}, .rows = 2},
       {.intervals = {{0, 300}, {340, 360}, {360, 370}}, .rows = 3},
       {.intervals = {{0, 300}, {340, 360}, {370, 382}}, .rows = 2},
       {.intervals = {{0, 300}, {340, 360}, {382, 383}}, .rows = 1},
       {.intervals = {{0, 300}, {340, 383}, {390, 400}}, .rows = 4}},
      // A prefix shorter than a group of keys, and one that is a part of another's own keys.
      {{.intervals = {{0, 5}, {8, 30}}, .rows = 2},
       {.intervals = {{0, 5}, {30, 60}}, .rows = 3},
       {.intervals = {{0, 5}, {30, 59}, {61, 70}}, .rows = 3}},
  };
}

class AttentionTest : public ::testing::TestWithParam<Arithmetic> {
 protected:
  AttentionViews<float> Views(size_t page_tokens) {
    return AttentionViews<float>(ops_.get(), ShapeOf(page_tokens), kNumKeys);
  }
  ThreadPool pool_{2};
  std::unique_ptr<Ops<float>> ops_ = MakeCpuOps(GetParam(), &pool_).value();
};

TEST_P(AttentionTest, HolesEqualCompactedKeys) {
  for (const size_t page_tokens : {1, 16, 50}) {
    AttentionViews<float> all = Views(page_tokens);
    for (const TestView& view : ViewsWithHoles())
      EXPECT_TRUE(all.Run({view}) == all.RunCompacted(view))
          << "pages of " << page_tokens << ", hole before key " << view.intervals.back().first;
  }
}

TEST_P(AttentionTest, ViewsInOneCallEqualEachAlone) {
  AttentionViews<float> all = Views(16);
  EXPECT_TRUE(all.Run(ViewsWithHoles()) == all.RunAlone(ViewsWithHoles()));
}

TEST_P(AttentionTest, SequencesThatShareKeysEqualEachAlone) {
  for (const size_t page_tokens : {1, 16, 50}) {
    AttentionViews<float> all = Views(page_tokens);
    size_t tree = 0;
    for (const auto& views : Trees())
      EXPECT_TRUE(all.Run(views) == all.RunAlone(views)) << page_tokens << " tree " << tree++;
  }
}

TEST_P(AttentionTest, NumberOfThreadsChangesNoBit) {
  AttentionViews<float> all = Views(16);
  for (const int threads : {1, 3, 4}) {
    ThreadPool pool(threads);
    const auto ops = MakeCpuOps(GetParam(), &pool).value();
    AttentionViews<float> other(ops.get(), ShapeOf(16), kNumKeys);
    EXPECT_TRUE(all.Run(ViewsWithHoles()) == other.Run(ViewsWithHoles())) << threads;
    for (const auto& views : Trees()) EXPECT_TRUE(all.Run(views) == other.Run(views)) << threads;
  }
}

// A row is the same whether its sequence comes in one piece or in chunks; keys get the sum.
TEST_P(AttentionTest, ChunksOfRowsGiveTheSameRows) {
  AttentionViews<float> all = Views(16);
  const auto whole = all.Run({{.intervals = {{0, 300}}, .rows = 300}});
  for (const size_t chunk : {7, 64, 256}) {
    std::vector<TestView> chunks;
    for (size_t row = 0; row < 300; row += chunk) {
      const size_t end = std::min<size_t>(300, row + chunk);
      chunks.push_back({.intervals = {{0, end}}, .rows = end - row});
    }
    const auto parts = all.Run(chunks);
    EXPECT_TRUE(SameBits(parts.out, whole.out)) << chunk;
    EXPECT_TRUE(SameBits(parts.stats, whole.stats)) << chunk;
    EXPECT_TRUE(SameBits(parts.dq, whole.dq)) << chunk;
    for (size_t i = 0; i < whole.dk.size(); ++i) {
      EXPECT_NEAR(parts.dk[i], whole.dk[i], 1e-4f);
      EXPECT_NEAR(parts.dv[i], whole.dv[i], 1e-4f);
    }
  }
}

double LargestDifference(const std::vector<float>& actual, const std::vector<double>& expected) {
  double largest = 0, scale = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(actual[i] - expected[i]));
    scale = std::max(scale, std::abs(expected[i]));
  }
  return largest / scale;
}

TEST_P(AttentionTest, LiesWithinRoundingOfFloat64) {
  ThreadPool one(1);
  const auto reference = MakeReferenceOps(&one);
  AttentionViews<float> actual = Views(16);
  AttentionViews<double> expected(reference.get(), ShapeOf(16), kNumKeys);
  for (auto* keys : {&actual.k, &actual.v}) {
    for (float& x : *keys) x = RoundToBf16(x);  // what a bf16 cache holds
  }
  expected.k.assign(actual.k.begin(), actual.k.end());
  expected.v.assign(actual.v.begin(), actual.v.end());
  expected.q.assign(actual.q.begin(), actual.q.end());
  expected.dout.assign(actual.dout.begin(), actual.dout.end());
  for (const auto& views : {ViewsWithHoles(), Trees()[1], Trees()[2]}) {
    const auto a = actual.Run(views);
    const auto e = expected.Run(views);
    EXPECT_LT(LargestDifference(a.out, e.out), 1e-5);
    EXPECT_LT(LargestDifference(a.dq, e.dq), 1e-5);
    EXPECT_LT(LargestDifference(a.dk, e.dk), 1e-5);
    EXPECT_LT(LargestDifference(a.dv, e.dv), 1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(Arithmetics, AttentionTest,
                         ::testing::Values(Arithmetic::kF32, Arithmetic::kBf16Pair),
                         [](const auto& info) { return std::string(ArithmeticName(info.param)); });

// In double, where rounding hides nothing.
class AttentionReferenceTest : public ::testing::Test {
 protected:
  static constexpr AttentionShape kShape = {
      .heads = 2, .kv_heads = 1, .head_dim = 6, .page_tokens = 4, .scale = 0.4};
  ThreadPool pool_{2};
  std::unique_ptr<Ops<double>> ops_ = MakeReferenceOps(&pool_);
};

TEST_F(AttentionReferenceTest, GradientsOfSharedAndHiddenKeysEqualCentralDifferences) {
  const std::vector<TestView> views = {{.intervals = {{0, 7}}, .rows = 7},
                                       {.intervals = {{0, 7}, {9, 14}}, .rows = 4},
                                       {.intervals = {{0, 7}, {14, 19}}, .rows = 5},
                                       {.intervals = {{0, 7}, {10, 12}, {19, 22}}, .rows = 2}};
  AttentionViews<double> all(ops_.get(), kShape, 22);
  all.q.resize(TotalRows(views) * all.width());
  all.dout.resize(all.q.size());
  const auto actual = all.Run(views);
  const auto objective = [&] { return DotProduct(all.Run(views).out, all.dout); };
  const auto expect_near = [&](const std::vector<double>& gradient, std::vector<double>* x) {
    const std::vector<double> expected = NumericGradient(x, objective);
    for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(gradient[i], expected[i], 1e-7) << i;
  };
  expect_near(actual.dq, &all.q);
  expect_near(actual.dk, &all.k);
  expect_near(actual.dv, &all.v);
}

// One prompt for all samples against each sample with the prompt's rows of its own.
TEST_F(AttentionReferenceTest, SharedPromptGetsTheSumOverItsSamples) {
  const size_t prompt = 21, samples = 3, own = 18;
  AttentionViews<double> all(ops_.get(), kShape, prompt + samples * own);
  std::vector<TestView> tree = {{.intervals = {{0, prompt}}, .rows = prompt}};
  for (size_t s = 0; s < samples; ++s) {
    const size_t first = prompt + s * own;
    tree.push_back({.intervals = {{0, prompt}, {first, first + own}}, .rows = own});
  }
  const auto q = all.q, dout = all.dout;
  std::vector<double> dk(all.k.size()), dv(all.v.size()), dprompt(prompt * all.width());
  for (size_t s = 0; s < samples; ++s) {
    // Rows: the prompt with an output gradient of this sample, then its own.
    const auto own_rows = static_cast<ptrdiff_t>((prompt + s * own) * all.width());
    const auto rows = static_cast<ptrdiff_t>(prompt * all.width());
    std::copy_n(q.begin() + own_rows, own * all.width(), all.q.begin() + rows);
    std::copy_n(dout.begin() + own_rows, own * all.width(), all.dout.begin() + rows);
    all.dout[s] += 1 + s;
    for (size_t i = 0; i < dprompt.size(); ++i) dprompt[i] += all.dout[i];
    const auto one = all.Run({{.intervals = tree[s + 1].intervals, .rows = prompt + own}});
    for (size_t i = 0; i < dk.size(); ++i) {
      dk[i] += one.dk[i];
      dv[i] += one.dv[i];
    }
  }
  all.q = q;
  all.dout = dout;
  std::copy(dprompt.begin(), dprompt.end(), all.dout.begin());
  const auto shared = all.Run(tree);
  for (size_t i = 0; i < dk.size(); ++i) {
    EXPECT_NEAR(shared.dk[i], dk[i], 1e-12);
    EXPECT_NEAR(shared.dv[i], dv[i], 1e-12);
  }
}

TEST_F(AttentionReferenceTest, AddsToKeyGradients) {
  AttentionViews<double> all(ops_.get(), kShape, 20);
  const std::vector<TestView> views = {{.intervals = {{0, 20}}, .rows = 20}};
  const auto once = all.Run(views);
  const auto twice = all.Run(views, /*first_row=*/0, &once);
  for (size_t i = 0; i < once.dk.size(); ++i) {
    EXPECT_EQ(twice.dk[i], 2 * once.dk[i]);
    EXPECT_EQ(twice.dv[i], 2 * once.dv[i]);
  }
}

}  // namespace
}  // namespace winnow::device
