// Each check over several keys: a file that passes and a file whose message is compared to the
// letter. The number is that of config.md §2.
#include "cli/config/checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/config/job_file.h"

namespace winnow::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// What follows kBasis, whose four lines come first; "REPLACE" as first line drops kBasis.
std::string Whole(const std::string& rest) {
  const std::string kReplace = "REPLACE\n";
  return rest.starts_with(kReplace) ? rest.substr(kReplace.size()) : kBasis + rest;
}

constexpr char kModel[] = "REPLACE\nmodel: {path: m}\ndata: {train_files: [t]}\n";

struct Check {
  int number;
  std::string good;
  std::string bad;
  std::string message;
};

const Check kChecks[] = {
    {1, "learner: {ppo_mini_batch_size: 16}\n", "learner: {ppo_mini_batch_size: 48}\n",
     "job.yaml:5: learner.ppo_mini_batch_size must divide data.train_batch_size (default): 48, 64"},
    {1, std::string(kModel) + "reward: {verifier: exact}\ntrainer: {total_epochs: 1}\n",
     "REPLACE\nmodel: {path: m}\nreward: {verifier: exact}\ntrainer: {total_epochs: 1}\n"
     "data:\n  train_files: [t]\n  train_batch_size: 96\nlearner:\n  ppo_mini_batch_size: 64\n",
     "job.yaml:6: data.train_batch_size must be a multiple of learner.ppo_mini_batch_size "
     "(job.yaml:8): 96, 64"},
    {2, "learner: {ppo_max_token_len_per_gpu: 1024}\n",
     "learner: {ppo_max_token_len_per_gpu: 1023}\n",
     "job.yaml:5: learner.ppo_max_token_len_per_gpu must be at least data.max_prompt_length + "
     "data.max_response_length (default): 1023, 1024"},
    {4, "rollout: {n: 2}\n", "rollout: {n: 1}\n",
     "job.yaml:5: rollout.n must be at least 2 with filter.type greso (default), a group of one "
     "has no variance: 1"},
    {4, "rollout: {n: 1}\nfilter: {type: none}\nalgorithm: {adv_estimator: reinforce_plus_plus}\n",
     "rollout: {n: 1}\nfilter: {type: none}\nalgorithm: {adv_estimator: rloo}\n",
     "job.yaml:5: rollout.n must be at least 2 with algorithm.adv_estimator rloo (job.yaml:7): 1"},
    {5, "learner: {policy_loss: {loss_mode: gspo}, loss_agg_mode: seq-mean-token-mean}\n",
     "learner: {policy_loss: {loss_mode: gspo}, loss_agg_mode: token-mean}\n",
     "job.yaml:5: learner.loss_agg_mode must be seq-mean-token-mean with "
     "learner.policy_loss.loss_mode gspo (job.yaml:5): \"token-mean\""},
    {6, "learner: {loss_agg_mode: seq-mean-token-sum-norm, loss_scale_factor: 100}\n",
     "learner: {loss_scale_factor: 100}\n",
     "job.yaml:5: learner.loss_scale_factor is read by seq-mean-token-sum-norm only: 100"},
    {6, "learner: {policy_loss: {loss_mode: clip_cov, clip_cov_lb: 0}}\n",
     "learner: {policy_loss: {clip_cov_lb: 0}}\n",
     "job.yaml:5: learner.policy_loss.clip_cov_lb is read by clip_cov only: 0"},
    {6, "learner: {policy_loss: {loss_mode: kl_cov, ppo_kl_coef: 1}}\n",
     "learner: {policy_loss: {ppo_kl_coef: 1}}\n",
     "job.yaml:5: learner.policy_loss.ppo_kl_coef is read by kl_cov only: 1"},
    {6, "filter: {type: random_skip, skip_rate: 0.3}\n", "filter: {skip_rate: 0.3}\n",
     "job.yaml:5: filter.skip_rate is read by random_skip only: 0.3"},
    {7, "learner: {clip_ratio_c: 1.3}\n", "learner: {clip_ratio_c: 1.2}\n",
     "job.yaml:5: learner.clip_ratio_c must exceed 1 + learner.clip_ratio_high (default): 1.2, "
     "0.2"},
    {7, "learner: {clip_ratio_high: 2.5, clip_ratio_c: null}\n",
     "learner: {clip_ratio_high: 2.5}\n",
     "job.yaml:5: learner.clip_ratio_c must exceed 1 + learner.clip_ratio_high (job.yaml:5): 3.0, "
     "2.5"},
    {7, "learner: {policy_loss: {loss_mode: cispo}, clip_ratio_low: 1}\n",
     "learner: {clip_ratio_low: 1}\n",
     "job.yaml:5: learner.clip_ratio_low must be below 1 but with cispo: 1"},
    {8, "learner: {use_kl_loss: true}\n",
     "learner: {use_kl_loss: true}\nalgorithm: {use_kl_in_reward: true}\n",
     "job.yaml:5: learner.use_kl_loss must not be on together with algorithm.use_kl_in_reward "
     "(job.yaml:6): true, true"},
    {8, "learner: {use_kl_loss: true, kl_loss_coef: 0.01}\n", "learner: {kl_loss_coef: 0.01}\n",
     "job.yaml:5: learner.kl_loss_coef is read by learner.use_kl_loss: true only: 0.01"},
    {8, "algorithm: {use_kl_in_reward: true, kl_penalty: k2}\n", "algorithm: {kl_penalty: k2}\n",
     "job.yaml:5: algorithm.kl_penalty is read by algorithm.use_kl_in_reward: true only: \"k2\""},
    {9, "run: {mode: sync}\n", "algorithm: {rollout_correction: {rollout_is: token}}\n",
     "job.yaml:5: algorithm.rollout_correction.rollout_is is read by run.mode: async only: "
     "\"token\""},
    {11, "reward_kwargs: {}\n", std::string(kModel) + "trainer: {total_epochs: 1}\n",
     "job.yaml:1: reward.verifier, custom_reward_function, url or command must be given"},
    {12, "reward_model: {overlong_buffer: {enable: true, len: 512}}\n",
     "reward_model: {overlong_buffer: {enable: true, len: 513}}\n",
     "job.yaml:5: reward.overlong_buffer.len must be at most data.max_response_length (default): "
     "513, 512"},
    {12, "reward_model: {overlong_buffer: {enable: false}}\n",
     "reward_model: {overlong_buffer: {enable: true}}\n",
     "job.yaml:3: reward.overlong_buffer.len must be given with reward.overlong_buffer.enable "
     "(job.yaml:5)"},
    {14, "learner: {optim: {lr_scheduler_type: cosine}}\n",
     std::string(kModel) + "reward: {verifier: exact}\ntrainer: {total_epochs: 1}\n"
                           "learner: {optim: {lr_scheduler_type: cosine}}\n",
     "job.yaml:4: trainer.total_training_steps must be given with learner.optim.lr_scheduler_type "
     "(job.yaml:5): \"cosine\""},
    {15, "model_name_or_path: m\n", "lora_target_modules: [q_proj]\n",
     "job.yaml:5: model.target_modules is read by model.lora_rank above 0 only: [q_proj]"},
    {16, "placement: {actors: 1}\n", "placement: {actors: 2}\n",
     "job.yaml:5: placement.actors must be 1 with placement.mode colocated (default): 2"},
    {18, "filter: {p_easy: 0.95}\n", "filter: {p_easy: 0.96}\n",
     "job.yaml:5: filter.p_easy must lie in [filter.p_min, filter.p_max] = [0.05, 0.95]: 0.96"},
    {18, "filter: {p_min: 0.4}\n", "filter: {p_min: 0.6, p_max: 0.55}\n",
     "job.yaml:5: filter.p_min must be at most filter.p_max (job.yaml:5): 0.6, 0.55"},
    {18, "filter: {gen_batch_min: 96}\n", "filter: {gen_batch_min: 97}\n",
     "job.yaml:5: filter.gen_batch_min must lie in [1, filter.gen_batch_max] = [1, 96]: 97"},
    {18, "filter: {mode: reference}\n", "filter: {mode: reference}\nrollout: {n: 4}\n",
     "job.yaml:6: rollout.n must be 8 with filter.mode (job.yaml:5): 4, \"reference\""},
    {18, "filter: {mode: reference, type: none}\n", "filter: {mode: reference, type: band}\n",
     "job.yaml:5: filter.type must be one of none, dynamic_sampling, greso with filter.mode "
     "reference (job.yaml:5): \"band\""},
    {18, "filter: {mode: reference, n_gpus: 4}\n", "filter: {n_gpus: 4}\n",
     "job.yaml:5: filter.n_gpus is read by filter.mode: reference only: 4"},
    {18, "filter: {type: random_skip, skip_rate: 0}\n", "filter: {type: random_skip}\n",
     "job.yaml:5: filter.skip_rate or filter.skip_rate_from must be given with random_skip"},
    {18, "filter: {type: random_skip, skip_rate_from: f}\n",
     "filter: {type: random_skip, skip_rate: 0.1,\n skip_rate_from: f}\n",
     "job.yaml:6: filter.skip_rate_from must not be given together with filter.skip_rate "
     "(job.yaml:5): keep one"},
    {18, "filter: {type: band, band_low: 0.1}\n", "filter: {type: band, band_low: 0.8}\n",
     "job.yaml:5: filter.band_low must be below filter.band_high (default): 0.8, 0.8"},
};

TEST(CheckConfigTest, PassesTheGoodFileAndSaysWhatIsWrongWithTheBad) {
  for (const Check& check : kChecks) {
    JobFile job;
    // What 11 and 15 compare with stands in kBasis already.
    if (check.number != 11 && check.number != 15) {
      EXPECT_TRUE(job.Load(Whole(check.good)))
          << check.number << ": " << check.good << job.messages[0];
    }
    EXPECT_FALSE(job.Load(Whole(check.bad))) << check.number << ": " << check.bad;
    EXPECT_THAT(job.Mistakes(), ElementsAre(check.message)) << check.number;
  }
}

// With keys that kBasis has no room for.
std::vector<std::string> MistakesOf(const std::string& text) {
  JobFile job;
  job.Load(text);
  return job.Mistakes();
}

const std::string kStart =  // three lines
    "model: {path: m}\ndata: {train_files: [t], val_files: []}\nreward: {verifier: exact}\n";

TEST(CheckConfigTest, ChecksTheTrainersKeys) {
  EXPECT_THAT(MistakesOf(kStart + "trainer: {total_epochs: 1, resume_mode: resume_path}\n"),
              ElementsAre("job.yaml:4: trainer.resume_from_path must be given with "
                          "trainer.resume_mode resume_path (job.yaml:4)"));
  EXPECT_THAT(MistakesOf(kStart + "trainer: {total_epochs: 1, resume_mode: resume_path, "
                                  "resume_from_path: x}\n"),
              IsEmpty());
  EXPECT_THAT(MistakesOf(kStart + "trainer: {total_epochs: 1, resume_from_path: x}\n"),
              ElementsAre("job.yaml:4: trainer.resume_from_path is read by trainer.resume_mode: "
                          "resume_path only: x"));
  EXPECT_THAT(MistakesOf(kStart + "trainer: {total_epochs: 1, test_freq: 5}\n"),
              ElementsAre("job.yaml:2: data.val_files must be given with trainer.test_freq "
                          "(job.yaml:4)"));
  EXPECT_THAT(MistakesOf(kStart + "trainer: {total_epochs: 1, val_before_train: true}\n"),
              ElementsAre("job.yaml:2: data.val_files must be given with trainer.val_before_train "
                          "(job.yaml:4)"));
  EXPECT_THAT(MistakesOf(kStart + "trainer: {max_off_policy_threshold: 2}\n"),
              ElementsAre("job.yaml:4: trainer.total_training_steps or trainer.total_epochs must "
                          "be given",
                          "job.yaml:4: trainer.max_off_policy_threshold must be 0 with run.mode "
                          "sync (default): 2"));
}

TEST(CheckConfigTest, ChecksAsyncModeBesideItsNotBeingBuilt) {
  const std::string async = "run: {mode: async}\n";  // line 5 after the trainer
  EXPECT_THAT(
      MistakesOf(kStart + "trainer: {total_epochs: 1, max_off_policy_threshold: 0}\n" + async),
      ElementsAre("job.yaml:4: trainer.max_off_policy_threshold must be positive with "
                  "run.mode async (job.yaml:5): 0",
                  "job.yaml:5: run.mode: async is not built yet"));
  EXPECT_THAT(
      MistakesOf(kStart + "trainer: {total_epochs: 1}\n" + async +
                 "placement: {actor_devices: 0-3, learner_devices: [3]}\n"),
      testing::Contains("job.yaml:6: placement.actor_devices must share no device in async mode "
                        "with placement.learner_devices (job.yaml:6): \"0-3\", [3]"));
}

TEST(CheckConfigTest, ChecksTheRewardsKeys) {
  const std::string start =
      "model: {path: m}\ndata: {train_files: [t]}\n"
      "trainer: {total_epochs: 1}\n";
  EXPECT_THAT(MistakesOf(start + "reward: {verifier: exact,\n url: 'http://x'}\n"),
              ElementsAre("job.yaml:5: reward.url: \"http://x\" is not built yet",
                          "job.yaml:5: reward.url must not be given together with "
                          "reward.verifier (job.yaml:4): keep one"));
  EXPECT_THAT(MistakesOf(start + "reward: {verifier: exact, abs: 0.1}\n"),
              ElementsAre("job.yaml:4: reward.abs is read by numeric only: 0.1"));
  EXPECT_THAT(MistakesOf(start + "reward: {verifier: numeric, abs: 0.1, rel: 0}\n"), IsEmpty());
  EXPECT_THAT(MistakesOf(start + "reward: {verifier: compose, weights: {numeric: 1}, abs: 1}\n"),
              IsEmpty());
  EXPECT_THAT(MistakesOf(start + "reward: {verifier: exact, partial: true}\n"),
              ElementsAre("job.yaml:4: reward.partial is read by json and code only: true"));
  EXPECT_THAT(MistakesOf(start + "reward: {verifier: exact, min: 1, max: 1}\n"),
              ElementsAre("job.yaml:4: reward.min must be below reward.max (job.yaml:4): 1, 1"));
  EXPECT_THAT(MistakesOf(start + "reward: {custom_reward_function: {path: f.py}}\n"),
              testing::Contains("job.yaml:4: reward.custom_reward_function.name must be given with "
                                "reward.custom_reward_function.path"));
}

TEST(CheckConfigTest, ChecksTheRangeOfRewardsIfTheFileGivesIt) {
  const std::string start =
      "model: {path: m}\ndata: {train_files: [t]}\n"
      "trainer: {total_epochs: 1}\nreward: {verifier: exact, min: 0, max: 1}\n";
  EXPECT_THAT(MistakesOf(start), IsEmpty());
  EXPECT_THAT(MistakesOf(start + "filter: {midpoint: 1}\n"),
              ElementsAre("job.yaml:5: filter.midpoint must lie inside [reward.min, reward.max] = "
                          "[0.0, 1.0]: 1"));
  EXPECT_THAT(MistakesOf(start + "filter: {tolerance: 1}\n"),
              ElementsAre("job.yaml:5: filter.tolerance must be below the width of [reward.min, "
                          "reward.max] = [0.0, 1.0]: 1"));
  EXPECT_THAT(MistakesOf(start + "filter: {type: band, band_high: 1.5}\n"),
              ElementsAre("job.yaml:5: filter.band_high must lie in [reward.min, reward.max] = "
                          "[0.0, 1.0]: 1.5"));
}

TEST(CheckRewardRangeTest, ChecksTheRangeThatTheCallerDerives) {
  JobFile job;
  ASSERT_TRUE(job.Load(std::string(kBasis) + "filter: {midpoint: 3}\n"));
  const Config config = job.config.WithDerived("reward.min", "0", "the verifier's range")
                            .WithDerived("reward.max", "1", "the verifier's range");
  EXPECT_THAT(CheckRewardRange(config),
              ElementsAre("job.yaml:5: filter.midpoint must lie inside [reward.min, reward.max] = "
                          "[0.0, 1.0]: 3"));
  ASSERT_TRUE(job.Load(kBasis));
  const Config other = job.config.WithDerived("reward.min", "0", "the verifier's range")
                           .WithDerived("reward.max", "1", "the verifier's range");
  EXPECT_THAT(CheckRewardRange(other), IsEmpty());
  EXPECT_EQ(other.Number("filter.midpoint"), 0.5);
  EXPECT_EQ(other.Origin("reward.max"), "derived from the verifier's range");
}

TEST(CheckConfigTest, WarnsAndGoesOn) {
  JobFile job;
  ASSERT_TRUE(job.Load(std::string(kBasis) + "rollout: {top_p: 0.9, top_k: 5}\n"
                                             "learner: {use_kl_loss: true, kl_loss_type: k1}\n"
                                             "filter: {floor: 0, gen_batch_max: 32}\n"));
  EXPECT_THAT(
      job.notices,
      ElementsAre("job.yaml:6: learner.kl_loss_type k1 has an expected gradient of zero: it only "
                  "adds noise",
                  "job.yaml:5: rollout.top_p 0.9 in training cuts off a tail that the log-probs "
                  "then miss",
                  "job.yaml:5: rollout.top_k 5 in training cuts off a tail that the log-probs then "
                  "miss",
                  "job.yaml:7: filter.floor 0: a prompt with a long streak may never be generated "
                  "again",
                  "job.yaml:7: filter.gen_batch_max is below data.train_batch_size (default), so "
                  "every step takes several waves: 32, 64"));
}

TEST(CheckConfigTest, ChecksThatBranchesFit) {
  EXPECT_THAT(MistakesOf(kStart + "trainer: {total_epochs: 1}\n"
                                  "rollout: {parallel: {enabled: true}, max_num_seqs: 4}\n"),
              ElementsAre("job.yaml:5: rollout.parallel.enabled: true is not built yet",
                          "job.yaml:5: rollout.max_num_seqs must be at least "
                          "rollout.parallel.max_paths (default): 4, 8"));
}

TEST(CheckFactsTest, UseWhatOnlyTheCallerKnows) {
  JobFile job;
  ASSERT_TRUE(job.Load(std::string(kBasis) + "model_name_or_path: x\n", Purpose::kShow) == false);
  ASSERT_TRUE(job.Load(kBasis));
  EXPECT_EQ(CheckPositions(job.config, 1024), "");
  EXPECT_EQ(CheckPositions(job.config, 1000),
            "job.yaml:2: data.max_response_length + data.max_prompt_length (default) must be at "
            "most the model's positions: 512 + 512, 1000");
  const Config bf16 = job.config.WithDerived("model.dtype", "bf16_tile", "this hardware");
  EXPECT_EQ(CheckNativeBf16(bf16, true), "");
  EXPECT_EQ(CheckNativeBf16(bf16, false),
            "job.yaml:1: model.dtype bf16_tile is not native on this machine: the same bits, "
            "slower");
  EXPECT_EQ(CheckMetric(job.config, {}), "");
  ASSERT_TRUE(job.Load(std::string(kBasis) + "filter: {metric: acc}\n"));
  EXPECT_EQ(CheckMetric(job.config, {"acc"}), "");
  EXPECT_EQ(CheckMetric(job.config, {"answered", "x"}),
            "job.yaml:5: filter.metric must be one of reward, answered, x, which the verifier "
            "emits: \"acc\"");
  EXPECT_EQ(CheckMemory(23.0, 23.0, {}), "");
  EXPECT_EQ(CheckMemory(
                38.2, 23.0,
                {{"optimizer", 17.2}, {"activations", 12.4}, {"gradient", 5.7}, {"weights", 2.9}}),
            "memory needs 38.2 GiB of 23.0 GiB on each learner rank: optimizer 17.2, activations "
            "12.4, gradient 5.7, weights 2.9; lower learner.ppo_max_token_len_per_gpu or set "
            "learner.recompute: full");
}

TEST(CheckConfigTest, NeedsAKeyFileWhereNobodyMakesOne) {
  const std::string text = kStart +
                           "trainer: {total_epochs: 1}\n"
                           "placement: {mode: cluster, launcher: kubernetes}\n";
  JobFile job;
  job.Load(text);
  EXPECT_THAT(job.messages, testing::Contains("job.yaml:5: placement.mode cluster needs "
                                              "WINNOW_KEY_FILE with placement.launcher kubernetes "
                                              "(job.yaml:5)"));
  job.environment["WINNOW_KEY_FILE"] = "/k";
  job.Load(text);
  EXPECT_THAT(job.Mistakes(), ElementsAre("job.yaml:5: placement.mode: cluster is not built yet",
                                          "job.yaml:5: placement.launcher: kubernetes is not built "
                                          "yet"));
}

TEST(CheckBuiltTest, NamesEachValueWhoseFeatureIsMissing) {
  const std::pair<const char*, const char*> kMissing[] = {
      {"run.device=cuda", "run.device: cuda"},
      {"rollout.speculation.sources=[suffix]", "rollout.speculation.sources: [suffix]"},
      {"rollout.speculation.verification=block", "rollout.speculation.verification: block"},
      {"rollout.parallel.enabled=true", "rollout.parallel.enabled: true"},
      {"rollout.allocate=dars", "rollout.allocate: dars"},
      {"reward.verifier=./x.so", "reward.verifier: \"./x.so\""},
      {"reward.sandbox.unsafe=true", "reward.sandbox.unsafe: true"},
      {"learner.clip_exempt_tags=true", "learner.clip_exempt_tags: true"},
      {"learner.optim.name=galore", "learner.optim.name: galore"},
      {"algorithm.parallel_bonus.coef=0.1", "algorithm.parallel_bonus.coef: 0.1"},
      {"placement.mode=local", "placement.mode: local"},
      {"placement.nnodes=2", "placement.nnodes: 2"},
      {"placement.weight_channel=pull", "placement.weight_channel: pull"},
      {"metrics.logger=[prometheus]", "metrics.logger: [prometheus]"},
      {"metrics.web_port=8080", "metrics.web_port: 8080"},
      {"metrics.prometheus_port=9090", "metrics.prometheus_port: 9090"},
  };
  for (const auto& [set, text] : kMissing) {
    JobFile job;
    job.sets = {set};
    EXPECT_FALSE(job.Load(kBasis)) << set;
    EXPECT_THAT(job.Mistakes(), ElementsAre(std::string("--set: ") + text + " is not built yet"));
  }
}

}  // namespace
}  // namespace winnow::cli
