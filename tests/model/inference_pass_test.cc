#include "model/inference_pass.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/model/tiny_model.h"

namespace winnow::model {
namespace {

constexpr size_t kVocab = 37;
constexpr double kTemperature = 0.8;

struct Case {
  device::Arithmetic arithmetic;
  std::string type;
  size_t lora_rank;
};

// Log-probs of rollout against those of the learner, bit by bit (design.md §1).
class InferencePassTest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    auto ops = device::MakeCpuOps(GetParam().arithmetic, &pool_);
    ASSERT_TRUE(ops.ok()) << ops.status().message();
    ops_ = *std::move(ops);
    policy_ = MakeTiny<float>({.type = GetParam().type, .vocab = kVocab, .hidden = 40},
                              {.lora = {.rank = GetParam().lora_rank}}, ops_.get());
    batch_ = MakeBatch({70, 33, 1, 9}, kVocab);
    for (auto& mask : batch_.masks) {
      std::fill(mask.begin(), mask.end(), 1);
      mask[0] = 0;
    }
    policy_->LogProbs(batch_.Views(), kTemperature, &want_);
  }

  // Runs the batch's sequences in the given chunk lengths (the last one repeats), `together` in one
  // pass or one after the other, and returns the log-probs in (sequence, position) order.
  std::vector<float> Rollout(const std::vector<size_t>& chunks, size_t page_tokens, bool together) {
    const auto kv = policy_->MakeKvStorage(page_tokens, 300);
    int32_t next_page = 299;
    struct State {
      std::vector<int32_t> pages;
      size_t done = 0;
      std::vector<float> log_probs;
    };
    std::vector<State> states(batch_.tokens.size());
    for (size_t s = 0; s < states.size(); ++s) {
      const size_t pages = (batch_.tokens[s].size() + page_tokens - 1) / page_tokens;
      for (size_t p = 0; p < pages; ++p) states[s].pages.push_back(next_page--);
    }
    for (size_t step = 0;; ++step) {
      const size_t chunk = chunks[std::min(step, chunks.size() - 1)];
      std::vector<std::vector<size_t>> passes;
      for (size_t s = 0; s < states.size(); ++s) {
        if (states[s].done == batch_.tokens[s].size()) continue;
        if (passes.empty() || !together) passes.emplace_back();
        passes.back().push_back(s);
      }
      if (passes.empty()) break;
      for (const std::vector<size_t>& members : passes) RunPass(members, chunk, kv.get(), &states);
    }
    std::vector<float> all;
    for (const State& state : states) {
      all.insert(all.end(), state.log_probs.begin(), state.log_probs.end());
    }
    return all;
  }

  template <typename State>
  void RunPass(const std::vector<size_t>& members, size_t chunk, KvStorage<float>* kv,
               std::vector<State>* states) {
    std::vector<int32_t> tokens;
    std::vector<PassSequence> sequences;
    for (const size_t s : members) {
      State& state = (*states)[s];
      const std::vector<int32_t>& all = batch_.tokens[s];
      const size_t count = std::min(chunk, all.size() - state.done);
      const size_t begin = tokens.size();
      tokens.insert(tokens.end(), all.begin() + static_cast<ptrdiff_t>(state.done),
                    all.begin() + static_cast<ptrdiff_t>(state.done + count));
      sequences.push_back({.pages = state.pages,
                           .num_cached = state.done,
                           .row_begin = begin,
                           .row_end = tokens.size()});
    }
    std::vector<size_t> rows(tokens.size());
    std::iota(rows.begin(), rows.end(), size_t{0});
    std::vector<float> logits(tokens.size() * kVocab);
    policy_->Forward(tokens, sequences, kv, {.rows = rows, .z = logits.data()});
    std::vector<device::LogSoftmaxStats<float>> stats(tokens.size());
    ops_->LogSoftmaxRows(logits.data(), tokens.size(), kVocab, kTemperature, stats.data());
    for (size_t m = 0; m < members.size(); ++m) {
      State& state = (*states)[members[m]];
      const std::vector<int32_t>& all = batch_.tokens[members[m]];
      for (size_t row = sequences[m].row_begin; row < sequences[m].row_end; ++row) {
        if (++state.done == all.size()) break;
        const float z = logits[row * kVocab + static_cast<size_t>(all[state.done])];
        state.log_probs.push_back((z - stats[row].max) - stats[row].log_sum);
      }
    }
  }

  ThreadPool pool_{2};
  std::unique_ptr<device::Ops<float>> ops_;
  std::unique_ptr<Policy<float>> policy_;
  Batch batch_;
  HeadValues<float> want_;
};

TEST_P(InferencePassTest, WholePrefillOfABatchEqualsTraining) {
  EXPECT_EQ(Rollout({1000}, 16, /*together=*/true), want_.log_prob);
}

TEST_P(InferencePassTest, DecodingOneByOneEqualsTraining) {
  EXPECT_EQ(Rollout({1}, 8, /*together=*/true), want_.log_prob);
  EXPECT_EQ(Rollout({1}, 8, /*together=*/false), want_.log_prob);
}

TEST_P(InferencePassTest, ChunksPagesAndBatchMatesLeaveBitsAlone) {
  EXPECT_EQ(Rollout({5, 17, 1, 3}, 1, /*together=*/true), want_.log_prob);
  EXPECT_EQ(Rollout({40, 1}, 64, /*together=*/false), want_.log_prob);
  EXPECT_EQ(Rollout({33, 7}, 5, /*together=*/true), want_.log_prob);
}

TEST_P(InferencePassTest, ACopiedPageContinuesLikeItsOriginal) {
  const std::vector<int32_t>& tokens = batch_.tokens[0];
  const auto kv = policy_->MakeKvStorage(/*page_tokens=*/16, 4);
  const auto logits_of = [&](const std::vector<int32_t>& pages, size_t begin, size_t end) {
    const PassSequence sequence{
        .pages = pages, .num_cached = begin, .row_begin = 0, .row_end = end - begin};
    const size_t last = end - begin - 1;
    std::vector<float> logits(kVocab);
    policy_->Forward(std::span(tokens).subspan(begin, end - begin), {&sequence, 1}, kv.get(),
                     {.rows = {&last, 1}, .z = logits.data()});
    return logits;
  };
  logits_of({0, 1}, 0, 20);
  kv->CopyPage(/*from=*/1, /*to=*/3, /*tokens=*/4);
  EXPECT_EQ(logits_of({0, 3}, 20, 25), logits_of({0, 1}, 20, 25));
}

// Keys are written in physical order, with paths decoded in turn; each row's logits must be those
// of the training pass, and those of the tokens it sees alone, put together.
TEST_P(InferencePassTest, HolesGiveTheBitsOfTheTokensThatAreSeen) {
  const Batch batch = MakeBranchedBatch({{19, 21, 18, 9}}, kVocab);
  const std::vector<int32_t>& tokens = batch.tokens[0];
  const std::vector<int32_t> pages{3, 0, 4, 1, 2};
  const auto kv = policy_->MakeKvStorage(/*page_tokens=*/16, 5);
  const auto run = [&](std::span<const int32_t> ids, PassSequence sequence) {
    sequence.pages = pages;
    sequence.row_end = ids.size();
    std::vector<size_t> rows(ids.size());
    std::iota(rows.begin(), rows.end(), size_t{0});
    std::vector<float> logits(ids.size() * kVocab);
    policy_->Forward(ids, {&sequence, 1}, kv.get(), {.rows = rows, .z = logits.data()});
    return logits;
  };
  std::vector<float> log_probs;
  std::vector<std::vector<float>> logits;
  for (const TrainSegment& segment : batch.segments[0]) {
    logits.push_back(run(std::span(tokens).subspan(segment.begin, segment.end - segment.begin),
                         {.num_cached = segment.begin,
                          .holes = segment.holes,
                          .first_position = segment.first_position}));
    std::vector<float> scaled = logits.back();
    const size_t count = segment.end - segment.begin;
    std::vector<device::LogSoftmaxStats<float>> stats(count);
    ops_->LogSoftmaxRows(scaled.data(), count, kVocab, kTemperature, stats.data());
    for (size_t row = 0; row + 1 < count; ++row) {
      const size_t t = segment.begin + row + 1;
      if (batch.masks[0][t] == 0) continue;
      const float z = scaled[row * kVocab + static_cast<size_t>(tokens[t])];
      log_probs.push_back((z - stats[row].max) - stats[row].log_sum);
    }
  }
  HeadValues<float> trained;
  policy_->LogProbs(batch.Views(), kTemperature, &trained);
  EXPECT_EQ(log_probs, trained.log_prob);

  std::vector<int32_t> seen(tokens.begin(), tokens.begin() + 19);
  seen.insert(seen.end(), tokens.begin() + 40, tokens.begin() + 58);
  const std::vector<float> alone = run(seen, {});
  EXPECT_TRUE(std::equal(logits[2].begin(), logits[2].end(), alone.begin() + 19 * kVocab));
}

TEST_P(InferencePassTest, LogitsOfChosenRowsAreThoseOfAllRows) {
  const std::vector<int32_t>& tokens = batch_.tokens[1];
  const std::vector<int32_t> pages{0, 1, 2};
  const auto kv = policy_->MakeKvStorage(/*page_tokens=*/16, 3);
  const PassSequence sequence{.pages = pages, .row_begin = 0, .row_end = tokens.size()};
  std::vector<size_t> all(tokens.size());
  std::iota(all.begin(), all.end(), size_t{0});
  std::vector<float> every(all.size() * kVocab), some(2 * kVocab);
  policy_->Forward(tokens, {&sequence, 1}, kv.get(), {.rows = all, .z = every.data()});
  const std::vector<size_t> chosen{4, 31};
  policy_->Forward(tokens, {&sequence, 1}, kv.get(), {.rows = chosen, .z = some.data()});
  for (size_t i = 0; i < chosen.size(); ++i) {
    EXPECT_TRUE(std::equal(some.begin() + static_cast<ptrdiff_t>(i * kVocab),
                           some.begin() + static_cast<ptrdiff_t>((i + 1) * kVocab),
                           every.begin() + static_cast<ptrdiff_t>(chosen[i] * kVocab)));
  }
}

INSTANTIATE_TEST_SUITE_P(Arithmetics, InferencePassTest,
                         testing::Values(Case{device::Arithmetic::kF32, "llama", 0},
                                         Case{device::Arithmetic::kF32, "qwen3", 3},
                                         Case{device::Arithmetic::kBf16Tile, "llama", 0},
                                         Case{device::Arithmetic::kBf16Tile, "qwen2", 3},
                                         Case{device::Arithmetic::kBf16Pair, "qwen3", 0},
                                         Case{device::Arithmetic::kBf16Pair, "llama", 3}),
                         [](const auto& info) {
                           return std::string(device::ArithmeticName(info.param.arithmetic)) + "_" +
                                  info.param.type + (info.param.lora_rank > 0 ? "_lora" : "");
                         });

}  // namespace
}  // namespace winnow::model
