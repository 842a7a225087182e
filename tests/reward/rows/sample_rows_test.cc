// Every answer of a data set scores 1 with the verifier its README names: a small sample.
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "tests/reward/judging.h"

namespace winnow::reward {
namespace {

TEST(SampleRowsTest, EachAnswerScoresOne) {
  int checked = 0;
  const std::string path = std::string(WINNOW_SOURCE_DIR) + "/tests/reward/rows/sample.jsonl";
  const Status status = ForEachLine(path, [&](std::string_view line, size_t) {
    const auto row = nlohmann::json::parse(line);
    const std::string answer = row.at("answer");
    Judge judge(row.at("verifier").get<std::string>());
    EXPECT_EQ(judge.Reward(answer, answer, line), 1.0f) << line;
    EXPECT_EQ(judge.Reward(answer, "I do not know", line), 0.0f) << line;
    ++checked;
    return OkStatus();
  });
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(checked, 46);
}

}  // namespace
}  // namespace winnow::reward
