#include "tests/orchestrator/problems/generated_rows.h"

namespace winnow::orchestrator {
namespace {

TEST(CountdownTest, AnswersScoreOne) {
  ExpectAnswersScoreOne(Generate({.task = "countdown", .count = 300}), "countdown");
  ExpectAnswersScoreOne(
      Generate({.task = "countdown",
                .difficulty = "numbers=5-6,max_value=100,min_target=100,max_target=999",
                .count = 100}),
      "countdown");
}

TEST(CountdownTest, RowHoldsNumbersAndTargetInTheirRanges) {
  for (const std::string& line : Generate({.task = "countdown",
                                 .difficulty = "numbers=4,max_value=9,max_target=30",
                                 .count = 100})) {
    const auto row = nlohmann::json::parse(line);
    EXPECT_EQ(row["metadata"]["numbers"].size(), 4u);
    for (int number : row["metadata"]["numbers"]) {
      EXPECT_GE(number, 1);
      EXPECT_LE(number, 9);
    }
    EXPECT_GE(row["metadata"]["target"], 10);
    EXPECT_LE(row["metadata"]["target"], 30);
  }
}

TEST(CountdownTest, RefusesTargetsOutOfOrder) {
  const Status status = GenerateProblems(
      {.task = "countdown", .difficulty = "min_target=50,max_target=40", .count = 1},
      [](std::string_view) { return OkStatus(); });
  EXPECT_EQ(status.message(), "--difficulty: min_target must be at most max_target: 50, 40");
}

}  // namespace
}  // namespace winnow::orchestrator
