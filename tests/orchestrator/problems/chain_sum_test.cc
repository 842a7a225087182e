#include <set>

#include "tests/orchestrator/problems/generated_rows.h"

namespace winnow::orchestrator {
namespace {

TEST(ChainSumTest, AnswersScoreOne) {
  const auto lines = Generate(
      {.task = "chain_sum", .difficulty = "terms=2-5,digits=1-3,ops=+-*", .count = 500, .seed = 3});
  ExpectAnswersScoreOne(lines, "numeric");
  ExpectAnswersScoreOne(lines, "math");
}

TEST(ChainSumTest, AnswerIsTheValueOfTheExpression) {
  const auto lines =
      Generate({.task = "chain_sum", .difficulty = "terms=2,digits=2,ops=-", .count = 200});
  for (const std::string& line : lines) {
    const auto row = nlohmann::json::parse(line);
    const std::string expression = row["metadata"]["expression"];
    const size_t minus = expression.find(" - ");
    const int value =
        std::stoi(expression.substr(0, minus)) - std::stoi(expression.substr(minus + 3));
    EXPECT_EQ(row["answer"], std::to_string(value)) << line;
  }
}

TEST(ChainSumTest, ProductsBindBeforeSums) {
  const auto lines =
      Generate({.task = "chain_sum", .difficulty = "terms=3,digits=1,ops=+*", .count = 300});
  int checked = 0;
  for (const std::string& line : lines) {
    const auto row = nlohmann::json::parse(line);
    const std::string text = row["metadata"]["expression"];  // "a + b * c"
    if (text[2] != '+' || text[6] != '*') continue;
    EXPECT_EQ(row["answer"], std::to_string((text[0] - '0') + (text[4] - '0') * (text[8] - '0')));
    ++checked;
  }
  EXPECT_GT(checked, 20);
}

TEST(ChainSumTest, ShortStyleIsTheExpressionAlone) {
  const auto lines = Generate({.task = "chain_sum",
                               .difficulty = "terms=2,digits=1-2,style=short,negative=no",
                               .count = 400});
  for (const std::string& line : lines) {
    const auto row = nlohmann::json::parse(line);
    const std::string prompt = row["prompt"];
    EXPECT_EQ(prompt.find_first_not_of("0123456789+-="), std::string::npos) << prompt;
    EXPECT_EQ(prompt.back(), '=');
    EXPECT_LE(prompt.size(), 6u);
    EXPECT_NE(row["answer"].get<std::string>()[0], '-') << line;
  }
}

TEST(ChainSumTest, DifficultySaysTermsAndDigits) {
  std::set<int> terms;
  for (const std::string& line :
       Generate({.task = "chain_sum", .difficulty = "terms=2-4,digits=3", .count = 60})) {
    const auto row = nlohmann::json::parse(line);
    terms.insert(row["difficulty"]["terms"].get<int>());
    EXPECT_EQ(row["difficulty"]["digits"], 3);
  }
  EXPECT_EQ(terms, (std::set<int>{2, 3, 4}));
}

}  // namespace
}  // namespace winnow::orchestrator
