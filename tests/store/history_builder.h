#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "store/reward_history.h"

namespace winnow::store {

// A run folder that lives as long as a test.
class RunFolder {
 public:
  RunFolder() {
    std::string path = testing::TempDir() + "winnow-store-XXXXXX";
    EXPECT_NE(::mkdtemp(path.data()), nullptr);
    path_ = path;
  }
  ~RunFolder() { std::filesystem::remove_all(path_); }
  RunFolder(const RunFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string history() const { return path_ + "/history"; }
  std::string events_log() const { return path_ + "/events.log"; }

 private:
  std::string path_;
};

inline HistoryRule RuleOfFour() {
  HistoryRule rule;
  rule.classify = {.tolerance = 1e-6, .midpoint = 0.5, .n = 4};
  return rule;
}

inline HistoryOptions OptionsOf(const RunFolder& run) {
  return {.create = true, .events_log = run.events_log(), .rule = RuleOfFour()};
}

inline Outcome OutcomeOf(uint64_t prompt, uint64_t step, std::initializer_list<float> rewards) {
  Outcome outcome;
  outcome.prompt = PromptId(prompt);
  outcome.step = step;
  outcome.epoch = static_cast<uint32_t>(step / 10);
  outcome.version_min = outcome.version_max = PolicyVersion(step);
  for (float reward : rewards) {
    outcome.samples.push_back({VerdictKind::kScored, FinishReason::kStop, 12, reward, reward});
  }
  outcome.cls = Classify(RuleOfFour().classify, outcome);
  outcome.trained = outcome.cls == OutcomeClass::kEffective;
  return outcome;
}

inline Outcome UnknownOutcomeOf(uint64_t prompt, uint64_t step, VerdictKind kind) {
  Outcome outcome = OutcomeOf(prompt, step, {0, 0, 0, 0});
  for (SampleOutcome& sample : outcome.samples) {
    sample = {kind, FinishReason::kLength, 5, 0, 0};
  }
  outcome.cls = OutcomeClass::kUnknown;
  return outcome;
}

inline Skip SkipOf(uint64_t prompt, uint64_t step, FilterReason reason = FilterReason::kEasy) {
  return {.prompt = PromptId(prompt),
          .step = step,
          .epoch = static_cast<uint32_t>(step / 10),
          .reason = reason,
          .streak = 2,
          .p = 0.5,
          .skip_probability = 0.75,
          .u = 0.25};
}

// A step of keyed outcomes over prompts 1 … 8, one of them skipped; equal arguments, equal step.
inline void CommitKeyedStep(RewardHistory* history, uint64_t step) {
  history->BeginStep(step);
  const uint64_t skipped = 1 + step % 8;
  for (uint64_t prompt = 1; prompt <= 8; ++prompt) {
    if (prompt == skipped) continue;
    const uint64_t bits = (prompt * 0x9E3779B97F4A7C15u) ^ (step * 0xC2B2AE3D27D4EB4Fu);
    const auto reward = [&](int i) { return static_cast<float>(bits >> (20 + 7 * i) & 1); };
    ASSERT_TRUE(
        history->Append(OutcomeOf(prompt, step, {reward(0), reward(1), reward(2), reward(3)}))
            .ok());
  }
  history->AppendSkip(SkipOf(skipped, step));
  history->SetMeta("cursor", "step " + std::to_string(step));
  const Status committed = history->Commit(step);
  ASSERT_TRUE(committed.ok()) << committed.ToString();
}

inline std::unique_ptr<RewardHistory> OpenHistory(const RunFolder& run) {
  Result<std::unique_ptr<RewardHistory>> history =
      RewardHistory::Open(run.history(), OptionsOf(run));
  EXPECT_TRUE(history.ok()) << history.status().ToString();
  return history.ok() ? std::move(*history) : nullptr;
}

// Commits steps first … last and closes the store.
inline void WriteSteps(const RunFolder& run, uint64_t first, uint64_t last) {
  const std::unique_ptr<RewardHistory> history = OpenHistory(run);
  ASSERT_NE(history, nullptr);
  for (uint64_t step = first; step <= last; ++step) CommitKeyedStep(history.get(), step);
}

// The files of a folder whose names end in `suffix`.
inline std::vector<std::string> FilesWith(const std::string& folder, const std::string& suffix) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().string().ends_with(suffix)) found.push_back(entry.path().string());
  }
  return found;
}

inline void Overwrite(const std::string& path, const std::string& bytes) {
  Result<WritableFile> file = WritableFile::Create(path);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->Write(bytes).ok());
}

// Flips one bit of the byte at `part` (0 … 1) of a file.
inline void FlipBit(const std::string& path, double part) {
  std::string bytes = ReadFile(path).value();
  ASSERT_FALSE(bytes.empty()) << path;
  bytes[static_cast<size_t>(part * static_cast<double>(bytes.size() - 1))] ^= 0x10;
  Overwrite(path, bytes);
}

}  // namespace winnow::store
