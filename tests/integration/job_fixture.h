#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/file.h"
#include "model/policy.h"
#include "tests/support/program.h"
#include "tests/support/tiny_model.h"

namespace winnow::testing_support {

// A folder with a tiny model of random weights, data whose rewards have a spread (a response is
// right if it holds a letter), and a job that trains on them.
class JobFixture : public testing::Test {
 protected:
  explicit JobFixture(const std::string& name) : folder_(FreshFolder(name)) {
    const std::string bare = folder_ + "/bare";
    WriteTinyModel(bare);
    ThreadPool pool(1);
    const auto ops = device::MakeCpuOps(device::Arithmetic::kF32, &pool).value();
    const auto policy =
        model::InitializePolicy<float>(bare, {.trainable = false}, 3, ops.get()).value();
    EXPECT_TRUE(policy->Export(bare, folder_ + "/model", model::ExportKind::kMerged).ok());
    WriteRows("train.jsonl", 24);
    WriteRows("val.jsonl", 6);
    WriteJob(kJob);
  }

  static constexpr const char* kJob = R"(run: {name: tiny, device: cpu, seed: 7}
model: {path: ${DIR}/model, dtype: f32}
data:
  train_files: [${DIR}/train.jsonl]
  val_files: [${DIR}/val.jsonl]
  train_batch_size: 3
  max_prompt_length: 16
  max_response_length: 6
rollout: {n: 4}
filter: {type: greso}
reward: {verifier: regex, pattern: "[a-m]"}
learner: {optim: {lr: 1e-3}}
trainer: {total_training_steps: 20, save_freq: 4, test_freq: 10, val_before_train: true}
metrics: {logger: [jsonl]}
)";

  void WriteRows(const std::string& name, int count) {
    std::string lines;
    for (int i = 0; i < count; ++i) {
      lines += "{\"id\":\"" + name + std::to_string(i) + "\",\"prompt\":\"prompt " +
               std::to_string(i) + "\",\"answer\":\"x\"}\n";
    }
    ASSERT_TRUE(WriteFileAtomically(folder_ + "/" + name, lines).ok());
  }
  void WriteJob(std::string text) {
    for (size_t at; (at = text.find("${DIR}")) != std::string::npos;) text.replace(at, 6, folder_);
    ASSERT_TRUE(WriteFileAtomically(job(), text).ok());
  }

  std::string job() const { return folder_ + "/job.yaml"; }
  // `winnow COMMAND job --set run.dir=FOLDER/RUN [more]`.
  std::vector<std::string> Command(const std::string& command, const std::string& run,
                                   std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {WINNOW_BINARY, command, job(), "--set",
                                          "run.dir=" + folder_ + "/" + run};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  nlohmann::json Summary(const std::string& run) const {
    const auto text = ReadFile(folder_ + "/" + run + "/summary.json");
    EXPECT_TRUE(text.ok()) << text.status().ToString();
    return text.ok() ? nlohmann::json::parse(*text) : nlohmann::json();
  }
  size_t MetricLines(const std::string& run) const {
    const auto text = ReadFile(folder_ + "/" + run + "/metrics.jsonl");
    return text.ok() ? static_cast<size_t>(std::count(text->begin(), text->end(), '\n')) : 0;
  }

  const std::string folder_;
};

}  // namespace winnow::testing_support
