#include "reward/sandbox/run_result.h"

#include <gtest/gtest.h>

namespace winnow::reward::sandbox {
namespace {

std::string PayloadOf(const EndHeader& header, std::string_view kept) {
  return std::string(reinterpret_cast<const char*>(&header), sizeof(header)).append(kept);
}

constexpr EndHeader kHeader{.kind = EndKind::kSignaled,
                            .code = 9,
                            .cpu_us = 1'500'000,
                            .wall_us = 2'000'000,
                            .stdout_bytes = 3,
                            .stderr_bytes = 2,
                            .result_bytes = 1,
                            .is_cut = 1};

TEST(RunResultTest, TakesTheStreamsApart) {
  const auto result = ReadRunResult(PayloadOf(kHeader, "outerR"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->end, EndKind::kSignaled);
  EXPECT_EQ(result->code, 9);
  EXPECT_EQ(result->cpu_s, 1.5);
  EXPECT_EQ(result->wall_s, 2.0);
  EXPECT_EQ(result->stdout_bytes, "out");
  EXPECT_EQ(result->stderr_bytes, "er");
  EXPECT_EQ(result->result_bytes, "R");
  EXPECT_TRUE(result->is_cut);
  EXPECT_FALSE(result->succeeded());
}

TEST(RunResultTest, RefusesWhatDoesNotFit) {
  EXPECT_FALSE(ReadRunResult(""));
  EXPECT_FALSE(ReadRunResult(PayloadOf(kHeader, "").substr(1)));
  EXPECT_FALSE(ReadRunResult(PayloadOf(kHeader, "oute")));
  EXPECT_FALSE(ReadRunResult(PayloadOf(kHeader, "outerRx")));
  EndHeader header = kHeader;
  header.kind = static_cast<EndKind>(0);
  EXPECT_FALSE(ReadRunResult(PayloadOf(header, "outerR")));
  header.kind = static_cast<EndKind>(8);
  EXPECT_FALSE(ReadRunResult(PayloadOf(header, "outerR")));
  header = kHeader;  // sizes whose sum wraps around in 32 bits
  header.stdout_bytes = header.stderr_bytes = 0x80000000u;
  header.result_bytes = 6;
  EXPECT_FALSE(ReadRunResult(PayloadOf(header, "outerR")));
}

}  // namespace
}  // namespace winnow::reward::sandbox
