#include <set>

#include "tests/orchestrator/problems/generated_rows.h"

namespace winnow::orchestrator {
namespace {

std::set<std::string> Prompts(const std::vector<std::string>& lines) {
  std::set<std::string> prompts;
  for (const std::string& line : lines) {
    prompts.insert(nlohmann::json::parse(line)["prompt"].get<std::string>());
  }
  return prompts;
}

TEST(GenerateProblemsTest, EqualOptionsGiveEqualLines) {
  for (const char* task : {"chain_sum", "countdown", "gsm_graph"}) {
    const GeneratorOptions options{.task = task, .count = 50, .seed = 4};
    EXPECT_EQ(Generate(options), Generate(options));
    GeneratorOptions other = options;
    other.seed = 5;
    EXPECT_NE(Generate(options), Generate(other));
  }
}

TEST(GenerateProblemsTest, KeepsTheBytesOfAKnownFile) {
  const auto lines = Generate(
      {.task = "chain_sum", .difficulty = "terms=2,digits=2,style=short", .count = 2, .seed = 1});
  const auto row = nlohmann::ordered_json::parse(lines[1]);
  std::vector<std::string> keys;
  for (const auto& [key, value] : row.items()) keys.push_back(key);
  EXPECT_EQ(keys,
            (std::vector<std::string>{"id", "prompt", "answer", "difficulty", "task", "metadata"}));
  EXPECT_EQ(row["id"], "chain_sum-t2d2-s1-i1");
  EXPECT_EQ(row.dump(), lines[1]);
}

TEST(GenerateProblemsTest, PromptsAndIdsAreDistinct) {
  const auto lines =
      Generate({.task = "chain_sum", .difficulty = "terms=2,digits=1", .count = 200});
  EXPECT_EQ(Prompts(lines).size(), 200u);
  std::set<std::string> ids;
  for (const std::string& line : lines) {
    ids.insert(nlohmann::json::parse(line)["id"].get<std::string>());
  }
  EXPECT_EQ(ids.size(), 200u);
}

TEST(GenerateProblemsTest, RefusesMoreThanThereAre) {
  const Status status =
      GenerateProblems({.task = "chain_sum", .difficulty = "terms=2,digits=1", .count = 201},
                       [](std::string_view) { return OkStatus(); });
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "--count must be at most 200, the distinct problems of chain_sum with "
            "terms=2,digits=1: 201");
}

TEST(GenerateProblemsTest, OffsetContinuesTheSameSequence) {
  const GeneratorOptions whole{.task = "countdown", .count = 40};
  const auto all = Generate(whole);
  GeneratorOptions tail = whole;
  tail.offset = 30;
  tail.count = 10;
  EXPECT_EQ(Generate(tail), std::vector<std::string>(all.begin() + 30, all.end()));
}

TEST(GenerateProblemsTest, StopsAtTheFirstErrorOfTheSink) {
  int calls = 0;
  const Status status = GenerateProblems({.task = "chain_sum", .count = 5}, [&](std::string_view) {
    return ++calls == 2 ? Unavailable("disk full") : OkStatus();
  });
  EXPECT_EQ(status.message(), "disk full");
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace winnow::orchestrator
