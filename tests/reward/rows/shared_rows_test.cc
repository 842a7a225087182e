// Whole data sets: every reference answer scores 1 under the verifier of its task, and 0 against
// the next row's unless both are equal. The files lie in $WINNOW_SHARED/data, else in ../shared
// beside the repository.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/reward/judging.h"

namespace winnow::reward {
namespace {

using Json = nlohmann::json;

std::string DataFolder() {
  const char* given = std::getenv("WINNOW_SHARED");
  const std::string shared =
      given != nullptr ? given : std::string(WINNOW_SOURCE_DIR) + "/../shared";
  return shared + "/data";
}

std::vector<Json> ReadRows(const std::filesystem::path& path) {
  std::vector<Json> rows;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) rows.push_back(Json::parse(line));
  return rows;
}

class SharedRowsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(DataFolder())) GTEST_SKIP() << "no " << DataFolder();
  }
};

// What stands behind ####, as a number.
double FinalNumber(const std::string& solution) {
  std::string text = solution.substr(solution.rfind("####") + 4);
  std::erase(text, ',');
  return std::stod(text);
}

TEST_F(SharedRowsTest, Gsm8kSolutions) {
  const std::vector<Json> rows = ReadRows(DataFolder() + "/gsm8k/test.jsonl");
  ASSERT_EQ(rows.size(), 1319u);
  for (const char* name : {"math", "numeric"}) {
    Judge judge(name);
    for (size_t i = 0; i < rows.size(); ++i) {
      const std::string own = rows[i]["answer"], next = rows[(i + 1) % rows.size()]["answer"];
      EXPECT_EQ(judge.Reward(own, own), 1.0f) << name << ": " << own;
      EXPECT_EQ(judge.Reward(next, own), FinalNumber(own) == FinalNumber(next) ? 1.0f : 0.0f)
          << name << ": " << own << "\n"
          << next;
    }
  }
}

// An integer of any length without leading zeros.
std::string Canonical(const std::string& integer) {
  const size_t sign = integer.starts_with('-') ? 1 : 0;
  const size_t first = integer.find_first_not_of('0', sign);
  if (first == std::string::npos) return "0";
  return integer.substr(0, sign) + integer.substr(first);
}

TEST_F(SharedRowsTest, DapoMathAnswersInEveryWording) {
  const std::vector<Json> rows = ReadRows(DataFolder() + "/dapo_math/train.jsonl");
  ASSERT_GT(rows.size(), 17000u);
  const std::pair<const char*, const char*> kWordings[] = {{"\\boxed{", "}"},
                                                           {"The answer is ", "."},
                                                           {"Final answer: $", "$"},
                                                           {"#### ", ""},
                                                           {"<answer>", "</answer>"}};
  Judge judge("math");
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::string own = rows[i]["answer"], next = rows[(i + 1) % rows.size()]["answer"];
    for (const auto& [before, after] : kWordings) {
      const std::string response = before + own + after;
      EXPECT_EQ(judge.Reward(own, response), 1.0f) << response;
      EXPECT_EQ(judge.Reward(next, response), Canonical(own) == Canonical(next) ? 1.0f : 0.0f)
          << response << " against " << next;
    }
  }
}

Judge VerifierOf(const std::string& task) {
  if (task == "countdown") return Judge("countdown");
  if (task == "number_sorting") return Judge("number_list");
  if (task == "knights_knaves") return Judge("assignment");
  if (task == "spell_backward") return Judge("exact", {{"ignore_case", "true"}});
  return Judge("numeric");
}

TEST_F(SharedRowsTest, ReasoningGymAnswers) {
  size_t num_files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(DataFolder() + "/reasoning_gym")) {
    if (entry.path().extension() != ".jsonl") continue;
    const std::string name = entry.path().filename();
    Judge judge = VerifierOf(name.substr(0, name.find('.')));
    for (const Json& row : ReadRows(entry.path())) {
      const std::string answer = row["answer"];
      EXPECT_EQ(judge.Reward(answer, answer, row.dump()), 1.0f) << name << ": " << row["id"];
    }
    ++num_files;
  }
  EXPECT_EQ(num_files, 20u);
}

}  // namespace
}  // namespace winnow::reward
