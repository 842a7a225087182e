#include <map>
#include <set>

#include "tests/orchestrator/problems/generated_rows.h"

namespace winnow::orchestrator {
namespace {

// Solves a story by its sentences alone, an oracle of its own: sentence of each quantity, then
// recursion from the question. Counts the operations it needed.
class Solver {
 public:
  explicit Solver(const std::string& prompt) {
    const std::string question = "What is the number of ";
    const size_t at = prompt.find(question);
    asked_ = prompt.substr(at + question.size());
    asked_.pop_back();  // '?'
    std::string facts = prompt.substr(0, at);
    for (size_t end = facts.find(". "); end != std::string::npos; end = facts.find(". ")) {
      Note(facts.substr(std::string("The number of ").size(), end - 14));
      facts = facts.substr(end + 2);
    }
  }
  int64_t Solve() { return ValueOf(asked_); }
  size_t operations() const { return operations_.size(); }
  size_t unused() const { return definitions_.size() - values_.size(); }

 private:
  void Note(const std::string& fact) {
    const size_t is = fact.find(" is "), equals = fact.find(" equals ");
    if (equals != std::string::npos) {
      definitions_[fact.substr(0, equals)] = fact.substr(equals + 8);
    } else {
      definitions_[fact.substr(0, is)] = fact.substr(is + 4);
    }
  }
  int64_t ValueOf(const std::string& name) {
    if (values_.contains(name)) return values_[name];
    const std::string definition = definitions_.at(name);
    const std::string of = "the number of ";
    const size_t first = definition.find(of);
    int64_t value = 0;
    if (first == std::string::npos) {
      value = std::stoll(definition);
    } else {
      operations_.insert(name);
      value = Operate(definition, first + of.size());
    }
    values_[name] = value;
    return value;
  }
  int64_t Operate(const std::string& definition, size_t begin) {
    for (const std::string& sign : {std::string(" plus "), std::string(" minus ")}) {
      const size_t at = definition.find(sign);
      if (at == std::string::npos) continue;
      const int64_t left = ValueOf(definition.substr(begin, at - begin));
      const int64_t right = ValueOf(definition.substr(at + sign.size() + 14));
      return sign == " plus " ? left + right : left - right;
    }
    const int64_t base = ValueOf(definition.substr(begin));
    if (definition.starts_with("half")) return base / 2;
    const int64_t constant = std::stoll(definition);
    if (definition.find(" more than ") != std::string::npos) return base + constant;
    if (definition.find(" less than ") != std::string::npos) return base - constant;
    return base * constant;
  }

  std::string asked_;
  std::map<std::string, std::string> definitions_;
  std::map<std::string, int64_t> values_;
  std::set<std::string> operations_;
};

TEST(GsmGraphTest, StoriesHaveTheirAnswerOperationsAndNoise) {
  const auto lines =
      Generate({.task = "gsm_graph", .difficulty = "op=1-8,noise=0-5", .count = 300, .seed = 9});
  for (const std::string& line : lines) {
    const auto row = nlohmann::json::parse(line);
    Solver solver(row["prompt"]);
    ASSERT_EQ(std::to_string(solver.Solve()), row["answer"]) << line;
    EXPECT_EQ(solver.operations(), row["difficulty"]["op"].get<size_t>()) << line;
    EXPECT_EQ(solver.unused(), row["difficulty"]["noise"].get<size_t>()) << line;
  }
}

TEST(GsmGraphTest, AnswersScoreOne) {
  const auto lines = Generate({.task = "gsm_graph", .count = 200});
  ExpectAnswersScoreOne(lines, "numeric");
  ExpectAnswersScoreOne(lines, "math");
}

TEST(GsmGraphTest, LongStoriesStayWithinTheirValues) {
  const auto lines =
      Generate({.task = "gsm_graph", .difficulty = "op=20,noise=10,max_value=500", .count = 20});
  for (const std::string& line : lines) {
    const int64_t answer = std::stoll(nlohmann::json::parse(line)["answer"].get<std::string>());
    EXPECT_GE(answer, 0);
    EXPECT_LE(answer, 500);
  }
}

TEST(GsmGraphTest, SolutionEndsWithTheAnswer) {
  const auto row = nlohmann::json::parse(
      Generate({.task = "gsm_graph", .difficulty = "op=3,noise=0", .count = 1})[0]);
  const std::string solution = row["metadata"]["solution"];
  EXPECT_TRUE(solution.ends_with("#### " + row["answer"].get<std::string>())) << solution;
  EXPECT_EQ(std::count(solution.begin(), solution.end(), '\n'), 3);
}

}  // namespace
}  // namespace winnow::orchestrator
