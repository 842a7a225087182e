#include "learner/sft.h"

#include <array>
#include <cmath>
#include <limits>

#include "gtest/gtest.h"
#include "tests/learner/bigram_policy.h"
#include "tests/model/tiny_model.h"

namespace winnow::learner {
namespace {

constexpr size_t kVocabulary = 6;
constexpr double kRate = 1.0;

// Eight rows whose next token follows from the one before: t -> (2t + 1) mod 6.
std::vector<SupervisedRow> MakeRows() {
  std::vector<SupervisedRow> rows;
  for (int32_t i = 0; i < 8; ++i) {
    SupervisedRow row = {.tokens = {i % 6}, .mask = {0}};
    for (int t = 0; t < 2 + i % 4; ++t) {
      row.tokens.push_back((2 * row.tokens.back() + 1) % 6);
      row.mask.push_back(1);
    }
    rows.push_back(row);
  }
  return rows;
}

// T9: the same in float64, written without the library.
class ReferenceTable {
 public:
  std::array<double, kVocabulary*(kVocabulary + 1)> parameters{};  // b, W
  double Update(const std::vector<SupervisedRow>& rows) {
    std::array<double, kVocabulary*(kVocabulary + 1)> gradient{};
    double loss = 0, count = 0;
    for (const SupervisedRow& row : rows) count += static_cast<double>(row.tokens.size() - 1);
    for (const SupervisedRow& row : rows) {
      for (size_t t = 1; t < row.tokens.size(); ++t) {
        const size_t previous = static_cast<size_t>(row.tokens[t - 1]);
        const size_t token = static_cast<size_t>(row.tokens[t]);
        std::array<double, kVocabulary> p{};
        double sum = 0;
        for (size_t v = 0; v < kVocabulary; ++v) {
          p[v] = std::exp(parameters[v] + parameters[kVocabulary * (1 + previous) + v]);
          sum += p[v];
        }
        loss -= std::log(p[token] / sum) / count;
        for (size_t v = 0; v < kVocabulary; ++v) {
          const double dz = (p[v] / sum - (v == token ? 1 : 0)) / count;
          gradient[v] += dz;
          gradient[kVocabulary * (1 + previous) + v] += dz;
        }
      }
    }
    ++k_;
    for (size_t i = 0; i < parameters.size(); ++i) {
      if (i >= kVocabulary) parameters[i] *= 1 - kRate * 0.01;
      m_[i] = 0.9 * m_[i] + 0.1 * gradient[i];
      v_[i] = 0.999 * v_[i] + 0.001 * gradient[i] * gradient[i];
      parameters[i] -= kRate * (m_[i] / (1 - std::pow(0.9, k_))) /
                       (std::sqrt(v_[i] / (1 - std::pow(0.999, k_))) + 1e-8);
    }
    return loss;
  }

 private:
  double k_ = 0;
  std::array<double, kVocabulary*(kVocabulary + 1)> m_{}, v_{};
};

TEST(SupervisedLearnerTest, TwentyStepsOnEightRowsEqualAFloat64Reimplementation) {
  ThreadPool pool(1);
  const auto ops = MakeOps<float>(&pool);
  BigramPolicy<float> policy(kVocabulary, ops.get());
  auto learner =
      SupervisedLearner<float>::Create({.optim = {.lr = kRate, .clip_grad = std::nullopt}}, &policy)
          .value();
  ReferenceTable table;
  const std::vector<SupervisedRow> rows = MakeRows();
  double loss = 0;
  for (int64_t step = 0; step < 20; ++step) {
    const double want = table.Update(rows);
    const SupervisedReport report = learner->Step(rows, step).value();
    loss = report.loss;
    EXPECT_NEAR(loss, want, 1e-5 * want + 1e-9) << "step " << step;
    EXPECT_NEAR(*report.metrics.at("sft/perplexity"), std::exp(loss), 1e-12);
    for (size_t i = 0; i < table.parameters.size(); ++i) {
      ASSERT_NEAR(policy.trainable()[i], table.parameters[i],
                  1e-5 * std::max(1.0, std::abs(table.parameters[i])))
          << "step " << step << " parameter " << i;
    }
  }
  EXPECT_LT(loss, 0.01);
}

TEST(SupervisedLearnerTest, PackingChangesNoBitOnARealNetwork) {
  ThreadPool pool(2);
  const auto ops = MakeOps<float>(&pool);
  const auto train = [&](PackingLimits packing) {
    const auto policy = model::MakeTiny<float>({}, {}, ops.get());
    auto learner =
        SupervisedLearner<float>::Create({.packing = packing, .optim = {.lr = 1e-2}}, policy.get())
            .value();
    double first = 0, last = 0;
    for (int64_t step = 0; step < 8; ++step) {
      last = learner->Step(MakeRows(), step).value().loss;
      if (step == 0) first = last;
    }
    EXPECT_LT(last, 0.7 * first);
    return policy->WeightsDigest();
  };
  const Digest whole = train({});
  EXPECT_EQ(train({.ppo_micro_batch_size_per_gpu = 1}), whole);
  EXPECT_EQ(train({.ppo_max_token_len_per_gpu = 11}), whole);
}

TEST(SupervisedLearnerTest, RowsWithoutTrainedTokensAreNotStepped) {
  ThreadPool pool(1);
  const auto ops = MakeOps<float>(&pool);
  BigramPolicy<float> policy(kVocabulary, ops.get());
  auto learner = SupervisedLearner<float>::Create({}, &policy).value();
  const std::vector<SupervisedRow> rows = {{.tokens = {1, 2}, .mask = {0, 0}}};
  const SupervisedReport report = learner->Step(rows, 0).value();
  EXPECT_FALSE(report.applied);
  EXPECT_FALSE(report.metrics.at("sft/loss").has_value());
  EXPECT_EQ(policy.num_weight_changes, 0u);
  const std::vector<SupervisedRow> bad = {{.tokens = {1, 2}, .mask = {1, 1}}};
  EXPECT_EQ(learner->Step(bad, 0).status().code(), StatusCode::kInvalidArgument);
}

TEST(SupervisedLearnerTest, ALossThatIsNotFiniteIsSkippedAndStateIsKept) {
  ThreadPool pool(1);
  const auto ops = MakeOps<float>(&pool);
  BigramPolicy<float> policy(kVocabulary, ops.get());
  auto learner = SupervisedLearner<float>::Create({}, &policy).value();
  policy.corrupt_values = [](model::HeadValues<float>* values) {
    values->log_prob[2] = -std::numeric_limits<float>::infinity();
  };
  const std::vector<SupervisedRow> rows = MakeRows();
  EXPECT_FALSE(learner->Step(rows, 0).value().applied);
  EXPECT_FALSE(learner->Step(rows, 1).value().applied);
  auto resumed = SupervisedLearner<float>::Create({}, &policy).value();
  ASSERT_TRUE(resumed->LoadStateJson(learner->StateJson()).ok());
  EXPECT_EQ(resumed->Step(rows, 2).status().code(), StatusCode::kInternal);
}

}  // namespace
}  // namespace winnow::learner
