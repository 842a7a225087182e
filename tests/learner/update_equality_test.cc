// T3, T4, T5, T7 on a real network: micro-batches, packing, threads and head chunks change no bit;
// nor do trajectories that are not trained on, nor a checkpoint and a resume.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "gtest/gtest.h"
#include "learner/checkpoint.h"
#include "learner/update.h"
#include "tests/learner/bigram_policy.h"
#include "tests/learner/train_groups.h"
#include "tests/model/tiny_model.h"

namespace winnow::learner {
namespace {

constexpr size_t kVocabulary = 37;
constexpr double kTemperature = 0.8;

LearnerOptions BaseOptions() {
  LearnerOptions options;
  options.optim.lr = 1e-2;
  options.train.temperature = kTemperature;
  options.ppo_mini_batch_size = 2;
  options.objective.entropy_coeff = 0.01;
  return options;
}

// Everything that a step decides: weights, gradient of its last update, metrics without times.
struct Outcome {
  std::vector<float> weights, gradient;
  MetricMap metrics;
};
bool operator==(const Outcome& a, const Outcome& b) {
  return a.weights == b.weights && a.gradient == b.gradient && a.metrics == b.metrics;
}

Outcome RunSteps(const LearnerOptions& options, const std::vector<TrainGroup>& groups, int threads,
                 device::Arithmetic arithmetic = device::Arithmetic::kF32) {
  ThreadPool pool(threads);
  const auto ops = device::MakeCpuOps(arithmetic, &pool).value();
  const auto policy = model::MakeTiny<float>({}, {}, ops.get());
  auto learner = Learner<float>::Create(options, policy.get(), nullptr).value();
  Outcome outcome;
  std::vector<TrainGroup> stored = groups;
  StoreLogProbs<float>(policy.get(), kTemperature, &stored);
  for (size_t g = 0; g < groups.size(); ++g) {  // what a test wrote at m = 0 stays there
    for (size_t i = 0; i < groups[g].trajectories.size(); ++i) {
      for (size_t t = 0; t < groups[g].trajectories[i].sampled.size(); ++t) {
        const float given = groups[g].trajectories[i].stored_logp[t];
        if (std::isnan(given)) stored[g].trajectories[i].stored_logp[t] = given;
      }
    }
  }
  const auto report = learner->Step(stored, {.seed = 1, .version = PolicyVersion(0)});
  EXPECT_TRUE(report.ok()) << report.status().ToString();
  if (!report.ok()) return outcome;
  EXPECT_EQ(report->max_logp_mismatch, 0.0);
  outcome.metrics = report->metrics;
  std::erase_if(outcome.metrics, [](const auto& entry) {
    return entry.first.starts_with("perf/") || entry.first.starts_with("time/");
  });
  outcome.weights.assign(policy->trainable().begin(), policy->trainable().end());
  outcome.gradient.assign(policy->Gradient().begin(), policy->Gradient().end());
  return outcome;
}

TEST(LearnerEqualityTest, MicroBatchesBudgetsThreadsAndHeadChunksChangeNoBit) {
  const std::vector<TrainGroup> groups = MakeGroups(4, 4, kVocabulary);
  const LearnerOptions base = BaseOptions();
  const Outcome whole = RunSteps(base, groups, 1);
  for (size_t sequences : {1u, 3u}) {
    LearnerOptions options = base;
    options.packing.ppo_micro_batch_size_per_gpu = sequences;
    EXPECT_TRUE(RunSteps(options, groups, 1) == whole) << sequences << " sequences";
  }
  for (size_t tokens : {18u, 40u}) {
    LearnerOptions options = base;
    options.packing.ppo_max_token_len_per_gpu = tokens;
    EXPECT_TRUE(RunSteps(options, groups, 1) == whole) << tokens << " tokens";
  }
  for (int threads : {2, 5}) EXPECT_TRUE(RunSteps(base, groups, threads) == whole) << threads;
  for (size_t chunk : {256u, 4096u}) {
    LearnerOptions options = base;
    options.train.head_chunk_tokens = chunk;
    EXPECT_TRUE(RunSteps(options, groups, 1) == whole) << chunk << " tokens a chunk";
  }
  for (model::Recompute recompute : {model::Recompute::kSelective, model::Recompute::kFull}) {
    LearnerOptions options = base;
    options.train.recompute = recompute;
    EXPECT_TRUE(RunSteps(options, groups, 1) == whole);
  }
}

// Per tensor, by the largest norm (T3).
void ExpectGradientsClose(const Outcome& got, const Outcome& want, const std::string& what) {
  ThreadPool pool(1);
  const auto ops = device::MakeCpuOps(device::Arithmetic::kF32, &pool).value();
  const auto policy = model::MakeTiny<float>({}, {}, ops.get());
  for (const model::Parameter& p : policy->trainable_layout().parameters()) {
    double largest = 0, difference = 0;
    for (size_t i = p.offset; i < p.offset + p.size; ++i) {
      const auto a = static_cast<double>(got.gradient[i]);
      const auto b = static_cast<double>(want.gradient[i]);
      largest = std::max(largest, std::abs(b));
      difference = std::max(difference, std::abs(a - b));
    }
    EXPECT_LE(difference, 1e-6 * largest) << what << ": " << p.name;
  }
  EXPECT_EQ(got.metrics.at("update/pg_loss"), want.metrics.at("update/pg_loss")) << what;
  EXPECT_EQ(got.metrics.at("update/entropy"), want.metrics.at("update/entropy")) << what;
}

TEST(LearnerEqualityTest, SharedPromptsAndStreamingLeaveValuesAloneAndGradientsClose) {
  std::vector<TrainGroup> groups;
  for (uint32_t g = 0; g < 3; ++g) {
    groups.push_back({.prompt = PromptId(100 + g), .step = 1});
    for (uint32_t i = 0; i < 4; ++i) {
      groups[g].trajectories.push_back(
          MakeTrajectory(g, i, /*prompt_length=*/40 + 30 * g, 3 + 21 * i + 5 * g, kVocabulary));
    }
  }
  LearnerOptions base = BaseOptions();
  base.ppo_mini_batch_size = 0;
  const Outcome plain = RunSteps(base, groups, 1);
  LearnerOptions options = base;
  options.packing.share_prompt = true;
  const Outcome shared = RunSteps(options, groups, 1);
  ExpectGradientsClose(shared, plain, "share_prompt");
  EXPECT_TRUE(RunSteps(options, groups, 2) == shared) << "threads";
  for (size_t tokens : {185u, 330u}) {
    options.packing.ppo_max_token_len_per_gpu = tokens;
    ExpectGradientsClose(RunSteps(options, groups, 1), plain, "share_prompt, small budget");
  }
  for (size_t chunk : {64u, 128u, 192u}) {
    options = base;
    options.train.stream_backward_chunk = chunk;
    ExpectGradientsClose(RunSteps(options, groups, 2), plain, "streamed");
    options.packing.ppo_max_token_len_per_gpu = 90;  // long trajectories run alone
    options.packing.allow_longer = true;
    ExpectGradientsClose(RunSteps(options, groups, 1), plain, "streamed, long trajectories");
    options.packing.share_prompt = true;
    ExpectGradientsClose(RunSteps(options, groups, 1), plain, "streamed and shared");
  }
}

// Their statistics over sequences or the batch are known before the first backward pass, however
// that pass is cut.
TEST(LearnerEqualityTest, StatisticsOfSequencesAndBatchesGoWithStreaming) {
  std::vector<TrainGroup> groups = MakeGroups(2, 3, kVocabulary);
  for (TrainGroup& group : groups) {
    for (uint32_t i = 0; i < 3; ++i) {
      group.trajectories[i] = MakeTrajectory(i % 2, i, 30, 60 + 40 * i, kVocabulary);
    }
  }
  for (const char* mode : {"gspo", "clip_cov", "kl_cov"}) {
    LearnerOptions options = BaseOptions();
    options.policy_loss.loss_mode = mode;
    options.objective.loss_agg_mode = LossAggregation::kSeqMeanTokenMean;
    options.policy_loss.kl_cov_ratio = options.policy_loss.clip_cov_ratio = 0.1;
    options.policy_loss.clip_cov_lb = 0.001;
    options.ppo_mini_batch_size = 0;
    const Outcome plain = RunSteps(options, groups, 1);
    options.train.stream_backward_chunk = 64;
    ExpectGradientsClose(RunSteps(options, groups, 1), plain, mode);
  }
}

TEST(LearnerEqualityTest, SoItIsInEveryArithmetic) {
  const std::vector<TrainGroup> groups = MakeGroups(4, 4, kVocabulary);
  for (device::Arithmetic arithmetic :
       {device::Arithmetic::kBf16Tile, device::Arithmetic::kBf16Pair}) {
    LearnerOptions options = BaseOptions();
    const Outcome whole = RunSteps(options, groups, 1, arithmetic);
    options.packing.ppo_micro_batch_size_per_gpu = 1;
    EXPECT_TRUE(RunSteps(options, groups, 2, arithmetic) == whole)
        << device::ArithmeticName(arithmetic);
  }
}

TEST(LearnerEqualityTest, AdaptersAreTrainedAndTheirBaseStays) {
  ThreadPool pool(1);
  const auto ops = MakeOps<float>(&pool);
  const auto policy = model::MakeTiny<float>({}, {.lora = {.rank = 4}}, ops.get());
  const std::vector<float> base(policy->base_weights().begin(), policy->base_weights().end());
  const std::vector<float> adapters(policy->trainable().begin(), policy->trainable().end());
  EXPECT_EQ(policy->Gradient().size(), adapters.size()) << "a frozen tensor has no gradient";
  const auto reference = policy->WithoutAdapters();
  LearnerOptions options = BaseOptions();
  options.ppo_mini_batch_size = 0;
  options.objective.use_kl_loss = true;
  auto learner = Learner<float>::Create(options, policy.get(), reference.get()).value();
  std::vector<TrainGroup> groups = MakeGroups(4, 4, kVocabulary);
  StoreLogProbs<float>(policy.get(), kTemperature, &groups);
  const UpdateReport report = learner->Step(groups, {.seed = 1}).value();
  EXPECT_EQ(report.metrics.at("ratio/max"), 1.0);
  EXPECT_GT(*report.metrics.at("update/kl_loss"), 0.0) << "the reference is the bare base";
  EXPECT_TRUE(std::equal(base.begin(), base.end(), policy->base_weights().begin()));
  EXPECT_FALSE(std::equal(adapters.begin(), adapters.end(), policy->trainable().begin()));
}

TEST(LearnerEqualityTest, CovarianceSelectionDoesNotDependOnMicroBatches) {
  const std::vector<TrainGroup> groups = MakeGroups(4, 4, kVocabulary);
  for (const char* mode : {"clip_cov", "kl_cov"}) {
    LearnerOptions options = BaseOptions();
    options.policy_loss.loss_mode = mode;
    options.policy_loss.kl_cov_ratio = options.policy_loss.clip_cov_ratio = 0.1;
    options.policy_loss.clip_cov_lb = 0.01;
    const Outcome whole = RunSteps(options, groups, 1);
    EXPECT_GT(*whole.metrics.at("cov/selected_frac"), 0.0) << mode;
    options.packing.ppo_micro_batch_size_per_gpu = 1;
    EXPECT_TRUE(RunSteps(options, groups, 2) == whole) << mode;
  }
}

TEST(LearnerEqualityTest, OnPolicyEveryRatioIsExactlyOneAtAnyTemperature) {
  LearnerOptions options = BaseOptions();
  options.ppo_mini_batch_size = 0;
  const Outcome outcome = RunSteps(options, MakeGroups(3, 4, kVocabulary), 2);
  EXPECT_EQ(outcome.metrics.at("ratio/min"), 1.0);
  EXPECT_EQ(outcome.metrics.at("ratio/max"), 1.0);
  EXPECT_EQ(outcome.metrics.at("kl/old_k1"), 0.0);
  EXPECT_EQ(outcome.metrics.at("logp_diff/max"), 0.0);
}

TEST(LearnerEqualityTest, TrajectoriesThatAreNotTrainedOnLeaveTheBitsAlone) {
  const std::vector<TrainGroup> groups = MakeGroups(4, 4, kVocabulary);
  const Outcome plain = RunSteps(BaseOptions(), groups, 1);
  std::vector<TrainGroup> more = groups;
  TrainTrajectory unscored = MakeTrajectory(0, 9, 2, 30, kVocabulary);
  unscored.scored = false;
  unscored.reward = std::numeric_limits<float>::quiet_NaN();
  more[0].trajectories.insert(more[0].trajectories.begin(), unscored);
  more[2].trajectories.push_back(unscored);
  for (TrainGroup& group : more) {
    for (TrainTrajectory& trajectory : group.trajectories) {
      for (size_t t = 0; t < trajectory.sampled.size(); ++t) {
        if (!trajectory.sampled[t]) trajectory.stored_logp[t] = std::nanf("");
      }
    }
  }
  const Outcome with = RunSteps(BaseOptions(), more, 1);
  EXPECT_EQ(with.weights, plain.weights);
  EXPECT_EQ(with.gradient, plain.gradient);
  EXPECT_EQ(with.metrics.at("update/loss"), plain.metrics.at("update/loss"));
}

TEST(LearnerEqualityTest, DoublingTheBatchLeavesATokenMeanGradientAlone) {
  ThreadPool pool(1);
  const auto ops = MakeOps<double>(&pool);
  LearnerOptions options = BaseOptions();
  options.ppo_mini_batch_size = 0;
  options.stop_on_logp_mismatch = false;
  const std::vector<TrainGroup> groups = MakeGroups(2, 4, kVocabulary);
  std::vector<TrainGroup> twice = groups;
  for (TrainGroup group : groups) {
    group.occurrence = 1;
    twice.push_back(group);
  }
  const auto gradient = [&](const std::vector<TrainGroup>& batch) {
    const auto policy = model::MakeTiny<double>({}, {}, ops.get());
    auto learner = Learner<double>::Create(options, policy.get(), nullptr).value();
    EXPECT_TRUE(learner->Step(batch, {.version = PolicyVersion(0)}).ok());
    return std::vector<double>(policy->Gradient().begin(), policy->Gradient().end());
  };
  const std::vector<double> once = gradient(groups), doubled = gradient(twice);
  double largest = 0, difference = 0;
  for (size_t i = 0; i < once.size(); ++i) {
    largest = std::max(largest, std::abs(once[i]));
    difference = std::max(difference, std::abs(once[i] - doubled[i]));
  }
  EXPECT_GT(largest, 0.0);
  EXPECT_LE(difference, 1e-12 * largest);
}

// A policy with its learner, and the tensors that a checkpoint of it holds.
struct Trainee {
  explicit Trainee(device::Ops<float>* ops)
      : policy(model::MakeTiny<float>({}, {}, ops)),
        learner(Learner<float>::Create(BaseOptions(), policy.get(), nullptr).value()) {}

  void Train(int step, const std::vector<TrainGroup>& groups) {
    std::vector<TrainGroup> stored = groups;
    StoreLogProbs<float>(policy.get(), kTemperature, &stored);
    ASSERT_TRUE(learner->Step(stored, {.step = step, .seed = 1}).ok());
  }
  std::vector<CheckpointTensor> Tensors(std::span<float> values) {
    std::vector<CheckpointTensor> tensors;
    for (const model::Parameter& p : policy->trainable_layout().parameters()) {
      tensors.push_back({.name = p.name,
                         .shape = {p.shape.begin(), p.shape.end()},
                         .values = values.subspan(p.offset, p.size)});
    }
    return tensors;
  }

  std::unique_ptr<model::Policy<float>> policy;
  std::unique_ptr<Learner<float>> learner;
};

TEST(LearnerEqualityTest, ACheckpointAndAResumeContinueBitForBit) {
  ThreadPool pool(2);
  const auto ops = MakeOps<float>(&pool);
  const std::vector<TrainGroup> groups = MakeGroups(4, 4, kVocabulary);
  const model::TemporaryFolder folder;
  Trainee straight(ops.get());
  for (int step = 0; step < 4; ++step) {
    straight.Train(step, groups);
    if (step != 1) continue;
    TrainingCheckpointWriter writer(folder.path(), {});
    ASSERT_TRUE(writer
                    .Write({.manifest = {.step = 2},
                            .parameters = straight.Tensors(straight.policy->trainable()),
                            .first_moment = straight.Tensors(straight.learner->first_moment()),
                            .second_moment = straight.Tensors(straight.learner->second_moment()),
                            .state_json = straight.learner->StateJson()})
                    .ok());
  }
  Trainee resumed(ops.get());
  const std::optional<FoundCheckpoint> found = FindNewestCheckpoint(folder.path()).value();
  ASSERT_TRUE(found.has_value());
  ASSERT_TRUE(ReadCheckpointParameters(*found, resumed.Tensors(resumed.policy->trainable())).ok());
  ASSERT_TRUE(ReadCheckpointMoments(*found, resumed.Tensors(resumed.learner->first_moment()),
                                    resumed.Tensors(resumed.learner->second_moment()))
                  .ok());
  ASSERT_TRUE(resumed.learner->LoadStateJson(ReadCheckpointState(*found).value()).ok());
  resumed.policy->WeightsChanged();
  for (int step = 2; step < 4; ++step) resumed.Train(step, groups);
  EXPECT_EQ(resumed.policy->WeightsDigest(), straight.policy->WeightsDigest());
}

}  // namespace
}  // namespace winnow::learner
