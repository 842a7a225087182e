#include "rollout/engine.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "tests/support/tiny_model.h"

namespace winnow::rollout {
namespace {

using Results = std::vector<std::vector<Trajectory>>;

class EngineTest : public testing::Test {
 protected:
  EngineTest() : folder_(testing_support::FreshFolder("engine")) {
    testing_support::WriteTinyModel(folder_);
    tokenizer_ = model::Tokenizer::Load(folder_).value();
  }

  void UsePolicy(int threads, device::Arithmetic arithmetic) {
    policy_.reset();
    ops_.reset();
    pool_ = std::make_unique<ThreadPool>(threads);
    ops_ = device::MakeCpuOps(arithmetic, pool_.get()).value();
    policy_ = model::InitializePolicy<float>(folder_, {.trainable = false}, /*seed=*/3, ops_.get())
                  .value();
  }

  std::vector<GroupRequest> Requests() const {
    std::vector<GroupRequest> requests;
    const std::vector<std::string> texts = {"a", "hello, world", std::string(40, 'x'),
                                            "page border 16..", std::string(70, 'z')};
    for (size_t i = 0; i < texts.size(); ++i) {
      requests.push_back({.prompt = tokenizer_->Encode(texts[i]),
                          .key = {.seed = 11, .prompt = PromptId(i), .step = 2},
                          .num_samples = static_cast<uint32_t>(1 + i)});
    }
    return requests;
  }

  Results Generate(const EngineOptions& options, const GenerationOptions& generation) {
    Engine engine(policy_.get(), tokenizer_.get(), options);
    return engine.Generate(Requests(), generation, PolicyVersion(4)).value();
  }

  std::string folder_;
  std::unique_ptr<model::Tokenizer> tokenizer_;
  std::unique_ptr<ThreadPool> pool_;
  std::unique_ptr<device::Ops<float>> ops_;
  std::unique_ptr<model::Policy<float>> policy_;
};

void ExpectEqual(const Results& a, const Results& b, const std::string& what) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t g = 0; g < a.size(); ++g) {
    ASSERT_EQ(a[g].size(), b[g].size());
    for (size_t s = 0; s < a[g].size(); ++s) {
      EXPECT_EQ(a[g][s].tokens, b[g][s].tokens) << what;
      EXPECT_EQ(a[g][s].log_probs, b[g][s].log_probs) << what;
      EXPECT_EQ(a[g][s].full_log_probs, b[g][s].full_log_probs) << what;
      EXPECT_EQ(a[g][s].finish, b[g][s].finish) << what;
    }
  }
}

// Results depend on seed, config, data and weights; nothing else (design.md §1).
TEST_F(EngineTest, TokensDoNotDependOnBatchingPagingOrThreads) {
  const GenerationOptions generation{.max_tokens = 20};
  for (const auto arithmetic :
       {device::Arithmetic::kF32, device::Arithmetic::kBf16Tile, device::Arithmetic::kBf16Pair}) {
    UsePolicy(1, arithmetic);
    const Results want = Generate({}, generation);
    ExpectEqual(want, Generate({.max_num_seqs = 1}, generation), "one at a time");
    ExpectEqual(want, Generate({.max_num_seqs = 3, .max_num_batched_tokens = 7}, generation),
                "small chunks");
    ExpectEqual(want, Generate({.max_num_batched_tokens = 9, .chunked_prefill = false}, generation),
                "whole prompts");
    ExpectEqual(want, Generate({.prefix_caching = false}, generation), "no prefix sharing");
    ExpectEqual(want, Generate({.page_tokens = 32}, generation), "other pages");
    const size_t tight = policy_->KvBytesPerToken() * 16 * (90 / 16 + 2);
    ExpectEqual(want, Generate({.kv_cache_bytes = tight}, generation), "a cache for one sequence");
    UsePolicy(3, arithmetic);
    ExpectEqual(want, Generate({}, generation), "three threads");
  }
}

// Samples that give up their pages come back with the same bits, however often it happens.
TEST_F(EngineTest, PreemptionChangesNothing) {
  UsePolicy(2, device::Arithmetic::kBf16Tile);
  const GenerationOptions generation{.max_tokens = 60, .ignore_eos = true};
  const Results want = Generate({}, generation);
  uint64_t preemptions = 0;
  for (const size_t page_tokens : {1, 4, 16}) {
    const size_t longest = 70 + 60, each = (longest + page_tokens - 1) / page_tokens + 1;
    for (const size_t pages : {each, each + 1, 2 * each, 4 * each}) {
      for (const size_t rows : {1, 5, 64}) {
        for (const bool sharing : {true, false}) {
          Engine engine(policy_.get(), tokenizer_.get(),
                        {.max_num_batched_tokens = rows,
                         .kv_cache_bytes = policy_->KvBytesPerToken() * page_tokens * pages,
                         .prefix_caching = sharing,
                         .page_tokens = page_tokens});
          const auto got = engine.Generate(Requests(), generation, PolicyVersion(4));
          ASSERT_TRUE(got.ok()) << got.status().ToString();
          ExpectEqual(want, *got,
                      "page " + std::to_string(page_tokens) + ", pages " + std::to_string(pages) +
                          ", rows " + std::to_string(rows));
          EXPECT_LE(engine.stats().peak_pages, pages);
          EXPECT_EQ(engine.stats().decode_tokens, 15u * 59);  // of 15 samples, first tokens apart
          preemptions += engine.stats().preemptions;
        }
      }
    }
  }
  EXPECT_GT(preemptions, 100u) << "the test must make pages scarce";
}

// Options, batch mates, their order and expected lengths, and scarce pages, all at random: the
// tokens and bits of a group are those of the group alone.
TEST_F(EngineTest, AGroupIsTheSameAloneAndInAnyCompanyUnderAnyOptions) {
  std::mt19937 random(3);
  const auto between = [&](size_t low, size_t high) { return low + random() % (high - low + 1); };
  const std::vector<GenerationOptions> laws = {
      {.max_tokens = 40},
      {.sampling = {.temperature = 0.8, .top_p = 0.9}, .max_tokens = 25, .min_tokens = 6},
      {.sampling = {.sampler = SamplerKind::kGumbel, .top_k = 12}, .max_tokens = 25},
      {.sampling = {.temperature = 0}, .max_tokens = 12}};
  uint64_t preemptions = 0;
  for (const int threads : {1, 2, 4}) {
    UsePolicy(threads, threads == 2 ? device::Arithmetic::kF32 : device::Arithmetic::kBf16Tile);
    for (const GenerationOptions& law : laws) {
      const std::vector<GroupRequest> all = Requests();
      Results alone;
      for (const GroupRequest& request : all) {
        Engine engine(policy_.get(), tokenizer_.get(), {});
        alone.push_back(engine.Generate({&request, 1}, law, PolicyVersion(4)).value()[0]);
      }
      for (int trial = 0; trial < 12; ++trial) {
        std::vector<size_t> chosen(all.size());
        std::iota(chosen.begin(), chosen.end(), size_t{0});
        std::shuffle(chosen.begin(), chosen.end(), random);
        chosen.resize(between(2, all.size()));
        std::vector<GroupRequest> requests;
        Results want;
        for (const size_t g : chosen) {
          requests.push_back(all[g]);
          requests.back().expected_tokens = between(0, law.max_tokens);
          want.push_back(alone[g]);
        }
        const size_t page_tokens = size_t{1} << 2 * between(0, 3);
        const size_t fewest = (70 + law.max_tokens + page_tokens - 1) / page_tokens;
        const EngineOptions options{.max_num_seqs = between(1, 16),
                                    .max_num_batched_tokens = size_t{1} << between(0, 7),
                                    .kv_cache_bytes = policy_->KvBytesPerToken() * page_tokens *
                                                      between(fewest, 3 * fewest),
                                    .prefix_caching = between(0, 3) > 0,
                                    .chunked_prefill = between(0, 3) > 0,
                                    .page_tokens = page_tokens};
        Engine engine(policy_.get(), tokenizer_.get(), options);
        ExpectEqual(want, engine.Generate(requests, law, PolicyVersion(4)).value(),
                    "trial " + std::to_string(trial));
        preemptions += engine.stats().preemptions;
      }
    }
  }
  EXPECT_GT(preemptions, 100u) << "the test must make pages scarce";
}

// What is expected to be long starts first, and no result depends on it.
TEST_F(EngineTest, TheLongestExpectedStartFirst) {
  UsePolicy(1, device::Arithmetic::kF32);
  const GenerationOptions generation{.max_tokens = 6, .ignore_eos = true};
  const Results want = Generate({}, generation);
  std::vector<GroupRequest> requests = Requests();
  const std::vector<size_t> expected = {2, 0, 3, 5, 1};  // 0: the most that may come, 6
  for (size_t g = 0; g < requests.size(); ++g) requests[g].expected_tokens = expected[g];
  Engine engine(policy_.get(), tokenizer_.get(), {.max_num_seqs = 1});
  std::vector<size_t> finished;
  const auto got =
      engine.Generate(requests, generation, PolicyVersion(4), [&](size_t group, const Trajectory&) {
        if (finished.empty() || finished.back() != group) {
          finished.push_back(group);
        }
      });
  EXPECT_EQ(finished, (std::vector<size_t>{1, 3, 2, 0, 4}));
  ExpectEqual(want, *got, "by expected length");
}

// The behaviour log-prob of rollout is the learner's, bit for bit.
TEST_F(EngineTest, LogProbsEqualTheTrainingPass) {
  for (const double temperature : {1.0, 0.7}) {
    UsePolicy(2, device::Arithmetic::kBf16Tile);
    const GenerationOptions generation{.sampling = {.temperature = temperature}, .max_tokens = 16};
    const std::vector<GroupRequest> requests = Requests();
    const Results results = Generate({}, generation);
    for (size_t g = 0; g < results.size(); ++g) {
      for (const Trajectory& trajectory : results[g]) {
        std::vector<int32_t> tokens = requests[g].prompt;
        tokens.insert(tokens.end(), trajectory.tokens.begin(), trajectory.tokens.end());
        std::vector<uint8_t> mask(tokens.size(), 0);
        std::fill(mask.begin() + static_cast<ptrdiff_t>(requests[g].prompt.size()), mask.end(), 1);
        const model::TrainSequence sequence{.tokens = tokens, .mask = mask};
        model::HeadValues<float> values;
        policy_->LogProbs({&sequence, 1}, temperature, &values);
        EXPECT_EQ(values.log_prob, trajectory.full_log_probs);
        EXPECT_EQ(trajectory.log_probs, trajectory.full_log_probs);
      }
    }
  }
}

TEST_F(EngineTest, StopsAtStringsAtTheEndTokenAndAtTheLimit) {
  UsePolicy(1, device::Arithmetic::kF32);
  const Results free = Generate({}, {.max_tokens = 30, .ignore_eos = true});
  const Trajectory& first = free[1][0];
  ASSERT_EQ(first.tokens.size(), 30u);
  EXPECT_EQ(first.finish, FinishReason::kLength);
  // Stop at a piece of text that the first response is known to hold.
  const std::string text = tokenizer_->Decode(std::span(first.tokens).subspan(5, 1));
  const Results stopped = Generate({}, {.max_tokens = 30, .ignore_eos = true, .stop = {text}});
  EXPECT_EQ(stopped[1][0].finish, FinishReason::kStop);
  EXPECT_LE(stopped[1][0].tokens.size(), 6u);
  EXPECT_FALSE(stopped[1][0].ended_by_eos);
  const Results ended = Generate({}, {.max_tokens = 180, .min_tokens = 4});
  bool any = false;
  for (const auto& group : ended) {
    for (const Trajectory& trajectory : group) {
      any = any || trajectory.ended_by_eos;
      if (!trajectory.ended_by_eos) continue;
      EXPECT_GE(trajectory.tokens.size(), 5u);
      EXPECT_EQ(trajectory.tokens.back(), 0);
      EXPECT_EQ(trajectory.finish, FinishReason::kStop);
    }
  }
  EXPECT_TRUE(any);
}

TEST_F(EngineTest, RefusesWhatCannotFit) {
  UsePolicy(1, device::Arithmetic::kF32);
  Engine engine(policy_.get(), nullptr, {});
  const Status positions = engine.Generate(Requests(), {.max_tokens = 1000}, {}).status();
  EXPECT_EQ(positions.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(positions.message(), "prompt and response must fit the model's 256 positions: 1070");
  Engine small(policy_.get(), nullptr, {.kv_cache_bytes = 4096});
  EXPECT_NE(small.Generate(Requests(), {.max_tokens = 8}, {})
                .status()
                .message()
                .find("rollout.kv_cache_bytes must hold one sequence of 78 tokens"),
            std::string::npos);
}

}  // namespace
}  // namespace winnow::rollout
