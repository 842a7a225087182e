#include "learner/checkpoint.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "base/file.h"
#include "base/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/model/tiny_model.h"

namespace winnow::learner {
namespace {

namespace fs = std::filesystem;

// A small state whose every value tells its step.
struct State {
  explicit State(uint64_t at) : step(at) {
    std::iota(values.begin(), values.end(), static_cast<float>(at));
  }
  uint64_t step;
  std::vector<float> values = std::vector<float>(18);

  std::vector<CheckpointTensor> Tensors(size_t first) {
    return {{.name = "a", .shape = {2, 2}, .values = std::span(values).subspan(first, 4)},
            {.name = "b", .shape = {2}, .values = std::span(values).subspan(first + 4, 2)}};
  }
  CheckpointContents Contents() {
    return {.manifest = {.step = step, .policy_version = step, .hist_seq = 10 * step},
            .parameters = Tensors(0),
            .first_moment = Tensors(6),
            .second_moment = Tensors(12),
            .state_json = Format("{{\"step\":{}}}", step),
            .write_history = [this](const std::string& path) {
              fs::create_directories(path + "/sub");
              std::ofstream(path + "/CURRENT") << "history of " << step;
              std::ofstream(path + "/sub/000001.sst") << std::string(10000, 'x');
              return OkStatus();
            }};
  }
};

void ExpectHolds(const FoundCheckpoint& found, uint64_t step) {
  State want(step), got(0);
  ASSERT_TRUE(ReadCheckpointParameters(found, got.Tensors(0)).ok());
  ASSERT_TRUE(ReadCheckpointMoments(found, got.Tensors(6), got.Tensors(12)).ok());
  EXPECT_EQ(got.values, want.values);
  EXPECT_EQ(found.manifest.step, step);
  EXPECT_EQ(found.manifest.hist_seq, 10 * step);
  EXPECT_EQ(ReadCheckpointState(found).value(), Format("{{\"step\":{}}}", step));
  EXPECT_EQ(ReadFile(CheckpointHistoryFolder(found) + "/CURRENT").value(),
            Format("history of {}", step));
}

class CheckpointTest : public testing::Test {
 protected:
  Status Write(uint64_t step, CheckpointRetention retention = {},
               CheckpointFailpoint failpoint = {}) {
    State state(step);
    return TrainingCheckpointWriter(folder_.path(), retention, std::move(failpoint))
        .Write(state.Contents());
  }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  // Flips one bit in the middle of a file.
  void Flip(const std::string& path) {
    std::string bytes = ReadFile(folder_.File(path)).value();
    char& middle = bytes[bytes.size() / 2];
    middle = static_cast<char>(middle ^ 4);
    std::ofstream(folder_.File(path), std::ios::binary) << bytes;
  }

  const model::TemporaryFolder folder_;
};

TEST_F(CheckpointTest, HoldsWhatWasWritten) {
  ASSERT_TRUE(Write(7).ok());
  const auto found = FindNewestCheckpoint(folder_.path()).value();
  ASSERT_TRUE(found.has_value());
  ExpectHolds(*found, 7);
  EXPECT_EQ(ReadFile(folder_.File("LATEST")).value(), "step_00000007\n");
}

TEST_F(CheckpointTest, NoFolderOrAnEmptyOneIsAFreshStart) {
  EXPECT_FALSE(FindNewestCheckpoint(folder_.File("none")).value().has_value());
  EXPECT_FALSE(FindNewestCheckpoint(folder_.path()).value().has_value());
}

TEST_F(CheckpointTest, KilledAtAnyFileOperationAValidOneIsFound) {
  ASSERT_TRUE(Write(1, {.max_actor_ckpt_to_keep = 1}).ok());
  size_t num_points = 0;
  for (size_t kill_at = 1; kill_at < 100; ++kill_at) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      size_t hits = 0;
      const Status status =
          Write(kill_at + 1, {.max_actor_ckpt_to_keep = 1}, [&](std::string_view) {
            if (++hits == kill_at) _exit(9);
          });
      _exit(status.ok() ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_NE(WEXITSTATUS(status), 1) << "the write itself failed";
    const auto found = FindNewestCheckpoint(folder_.path()).value();
    ASSERT_TRUE(found.has_value()) << "killed at operation " << kill_at;
    ExpectHolds(*found, found->manifest.step);
    if (WEXITSTATUS(status) == 0) {
      num_points = kill_at - 1;
      break;
    }
  }
  EXPECT_GE(num_points, 9u);
  ASSERT_TRUE(Write(200, {.max_actor_ckpt_to_keep = 1}).ok());
  EXPECT_THAT(Names(), testing::ElementsAre("LATEST", "step_00000200")) << "leftovers stay";
}

TEST_F(CheckpointTest, DamageAnywhereFallsBackToTheNextOlder) {
  for (const char* file : {"parameters.safetensors", "moments.safetensors", "state.json",
                           "history/CURRENT", "history/sub/000001.sst", "MANIFEST.json"}) {
    ASSERT_TRUE(Write(1).ok());
    ASSERT_TRUE(Write(2).ok());
    Flip(std::string("step_00000002/") + file);
    const auto found = FindNewestCheckpoint(folder_.path()).value();
    ASSERT_TRUE(found.has_value()) << file;
    EXPECT_EQ(found->manifest.step, 1u) << file;
    fs::remove_all(folder_.File("step_00000002"));
  }
  ASSERT_TRUE(Write(2).ok());
  fs::remove(folder_.File("step_00000002/state.json"));
  EXPECT_EQ(FindNewestCheckpoint(folder_.path()).value()->manifest.step, 1u);
  ASSERT_TRUE(Write(3).ok());
  fs::rename(folder_.File("step_00000003"), folder_.File("step_00000004"));
  EXPECT_EQ(FindNewestCheckpoint(folder_.path()).value()->manifest.step, 1u);
}

TEST_F(CheckpointTest, FinishedFoldersWithoutAValidOneAreNeverAFreshStart) {
  ASSERT_TRUE(Write(1).ok());
  Flip("step_00000001/state.json");
  const Status status = FindNewestCheckpoint(folder_.path()).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_EQ(ExitCodeFor(status), 42);
  fs::rename(folder_.File("step_00000001"), folder_.File("step_00000001.tmp-0"));
  EXPECT_FALSE(FindNewestCheckpoint(folder_.path()).value().has_value());
}

TEST_F(CheckpointTest, RetentionKeepsTheNewestEveryNthAndTheBest) {
  for (uint64_t step = 1; step <= 12; ++step) {
    ASSERT_TRUE(Write(step, {.max_actor_ckpt_to_keep = 2, .keep_every = 5, .best_step = 3}).ok());
  }
  EXPECT_THAT(Names(), testing::ElementsAre("LATEST", "step_00000003", "step_00000005",
                                            "step_00000010", "step_00000011", "step_00000012"));
}

TEST_F(CheckpointTest, ARepeatedStepReplacesItsFolderAndAnAbandonedFutureIsNotFound) {
  ASSERT_TRUE(Write(4).ok());
  ASSERT_TRUE(Write(6).ok());
  ASSERT_TRUE(Write(4).ok());  // resumed before 4
  EXPECT_EQ(FindNewestCheckpoint(folder_.path()).value()->manifest.step, 4u);
  EXPECT_THAT(Names(), testing::ElementsAre("LATEST", "abandoned-step_00000006", "step_00000004"));
}

TEST_F(CheckpointTest, AHistoryThatCannotBeWrittenFailsTheCheckpointAndKeepsTheOlder) {
  ASSERT_TRUE(Write(1).ok());
  State state(2);
  CheckpointContents contents = state.Contents();
  contents.write_history = [](const std::string&) { return Unavailable("disk full"); };
  EXPECT_EQ(TrainingCheckpointWriter(folder_.path(), {}).Write(contents).code(),
            StatusCode::kUnavailable);
  EXPECT_EQ(FindNewestCheckpoint(folder_.path()).value()->manifest.step, 1u);
}

TEST_F(CheckpointTest, TensorsMustBeThoseOfTheFile) {
  ASSERT_TRUE(Write(1).ok());
  const auto found = FindNewestCheckpoint(folder_.path()).value();
  State state(0);
  std::vector<CheckpointTensor> tensors = state.Tensors(0);
  tensors[0].shape = {4};
  EXPECT_THAT(ReadCheckpointParameters(*found, tensors).message(),
              testing::HasSubstr("tensor a must be there as F32 [4]: [2, 2]"));
  tensors = state.Tensors(0);
  tensors.pop_back();
  EXPECT_THAT(ReadCheckpointParameters(*found, tensors).message(),
              testing::HasSubstr("number of tensors must be 1: 2"));
}

}  // namespace
}  // namespace winnow::learner
