#include "orchestrator/metrics/metrics_writer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

namespace winnow::orchestrator {
namespace {

class MetricsWriterTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/metrics_writer_test_" +
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    path_ = folder_ + "/metrics.jsonl";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void WriteSteps(std::optional<uint64_t> last_kept_step, uint64_t first, uint64_t last) {
    Result<MetricsWriter> writer = MetricsWriter::Open(path_, last_kept_step);
    ASSERT_TRUE(writer.ok()) << writer.status().ToString();
    for (uint64_t step = first; step <= last; ++step) {
      ASSERT_TRUE(writer->Write(step, {{"x", static_cast<double>(step) / 3}}).ok());
    }
  }
  std::string Text() { return ReadFile(path_).value(); }

  std::string folder_;
  std::string path_;
};

TEST_F(MetricsWriterTest, ALineIsOneObjectWithTheStepFirst) {
  EXPECT_EQ(FormatMetricsLine(7, {{"filter/kept", 12}, {"loss", -0.25}, {"acc", std::nullopt}}),
            R"({"step": 7, "filter/kept": 12, "loss": -0.25, "acc": null})");
}

TEST_F(MetricsWriterTest, WhatIsNotANumberIsNullAndDoublesReadBackBitForBit) {
  const double third = 1.0 / 3;
  const std::string line = FormatMetricsLine(1, {{"nan", std::numeric_limits<double>::quiet_NaN()},
                                                 {"inf", -std::numeric_limits<double>::infinity()},
                                                 {"third", third},
                                                 {"tiny", 5e-324},
                                                 {"quote\"d", 1}});
  const auto json = nlohmann::json::parse(line);
  EXPECT_TRUE(json["nan"].is_null());
  EXPECT_TRUE(json["inf"].is_null());
  EXPECT_EQ(json["third"].get<double>(), third);
  EXPECT_EQ(json["tiny"].get<double>(), 5e-324);
  EXPECT_EQ(json["quote\"d"], 1);
}

TEST_F(MetricsWriterTest, AResumedRunCutsTheLinesBeyondItsStep) {
  WriteSteps(std::nullopt, 1, 5);
  const std::string whole = Text();
  WriteSteps(/*last_kept_step=*/3, 4, 5);
  EXPECT_EQ(Text(), whole);
  WriteSteps(/*last_kept_step=*/0, 1, 5);
  EXPECT_EQ(Text(), whole);
}

TEST_F(MetricsWriterTest, ATornLastLineIsCut) {
  WriteSteps(std::nullopt, 1, 2);
  const std::string whole = Text();
  {
    WritableFile file = WritableFile::Append(path_).value();
    ASSERT_TRUE(file.Write(R"({"step": 3, "x)").ok());
  }
  WriteSteps(/*last_kept_step=*/3, 1, 0);
  EXPECT_EQ(Text(), whole);
}

TEST_F(MetricsWriterTest, ADamagedLineInTheMiddleIsAnError) {
  ASSERT_TRUE(WriteFileAtomically(path_, "{\"step\": 1}\nrubbish\n{\"step\": 3}\n").ok());
  const Result<MetricsWriter> writer = MetricsWriter::Open(path_, 3);
  ASSERT_FALSE(writer.ok());
  EXPECT_EQ(writer.status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(writer.status().message(), path_ + ":2: must be an object with a step: rubbish");
}

TEST_F(MetricsWriterTest, ANewRunStartsAnEmptyFile) {
  WriteSteps(std::nullopt, 1, 5);
  WriteSteps(std::nullopt, 1, 0);
  EXPECT_EQ(Text(), "");
}

}  // namespace
}  // namespace winnow::orchestrator
