#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "tests/support/program.h"
#include "tests/support/tiny_model.h"

namespace winnow {
namespace {

using testing_support::ProgramResult;
using testing_support::RunProgram;
using Json = nlohmann::json;

ProgramResult Verify(std::vector<std::string> more, const std::string& lines) {
  std::vector<std::string> arguments = {WINNOW_BINARY, "verify", "--data", "-"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return RunProgram(arguments, lines);
}

std::vector<Json> Lines(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
  return lines;
}

TEST(VerifyCommandTest, PrintsAVerdictALineInOrder) {
  const ProgramResult result = Verify({"--verifier", "numeric", "--json"},
                                      R"({"response":"it is 5","reference":"5"}
{"response":"it is 6","reference":"5"}
{"response":"nothing","reference":"5"}
{"response":"5","reference":"five"}
)");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::vector<Json> lines = Lines(result.out);
  ASSERT_EQ(lines.size(), 4u) << result.out;
  EXPECT_EQ(lines[0]["kind"], "scored");
  EXPECT_EQ(lines[0]["reward"], 1.0);
  EXPECT_EQ(lines[0]["parts"], Json::parse(R"({"answered":1.0})"));
  EXPECT_EQ(lines[0]["reason"], "");
  EXPECT_TRUE(lines[0]["ms"].is_number());
  EXPECT_EQ(lines[1]["reward"], 0.0);
  EXPECT_EQ(lines[2]["parts"]["answered"], 0.0);
  EXPECT_EQ(lines[3]["kind"], "invalid");
  EXPECT_FALSE(lines[3].contains("reward"));
  EXPECT_EQ(lines[3]["reason"], "the reference is not a number");
  EXPECT_NE(result.err.find("4 verdicts: 3 scored, 1 invalid"), std::string::npos) << result.err;
}

TEST(VerifyCommandTest, ExitCodeSaysWhetherAllIsAsExpected) {
  const std::string good = R"({"gold":"5","response":"5","verdict":true}
{"gold":"5","response":"6","verdict":false}
{"gold":"x","response":"6","expected":"invalid"}
{"gold":"5","response":"5","expected":0.9999999}
)";
  const ProgramResult fine = Verify({"--verifier", "numeric", "--json"}, good);
  EXPECT_EQ(fine.exit_code, 0) << fine.err;
  EXPECT_NE(fine.err.find("4 of 4 as expected"), std::string::npos) << fine.err;
  for (const char* line : {R"({"gold":"5","response":"5","verdict":false})",
                           R"({"gold":"5","response":"5","expected":0.9})",
                           R"({"gold":"5","response":"5","expected":"error"})"}) {
    const ProgramResult result = Verify({"--verifier", "numeric"}, good + line + "\n");
    EXPECT_EQ(result.exit_code, 1) << line;
    EXPECT_NE(result.out.find("stdin:5: expected "), std::string::npos) << result.out;
  }
}

TEST(VerifyCommandTest, OptionsAndKeys) {
  const std::string line = R"({"a":{"text":"5.05"},"truth":5})";
  const std::vector<std::string> keys = {
      "--verifier", "numeric", "--json", "--response-key", "a.text", "--reference-key", "truth"};
  EXPECT_EQ(Lines(Verify(keys, line).out).at(0)["reward"], 0.0);
  std::vector<std::string> loose = keys;
  loose.insert(loose.end(), {"--option", "abs=0.1"});
  EXPECT_EQ(Lines(Verify(loose, line).out).at(0)["reward"], 1.0);
  loose.insert(loose.end(), {"--option", "max=0.5"});
  EXPECT_EQ(Lines(Verify(loose, line).out).at(0)["kind"], "error");
}

TEST(VerifyCommandTest, TablesForPeople) {
  const ProgramResult result =
      Verify({"--verifier", "exact", "--repeat", "3"}, R"({"response":"a","reference":"a"})");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* part : {"scored         1  100.0 %", "reward   count", "p50 ", "p99 "}) {
    EXPECT_NE(result.out.find(part), std::string::npos) << part << "\n" << result.out;
  }
}

TEST(VerifyCommandTest, AFunctionNeedsNoJobFile) {
  const std::string folder = testing_support::FreshFolder("verify_function");
  const std::string file = folder + "/user.py";
  ASSERT_TRUE(WriteFileAtomically(file, R"(
def right(sample, bonus=0):
    if sample.response == "boom":
        raise ValueError("no")
    return {"reward": float(sample.response == sample.reference) + bonus, "n": len(sample.response)}
)")
                  .ok());
  const std::string lines = R"({"response":"a","reference":"a","expected":1.5}
{"response":"b","reference":"a","expected":0.5}
{"response":"boom","reference":"a","expected":"error"}
)";
  const ProgramResult result = Verify({"--function", file + ":right", "--json", "--option",
                                       "reward_kwargs.bonus=0.5", "--option", "retries=0"},
                                      lines);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::vector<Json> verdicts = Lines(result.out);
  ASSERT_EQ(verdicts.size(), 3u);
  EXPECT_EQ(verdicts[0]["parts"]["n"], 1.0);
  EXPECT_EQ(verdicts[2]["reason"], "ValueError: no (user.py:4)");

  ASSERT_TRUE(WriteFileAtomically(file, "\n\nx = y\n").ok());
  const ProgramResult broken = Verify({"--function", file + ":right"}, lines);
  EXPECT_EQ(broken.exit_code, 2);
  EXPECT_EQ(broken.err, file + ":3: NameError: name 'y' is not defined\n");
  EXPECT_EQ(Verify({}, lines).err, "one of --verifier, --function and --command must be given\n");
}

TEST(VerifyCommandTest, TheExamplesJudgeAsTheyExpect) {
  const std::string folder = std::string(WINNOW_SOURCE_DIR) + "/examples/verifiers/python";
  const ProgramResult result =
      RunProgram({WINNOW_BINARY, "verify", "--function", folder + "/ladder.py:ladder", "--data",
                  folder + "/try.jsonl"});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_NE(result.err.find("5 of 5 as expected"), std::string::npos) << result.err;
}

TEST(VerifyCommandTest, MistakesAreOneLineAndExitCodeTwo) {
  const std::string line = R"({"response":"5","reference":"5"})";
  const auto expect = [](const ProgramResult& result, const std::string& message) {
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.err, message + "\n");
    EXPECT_EQ(result.out, "");
  };
  expect(Verify({"--verifier", "numeric"}, "{}\n"),
         "stdin:1: \"response\" must be a string: (missing)");
  expect(Verify({"--verifier", "numeric"}, "[]\n"), "stdin:1: a line must be a JSON object: []");
  expect(Verify({"--verifier", "numeric"}, ""), "--data must hold at least one line: -");
  expect(Verify({"--verifier", "numeric"}, R"({"response":"5","expected":"good"})"),
         "stdin:1: \"expected\" must be a number, scored, invalid, timeout or error: \"good\"");
  expect(Verify({"--verifier", "numeric", "--reference-key", "gold.x"}, line),
         "stdin:1: \"gold.x\" must be there: (missing)");
  expect(Verify({"--verifier", "numeric", "--option", "abs"}, line),
         "--option must be KEY=VALUE: abs");
  expect(Verify({"--verifier", "numeric", "--option", "abs=x"}, line),
         "reward.abs must be a number: \"x\"");
  EXPECT_NE(Verify({"--verifier", "numreic"}, line).err.find("did you mean numeric?"),
            std::string::npos);
}

}  // namespace
}  // namespace winnow
