// Golden models: values computed in float64 by another program (tests/golden/models/README.md).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "model/policy.h"
#include "model/safetensors.h"

namespace winnow::model {
namespace {

namespace fs = std::filesystem;
using device::Arithmetic;

// One folder of golden/models.
class GoldenModel {
 public:
  explicit GoldenModel(const fs::path& folder) : folder_(folder.string()) {
    json_ = nlohmann::json::parse(*ReadFile((folder / "golden.json").string()));
    EXPECT_EQ(json_.at("format"), "winnow-golden-model/1") << folder;
    Result<SafetensorsFile> file = SafetensorsFile::Open((folder / "golden.safetensors").string());
    EXPECT_TRUE(file.ok()) << file.status().message();
    if (file.ok()) file_ = std::make_unique<SafetensorsFile>(*std::move(file));
  }
  bool ok() const { return json_.at("format") == "winnow-golden-model/1" && file_ != nullptr; }
  const std::string& folder() const { return folder_; }
  const nlohmann::json& json() const { return json_; }
  size_t num_cases() const { return json_.at("cases").get<size_t>(); }
  bool Has(const std::string& name) const { return file_->Find(name) != nullptr; }

  std::vector<double> Doubles(const std::string& name) const {
    const TensorInfo* info = file_->Find(name);
    EXPECT_NE(info, nullptr) << name;
    std::vector<double> values(info->num_elements);
    EXPECT_TRUE(file_->ReadReals(*info, 0, values.size(), values.data()).ok()) << name;
    return values;
  }
  std::vector<int32_t> Ids(const std::string& name) const {
    const TensorInfo* info = file_->Find(name);
    EXPECT_TRUE(info != nullptr && info->dtype == "I64") << name;
    std::vector<int64_t> values(info->num_elements);
    EXPECT_TRUE(file_->ReadRaw(*info, 0, values.size(), values.data()).ok()) << name;
    return {values.begin(), values.end()};
  }

 private:
  std::string folder_;
  nlohmann::json json_;
  std::unique_ptr<SafetensorsFile> file_;
};

std::vector<fs::path> GoldenFolders() {
  std::vector<fs::path> roots{fs::path(WINNOW_SOURCE_DIR) / "tests/golden/models"};
  if (const char* given = std::getenv("WINNOW_GOLDEN_DIR")) {
    if (fs::exists(fs::path(given) / "models")) roots.push_back(fs::path(given) / "models");
  }
  std::vector<fs::path> folders;
  for (const fs::path& root : roots) {
    size_t found = 0;
    for (const auto& entry : fs::directory_iterator(root)) {
      if (!entry.is_directory()) {
        EXPECT_EQ(entry.path().filename(), "README.md") << "an unknown file in " << root;
        continue;
      }
      folders.push_back(entry.path());
      ++found;
    }
    EXPECT_GT(found, 0u) << root << " has no golden models";
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

// Logits of all positions in one pass through the inference path.
std::vector<float> AllLogits(Policy<float>& policy, const std::vector<int32_t>& ids) {
  constexpr size_t kPageTokens = 16;
  std::vector<int32_t> pages((ids.size() + kPageTokens - 1) / kPageTokens);
  std::vector<size_t> rows(ids.size());
  for (size_t i = 0; i < pages.size(); ++i) pages[i] = static_cast<int32_t>(pages.size() - 1 - i);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = i;
  const auto kv = policy.MakeKvStorage(kPageTokens, pages.size());
  const PassSequence sequence{.pages = pages, .row_begin = 0, .row_end = ids.size()};
  std::vector<float> logits(ids.size() * policy.config().vocab_size);
  policy.Forward(ids, {&sequence, 1}, kv.get(), {.rows = rows, .z = logits.data()});
  return logits;
}

std::vector<int32_t> Greedy(Policy<float>& policy, std::vector<int32_t> ids, size_t count) {
  constexpr size_t kPageTokens = 5;
  const size_t total = ids.size() + count;
  std::vector<int32_t> pages((total + kPageTokens - 1) / kPageTokens), produced;
  for (size_t i = 0; i < pages.size(); ++i) pages[i] = static_cast<int32_t>(i);
  const auto kv = policy.MakeKvStorage(kPageTokens, pages.size());
  std::vector<float> logits(policy.config().vocab_size);
  size_t cached = 0;
  while (produced.size() < count) {
    const PassSequence sequence{
        .pages = pages, .num_cached = cached, .row_begin = 0, .row_end = ids.size()};
    const size_t last = ids.size() - 1;
    policy.Forward(ids, {&sequence, 1}, kv.get(), {.rows = {&last, 1}, .z = logits.data()});
    cached += ids.size();
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    produced.push_back(static_cast<int32_t>(best));
    ids = {produced.back()};
  }
  return produced;
}

double Norm(const std::vector<double>& values) {
  double sum = 0;
  for (const double x : values) sum += x * x;
  return std::sqrt(sum);
}

class GoldenModelsTest : public testing::TestWithParam<Arithmetic> {
 protected:
  bool exact() const { return GetParam() == Arithmetic::kF32; }

  void CheckLogits(const GoldenModel& golden, Policy<float>& policy) {
    for (size_t i = 0; i < golden.num_cases(); ++i) {
      const std::string name = "case" + std::to_string(i);
      const std::vector<double> want = golden.Doubles(name + ".logits");
      const std::vector<float> got = AllLogits(policy, golden.Ids(name + ".input_ids"));
      ASSERT_EQ(got.size(), want.size()) << name;
      double largest = 0;
      for (const double logit : want) largest = std::max(largest, std::abs(logit));
      const double tolerance = exact() ? 1e-4 : 0.04 * largest;
      double worst = 0;
      for (size_t j = 0; j < want.size(); ++j) worst = std::max(worst, std::abs(got[j] - want[j]));
      EXPECT_LE(worst, tolerance) << golden.folder() << " " << name;
    }
  }

  // Forward and backward of all cases in one call; log-probs are checked on the way.
  void RunTraining(const GoldenModel& golden, Policy<float>& policy) {
    std::vector<std::vector<int32_t>> ids;
    std::vector<std::vector<uint8_t>> masks;
    std::vector<double> want;
    std::vector<device::HeadRowGradient<float>> gradients;
    const double scale = golden.json().at("objective_scale");
    for (size_t i = 1; i < golden.num_cases(); ++i) {
      const std::string name = "case" + std::to_string(i);
      ids.push_back(golden.Ids(name + ".input_ids"));
      masks.emplace_back(ids.back().size(), 1)[0] = 0;
      const std::vector<double> log_probs = golden.Doubles(name + ".log_probs");
      const std::vector<double> weights = golden.Doubles(name + ".weights");
      EXPECT_EQ(log_probs[0], 0.0);
      for (size_t t = 1; t < log_probs.size(); ++t) {
        want.push_back(log_probs[t]);
        gradients.push_back({.log_prob = static_cast<float>(scale * weights[t])});
      }
    }
    std::vector<TrainSequence> sequences;
    for (size_t i = 0; i < ids.size(); ++i) sequences.push_back({ids[i], masks[i]});
    HeadValues<float> values;
    policy.TrainForward(sequences, {.temperature = golden.json().at("temperature")}, nullptr,
                        &values);
    ASSERT_EQ(values.log_prob.size(), want.size());
    double objective = 0, worst = 0;
    for (size_t i = 0; i < want.size(); ++i) {
      worst = std::max(worst, std::abs(values.log_prob[i] - want[i]));
      objective += static_cast<double>(gradients[i].log_prob) * values.log_prob[i];
    }
    if (exact()) {
      EXPECT_LE(worst, 1e-4) << golden.folder();
      EXPECT_NEAR(objective, golden.json().at("objective").get<double>(), 1e-4);
    }
    policy.TrainBackward(gradients);
  }

  void CheckGradients(const GoldenModel& golden, Policy<float>& policy) {
    const std::span<const float> gradient = policy.Gradient();
    for (const Parameter& parameter : policy.trainable_layout().parameters()) {
      const std::vector<double> want = golden.Doubles("grad." + parameter.name);
      ASSERT_EQ(want.size(), parameter.size) << parameter.name;
      std::vector<double> difference(want.size());
      for (size_t i = 0; i < want.size(); ++i) {
        difference[i] = gradient[parameter.offset + i] - want[i];
      }
      EXPECT_LE(Norm(difference), (exact() ? 1e-4 : 0.1) * Norm(want))
          << golden.folder() << " " << parameter.name;
    }
  }

  // One AdamW step on −objective: p *= 1 − lr·λ, then p −= lr·m̂/(sqrt(v̂) + eps), with moments from
  // zero, so that m̂ = g and v̂ = g².
  void CheckAdamW(const GoldenModel& golden, Policy<float>& policy) {
    const nlohmann::json& options = golden.json().at("adamw");
    const double lr = options.at("lr"), eps = options.at("eps");
    const std::vector<std::string> decayed = options.at("decayed");
    const std::span<const float> gradient = policy.Gradient();
    double sum = 0;
    for (const float g : gradient) sum += static_cast<double>(g) * g;
    EXPECT_NEAR(std::sqrt(sum), golden.json().at("grad_norm").get<double>(), 1e-3);
    const double factor =
        std::min(1.0, options.at("clip_grad").get<double>() / (std::sqrt(sum) + 1e-6));
    std::vector<float> start(policy.trainable().begin(), policy.trainable().end());
    for (const Parameter& parameter : policy.trainable_layout().parameters()) {
      const bool decays =
          std::find(decayed.begin(), decayed.end(), parameter.name) != decayed.end();
      EXPECT_EQ(decays, !parameter.is_bias && !parameter.is_norm) << parameter.name;
      const std::vector<double> want = golden.Doubles("adamw." + parameter.name);
      const double decay = decays ? 1 - lr * options.at("weight_decay").get<double>() : 1.0;
      for (size_t i = 0; i < want.size(); ++i) {
        const double g = -factor * gradient[parameter.offset + i];
        const double got = start[parameter.offset + i] * decay - lr * g / (std::abs(g) + eps);
        const double tolerance = std::abs(g) > 2e-5 ? 1e-5 : lr * 2.2;
        ASSERT_NEAR(got, want[i], tolerance)
            << golden.folder() << " " << parameter.name << " " << i;
      }
    }
  }
};

TEST_P(GoldenModelsTest, EveryFolderAgreesWithTheFloat64Values) {
  ThreadPool pool(0);
  Result<std::unique_ptr<device::Ops<float>>> ops = device::MakeCpuOps(GetParam(), &pool);
  ASSERT_TRUE(ops.ok()) << ops.status().message();
  size_t checked = 0;
  for (const fs::path& folder : GoldenFolders()) {
    const GoldenModel golden(folder);
    ASSERT_TRUE(golden.ok()) << folder;
    auto policy = LoadPolicy<float>(folder.string(), {}, ops->get());
    ASSERT_TRUE(policy.ok()) << policy.status().message();
    CheckLogits(golden, **policy);
    RunTraining(golden, **policy);
    CheckGradients(golden, **policy);
    if (exact()) {
      CheckAdamW(golden, **policy);
      const std::vector<int32_t> want = golden.Ids("greedy.continuation");
      EXPECT_EQ(Greedy(**policy, golden.Ids("greedy.prompt"), want.size()), want) << folder;
    }
    ++checked;
  }
  EXPECT_GT(checked, 0u);
  std::printf("golden models checked in %s (%s): %zu\n",
              std::string(device::ArithmeticName(GetParam())).c_str(), (*ops)->kernels().c_str(),
              checked);
}

INSTANTIATE_TEST_SUITE_P(Arithmetics, GoldenModelsTest,
                         testing::Values(Arithmetic::kF32, Arithmetic::kBf16Tile,
                                         Arithmetic::kBf16Pair),
                         [](const auto& info) {
                           return std::string(device::ArithmeticName(info.param));
                         });

}  // namespace
}  // namespace winnow::model
