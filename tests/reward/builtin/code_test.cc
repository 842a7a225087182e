#include <sstream>

#include "tests/reward/judging.h"
#include "tests/reward/sandbox/sandboxed.h"

namespace winnow::reward {
namespace {

using CodeTest = sandbox::SandboxTest;

constexpr const char* kPairs = R"({"inputs": ["2\n", "5\n"], "outputs": ["4\n", "25\n"]})";
constexpr const char* kCalls = R"([{"function": "square", "args": [3], "result": 9},
                                   {"function": "square", "args": [-2], "result": 4}])";
constexpr const char* kAsserts = R"(["assert square(3) == 9", "assert square(-2) == 4"])";

std::string Fenced(const std::string& program) { return "So:\n```python\n" + program + "\n```\n"; }

// Short limits; the wall limit follows from cpu_s.
VerifierOptions Short(VerifierOptions options = {}) {
  options.emplace("cpu_s", "0.2");
  return options;
}

// "REWARD passed=SHARE", or the verdict in words.
std::string Ask(Judge* judge, const std::string& reference, const std::string& program) {
  const Verdict verdict = judge->Ask(reference, Fenced(program));
  if (!verdict.is_scored()) return verdict.ToString();
  const double* passed = verdict.FindPart("passed");
  std::ostringstream text;
  text << verdict.reward() << " passed=" << (passed == nullptr ? -1.0 : *passed);
  if (verdict.FindPart("weak") != nullptr) text << " weak";
  return text.str();
}

TEST_F(CodeTest, JudgesPairs) {
  Judge judge("code");
  EXPECT_EQ(Ask(&judge, kPairs, "print(int(input()) ** 2)"), "1 passed=1");
  EXPECT_EQ(Ask(&judge, kPairs, "print(int(input()) * 2)"), "0 passed=0.5");
  EXPECT_EQ(Ask(&judge, kPairs, "print(4)\nraise ValueError"), "0 passed=0");
  EXPECT_EQ(Ask(&judge, kPairs, "def f(:"), "0 passed=0");
}

TEST_F(CodeTest, JudgesCalls) {
  Judge judge("code");
  EXPECT_EQ(Ask(&judge, kCalls, "def square(x): return x * x"), "1 passed=1");
  EXPECT_EQ(Ask(&judge, kCalls, "def square(x): return 3 * x"), "0 passed=0.5");
  EXPECT_EQ(Ask(&judge, kCalls, "class Solution:\n  def square(self, x): return x * x"),
            "1 passed=1");
  EXPECT_EQ(Ask(&judge, kCalls, "print('noise')\ndef square(x):\n  print(x)\n  return x * x"),
            "1 passed=1");
  EXPECT_EQ(Ask(&judge, kCalls, "def cube(x): return x"), "0 passed=0");
  EXPECT_EQ(Ask(&judge, kCalls, "x = input()\ndef square(x): return x * x"), "0 passed=0");
  EXPECT_EQ(
      Ask(&judge, R"([{"function":"f","args":[50],"result":1267650600228229401496703205376}])",
          "def f(x): return 4 ** x"),
      "1 passed=1");
  EXPECT_EQ(Ask(&judge, R"([{"function":"f","args":[100000000000000000001],"result":[1, 0.5]}])",
                "def f(x): return (x % 10, 1 / 2)"),
            "1 passed=1");
}

TEST_F(CodeTest, JudgesAssertionsAsWeak) {
  Judge judge("code");
  EXPECT_EQ(Ask(&judge, kAsserts, "def square(x): return x * x"), "1 passed=1 weak");
  EXPECT_EQ(Ask(&judge, kAsserts, "def square(x): return 3 * x"), "0 passed=0.5 weak");
}

TEST_F(CodeTest, PartialPaysTheShare) {
  Judge judge("code", {{"partial", "true"}});
  EXPECT_EQ(Ask(&judge, kPairs, "x = int(input())\nprint(x * x if x > 2 else 0)"),
            "0.5 passed=0.5");
  EXPECT_EQ(Judge("code").Reward(kPairs, Fenced("print(25)")), 0.0f);
}

TEST_F(CodeTest, RunsTheFirstTestsOnly) {
  Judge judge("code", {{"max_tests", "1"}});
  EXPECT_EQ(Ask(&judge, kPairs, "print(int(input()) * 2)"), "1 passed=1");
}

TEST_F(CodeTest, WhatThePolicyGetsWrongIsScored) {
  Judge judge("code", Short({{"memory_mb", "128"}}));
  const std::string all[] = {
      "while True: pass",
      "import os\nos._exit(0)",
      "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
      "b = bytearray(1 << 30)",
      "while True: print('4' * 65536)",
      "import os\nos.closerange(0, 64)",
      "import os, signal\ntry: os.kill(1, signal.SIGKILL)\nfinally: os.kill(-1, signal.SIGKILL)",
      "import os\nos.chmod('/box', 0)\nos.chmod('/box/program.py', 0)\nos.chmod('/tmp', 0)",
  };
  for (const std::string& program : all) {
    for (const char* tests : {kPairs, kCalls}) {
      EXPECT_EQ(Ask(&judge, tests, program), "0 passed=0") << program;
    }
  }
}

// It meets the wall limit twice, the second time alone, and is scored.
TEST_F(CodeTest, AProgramThatWaitsByItselfHasFailed) {
  Judge judge("code", {{"cpu_s", "0.05"}, {"max_tests", "1"}});
  EXPECT_EQ(Ask(&judge, kPairs, "import time\ntime.sleep(1000)"), "0 passed=0");
}

// It takes longer than the wall limit only the first time, as on a machine under load.
TEST_F(CodeTest, AProgramThatIsSlowOnceIsJudgedBySecondRun) {
  Judge judge("code", {{"cpu_s", "0.08"}, {"max_tests", "1"}});
  EXPECT_EQ(Ask(&judge, kPairs, "import time\nx = int(input())\ntime.sleep(1.05)\nprint(x * x)"),
            "1 passed=1");
}

TEST_F(CodeTest, ForgedResultsAreWrongAnswers) {
  Judge judge("code", Short());
  const std::string forgeries[] = {
      // The result channel, early and late.
      "import os\nos.write(3, b'r9')\nos._exit(0)",
      "import os\ndef square(x):\n  os.write(3, b'81')\n  os._exit(0)",
      "import os\nfor i in range(3, 64):\n  try: os.write(i, b'r9')\n  except OSError: pass",
      // The harness's own names.
      "import json\njson.dumps = lambda x: 'null'\ndef square(x): return 0",
      "import sys\nsys.modules['__main__'].main = lambda: None\ndef square(x): return 0",
      // A value that is equal to everything.
      "class E(int):\n  def __eq__(self, other): return True\ndef square(x): return E(1)",
      "class E:\n  def __eq__(self, other): return True\ndef square(x): return E()",
  };
  for (const std::string& program : forgeries) {
    EXPECT_EQ(Ask(&judge, kCalls, program).substr(0, 2), "0 ") << program;
  }
}

// Assertions can be fooled, so these verdicts are marked; the plain ways still fail.
TEST_F(CodeTest, AssertionsNeedTheMarker) {
  Judge judge("code", Short());
  const std::string forgeries[] = {
      "import os\nos._exit(0)",
      "import sys\nsys.exit(0)",
      "import os\nos.write(3, b'r')\nos._exit(0)",
      "import os\nos.write(3, b'r' + b'0' * 32)\nos._exit(0)",
      "import os\ndef square(x): os._exit(0)",
      "def square(x): raise SystemExit(0)",
  };
  for (const std::string& program : forgeries) {
    EXPECT_EQ(Ask(&judge, kAsserts, program), "0 passed=0 weak") << program;
  }
  EXPECT_EQ(Ask(&judge, kAsserts,
                "class E:\n  def __eq__(self, other): return True\ndef square(x): return E()"),
            "1 passed=1 weak");
}

TEST_F(CodeTest, ExpectedResultsAreNowhereInTheSandbox) {
  Judge judge("code");
  const std::string secret = "73195682";
  const std::string search =
      "import os\n"
      "def square(x):\n"
      "  for folder in ('/box', '/tmp', '/proc/self', '/'):\n"
      "    for name in os.listdir(folder):\n"
      "      try: data = open(folder + '/' + name, 'rb').read(1 << 20)\n"
      "      except OSError: continue\n"
      "      if b'" +
      secret.substr(0, 4) + "' b'" + secret.substr(4) +
      "' in data: return "
      "int('" +
      secret.substr(0, 4) + "' '" + secret.substr(4) +
      "')\n"
      "  return 0";
  EXPECT_EQ(Ask(&judge, R"([{"function":"square","args":[1],"result":)" + secret + "}]", search),
            "0 passed=0");
}

TEST_F(CodeTest, TestsOfAProgramShareNoFiles) {
  Judge judge("code");
  EXPECT_EQ(Ask(&judge, R"({"inputs": ["", "", ""], "outputs": ["0", "0", "0"]})",
                "import os\nprint(len(os.listdir('/tmp')))\nopen('/tmp/x', 'w')"),
            "1 passed=1");
}

// Rights that it takes from its own files are given back, so it cannot break its next test and be
// called unknown instead of wrong.
TEST_F(CodeTest, AProgramCannotSpoilItsSandbox) {
  Judge judge("code");
  EXPECT_EQ(Ask(&judge, kPairs,
                "import os\nprint(int(input()) ** 2)\nos.chmod('/box/program.py', 0)\n"
                "os.chmod('/box', 0)\nos.chmod('/tmp', 0)"),
            "1 passed=1");
}

TEST_F(CodeTest, NoProgramIsNoAnswer) {
  Judge judge("code", {{"no_answer", "-0.5"}});
  EXPECT_EQ(judge.Ask(kPairs, "print(4)").ToString(), "scored -0.5 (answered=0)");
  EXPECT_EQ(judge.Ask(kPairs, "<think>```\nprint(4)\n```").reward(), -0.5f);
  EXPECT_EQ(Judge("code", {{"no_answer", "invalid"}}).Ask(kPairs, "none").kind(),
            VerdictKind::kInvalid);
}

TEST_F(CodeTest, ABadReferenceIsAFaultOfTheData) {
  Judge judge("code");
  EXPECT_EQ(judge.Ask("", Fenced("x")).ToString(), "invalid: the row has no reference");
  EXPECT_EQ(judge.Ask("[1", Fenced("x")).ToString(), "invalid: the reference is no JSON");
  EXPECT_EQ(Judge("code", {{"language", "cpp"}}).Ask(kCalls, Fenced("x")).ToString(),
            "invalid: calls and assertions need language: python");
}

TEST_F(CodeTest, TheDeadlineIsATimeout) {
  const auto verifier = MakeVerifier("code", {}).value();
  const std::string response = Fenced("import time\ntime.sleep(1000)");
  const Sample sample{.response = response, .reference = kPairs};
  Verdict verdict;
  verifier->Verify({&sample, 1}, Deadline::After(0.2), {&verdict, 1});
  EXPECT_EQ(verdict.kind(), VerdictKind::kTimeout);
  verifier->Verify({&sample, 1}, Deadline::After(-1.0), {&verdict, 1});
  EXPECT_EQ(verdict.kind(), VerdictKind::kTimeout);
}

TEST_F(CodeTest, ABatchIsJudgedSampleBySample) {
  const auto verifier = MakeVerifier("code", {}).value();
  std::vector<std::string> responses;
  for (int i = 0; i < 9; ++i) {
    responses.push_back(Fenced(i % 3 == 0 ? "print(int(input()) ** 2)" : "print(0)"));
  }
  std::vector<Sample> samples;
  for (const std::string& response : responses) {
    samples.push_back({.response = response, .reference = kPairs});
  }
  std::vector<Verdict> verdicts(samples.size());
  verifier->Verify(samples, Deadline::Never(), verdicts);
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(verdicts[i].ToString(),
              i % 3 == 0 ? "scored 1 (answered=1, passed=1)" : "scored 0 (answered=1, passed=0)");
  }
}

TEST_F(CodeTest, JudgesCpp) {
  if (access("/usr/bin/g++", X_OK) != 0) GTEST_SKIP() << "no /usr/bin/g++";
  Judge judge("code", {{"language", "cpp"}});
  EXPECT_EQ(
      Ask(&judge, kPairs,
          "#include <cstdio>\nint main() { int x; scanf(\"%d\", &x); printf(\"%d\", x * x); }"),
      "1 passed=1");
  EXPECT_EQ(Ask(&judge, kPairs,
                "#include <sys/stat.h>\n#include <cstdio>\nint main() { int x; scanf(\"%d\", &x); "
                "printf(\"%d\", x * x); chmod(\"/box/program\", 0); chmod(\"/box\", 0); }"),
            "1 passed=1");
  EXPECT_EQ(Ask(&judge, kPairs, "int main() { return x; }"), "0 passed=0");
}

TEST_F(CodeTest, JudgesACommandsPrograms) {
  Judge judge("code", {{"language", "sh -e"}});
  EXPECT_EQ(Ask(&judge, kPairs, "read x; echo $((x * x))"), "1 passed=1");
  EXPECT_EQ(Ask(&judge, kPairs, "false; echo 4"), "0 passed=0");
}

TEST_F(CodeTest, RefusesALanguageThatIsNotThere) {
  for (const char* language : {"cobol-85", "/bin/sh", "./sh", ""}) {
    EXPECT_EQ(MistakeOf("code", {{"language", language}}),
              std::string("reward.language must be python, cpp, or a command whose program is in "
                          "/usr: \"") +
                  language + "\"");
  }
  EXPECT_EQ(MistakeOf("code", {{"extract", "boxed"}}),
            "reward.extract must be auto, as code takes the last fenced block: \"boxed\"");
}

}  // namespace
}  // namespace winnow::reward
