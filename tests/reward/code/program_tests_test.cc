#include "reward/code/program_tests.h"

#include <gtest/gtest.h>

#include "base/format.h"

namespace winnow::reward {
namespace {

// "pair IN -> OUT", "call F(IN) -> OUT", "assert CODE", joined by "; "; or the error.
std::string Read(std::string_view reference, std::string_view extra_json = "{}") {
  const auto tests = ReadProgramTests(reference, extra_json);
  if (!tests.ok()) return "error: " + tests.status().message();
  std::string text;
  for (const ProgramTest& test : *tests) {
    if (!text.empty()) text += "; ";
    if (test.kind == ProgramTest::Kind::kPair) {
      text += Format("pair {} -> {}", test.input, test.expected);
    } else if (test.kind == ProgramTest::Kind::kCall) {
      text += Format("call {}({}) -> {}{}", test.function, test.input, test.expected,
                     test.may_be_wrapped ? " or wrapped" : "");
    } else {
      text += "assert " + test.input;
    }
  }
  return text;
}

TEST(ProgramTestsTest, ReadsPairs) {
  EXPECT_EQ(Read(R"({"inputs": ["1\n", "2"], "outputs": ["2\n", "3"]})"),
            "pair 1\n -> 2\n; pair 2 -> 3");
  EXPECT_EQ(Read(R"({"inputs": [["1", "2"]], "outputs": [["3"]]})"), "pair 1\n2\n -> 3\n");
  EXPECT_EQ(Read(R"([{"input": "1", "output": "2"}])"), "pair 1 -> 2");
  EXPECT_EQ(Read(R"({"tests": [{"input": "1", "output": 2, "testtype": "stdin"}]})"),
            "pair 1 -> 2");
}

TEST(ProgramTestsTest, ReadsCalls) {
  EXPECT_EQ(Read(R"({"fn_name": "f", "inputs": [[1, "a"]], "outputs": [[2]]})"),
            R"(call f([1,"a"]) -> [2] or wrapped)");
  EXPECT_EQ(Read(R"([{"function": "f", "args": [[1, 2]], "result": 3}])"), "call f([[1,2]]) -> 3");
  EXPECT_EQ(Read(R"([{"function": "f", "result": {"a": null}}])"), R"(call f([]) -> {"a":null})");
  EXPECT_EQ(Read(R"([{"input": "[1]\n\"a\"\n", "output": "true", "testtype": "functional"}])",
                 R"({"metadata": {"func_name": "g"}})"),
            R"(call g([[1],"a"]) -> true)");
  EXPECT_EQ(Read(R"([{"function": "f", "args": [100000000000000000001], "result": 1}])"),
            "call f([100000000000000000001]) -> 1");
}

TEST(ProgramTestsTest, ReadsAssertions) {
  EXPECT_EQ(Read("assert f(1) == 2"), "assert assert f(1) == 2");
  EXPECT_EQ(Read(R"(["assert a", "assert b"])"), "assert assert a; assert assert b");
  EXPECT_EQ(Read(R"({"test_list": ["assert a"], "test_setup_code": "import math"})"),
            "assert import math\nassert a");
  EXPECT_EQ(Read("def check(candidate):\n    assert candidate(1)", R"({"entry_point": "f"})"),
            "assert def check(candidate):\n    assert candidate(1)\ncheck(f)\n");
  EXPECT_EQ(Read("\"assert a\""), "assert assert a");
}

TEST(ProgramTestsTest, NamesWhatIsWrong) {
  EXPECT_EQ(Read("{\"inputs\": ["), "error: the reference is no JSON");
  EXPECT_EQ(Read("[]"), "error: the reference holds no tests");
  EXPECT_EQ(Read("17"), "error: the reference holds no tests");
  EXPECT_EQ(Read(R"({"inputs": ["1"], "outputs": []})"),
            "error: the reference must have as many outputs as inputs");
  EXPECT_EQ(Read(R"({"inputs": ["1"]})"),
            "error: the reference must have as many outputs as inputs");
  EXPECT_EQ(Read(R"({"fn_name": "f", "inputs": ["1"], "outputs": ["1"]})"),
            "error: the reference has inputs of a function that are no lists");
  EXPECT_EQ(Read(R"([{"input": "1"}])"), "error: a test of the reference needs input and output");
  EXPECT_EQ(Read("[3]"), "error: a test of the reference must be an object");
  EXPECT_EQ(Read(R"([{"function": 3, "args": [], "result": 1}])"),
            "error: a call of the reference needs a function and a list of args");
  EXPECT_EQ(Read(R"([{"input": "x y", "output": "1", "testtype": "functional", "fn_name": "f"}])"),
            "error: a functional test of the reference needs fn_name and JSON values");
  EXPECT_EQ(Read(R"({"test_list": [1]})"), "error: test_list of the reference must hold texts");
  EXPECT_EQ(Read(R"({"test_list": "a"})"), "error: test_list of the reference must be a list");
}

}  // namespace
}  // namespace winnow::reward
