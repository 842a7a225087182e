#include "reward/sandbox/sandbox.h"

#include <fstream>
#include <thread>

#include "tests/reward/sandbox/sandboxed.h"

namespace winnow::reward::sandbox {
namespace {

using SandboxRunTest = SandboxTest;

pid_t ParentOf(pid_t process) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string id, name, state;
  pid_t parent = 0;
  stat >> id >> name >> state >> parent;
  return parent;
}

TEST_F(SandboxRunTest, GivesInputAndTakesOutput) {
  const RunResult result = Python(
      "import sys\nprint(input()[::-1])\nsys.stderr.write('e')\nexit(3)", RunLimits(), "abc\n");
  EXPECT_EQ(result.end, EndKind::kExited);
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.stdout_bytes, "cba\n");
  EXPECT_EQ(result.stderr_bytes, "e");
  EXPECT_FALSE(result.succeeded());
  EXPECT_GT(result.cpu_s, 0.0);
}

// Both directions are larger than a pipe holds, so neither side may wait for the other.
TEST_F(SandboxRunTest, MovesMoreThanAPipeHolds) {
  RunLimits limits;
  limits.keep_bytes = 4 << 20;
  const std::string input(3 << 20, 'x');
  const RunResult result = Python("import sys\nsys.stdout.write(sys.stdin.read())", limits, input);
  EXPECT_TRUE(result.succeeded()) << result.stderr_bytes;
  EXPECT_TRUE(result.stdout_bytes == input) << result.stdout_bytes.size();
}

TEST_F(SandboxRunTest, InputThatNobodyReadsIsNoHang) {
  EXPECT_TRUE(Python("pass", RunLimits(), std::string(1 << 20, 'x')).succeeded());
}

TEST_F(SandboxRunTest, KeepsTheStartOfALongOutput) {
  RunLimits limits;
  limits.keep_bytes = 10;
  const RunResult result = Python("print('0123456789' * 100000)", limits);
  EXPECT_TRUE(result.succeeded());
  EXPECT_EQ(result.stdout_bytes, "0123456789");
  EXPECT_TRUE(result.is_cut);
}

TEST_F(SandboxRunTest, OutputUpToTheBoundIsNoBomb) {
  RunLimits limits;
  limits.output_bytes = 1 << 20;
  EXPECT_TRUE(Python("import sys\nsys.stdout.write('x' * (1 << 20))", limits).succeeded());
  EXPECT_EQ(Python("import sys\nsys.stdout.write('x' * (1 << 20) + 'y')", limits).end,
            EndKind::kOutput);
}

TEST_F(SandboxRunTest, WithholdsInputUntilTheProgramIsLoaded) {
  const char* program =
      "import os, select\n"
      "early = select.select([0], [], [], 0.1)[0]\n"
      "os.write(3, b'r')\n"
      "os.write(3, (str(early) + input()).encode())";
  const RunResult result = Python(program, RunLimits(), "late\n", kHasResult | kFeedWhenLoaded);
  EXPECT_TRUE(result.succeeded()) << result.stderr_bytes;
  EXPECT_EQ(result.result_bytes, "[]late");
}

// Time in a system call and time of children counts too.
TEST_F(SandboxRunTest, CountsCpuTimeOfReapedChildren) {
  const char* program =
      "import os\n"
      "for i in range(100):\n"
      "  if os.fork() == 0:\n"
      "    while os.times().user + os.times().system < 0.05: pass\n"
      "    os._exit(0)\n"
      "  os.wait()";
  const RunResult result = Python(program, LimitsOf(0.3, 40.0));
  EXPECT_EQ(result.end, EndKind::kCpu);
}

// So does time of orphans, which process 1 reaps.
TEST_F(SandboxRunTest, CountsCpuTimeOfOrphans) {
  const char* program =
      "import os, time\n"
      "for i in range(100):\n"
      "  if os.fork() == 0:\n"
      "    if os.fork() == 0:\n"
      "      while os.times().user + os.times().system < 0.05: pass\n"
      "    os._exit(0)\n"
      "  os.wait()\n"
      "  time.sleep(0.05)";
  const RunResult result = Python(program, LimitsOf(0.5, 40.0));
  EXPECT_EQ(result.end, EndKind::kCpu);
  EXPECT_LE(result.cpu_s, 1.0);  // while it ran, not after its end
}

// Waiting costs nothing: only the wall limit, a net, ends it.
TEST_F(SandboxRunTest, WaitingIsNoCpuTime) {
  const RunResult result = Python("import time\ntime.sleep(0.5)", LimitsOf(0.2, 40.0));
  EXPECT_TRUE(result.succeeded());
  EXPECT_GE(result.wall_s, 0.5);
  EXPECT_LT(result.cpu_s, 0.2);
}

TEST_F(SandboxRunTest, PagesSharedAfterForkCountOnce) {
  RunLimits limits;
  limits.memory_bytes = 200 << 20;
  const char* program =
      "import os, time\n"
      "b = bytearray(120 << 20)\n"
      "for i in range(4):\n"
      "  if os.fork() == 0: time.sleep(0.2); os._exit(0)\n"
      "for i in range(4): os.wait()";
  EXPECT_TRUE(Python(program, limits).succeeded());
}

TEST_F(SandboxRunTest, AProgramThatIsNotThereIsNoVerdict) {
  Result<Sandbox> sandbox = Sandbox::Start();
  ASSERT_TRUE(sandbox.ok());
  const Result<RunResult> result = sandbox->Run({.arguments = {"/usr/bin/no-such-program"}});
  EXPECT_EQ(result.status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(result.status().message(),
            "sandbox: cannot execute the program: No such file or directory");
}

TEST_F(SandboxRunTest, TheDeadlineEndsARun) {
  Result<Sandbox> sandbox = Sandbox::Start();
  ASSERT_TRUE(sandbox.ok());
  ASSERT_TRUE(sandbox->PutFile("program.py", "import time\ntime.sleep(1000)").ok());
  const Result<RunResult> result =
      sandbox->Run({.arguments = {"/usr/bin/python3", "/box/program.py"}}, Deadline::After(0.1));
  EXPECT_EQ(result.status().code(), StatusCode::kDeadlineExceeded);
}

// An init that is killed from outside says nothing about the program.
TEST_F(SandboxRunTest, AKilledSandboxIsUnavailable) {
  Result<Sandbox> sandbox = Sandbox::Start();
  ASSERT_TRUE(sandbox.ok());
  kill(sandbox->init_id(), SIGKILL);
  const Result<RunResult> result = sandbox->Run({.arguments = {"/usr/bin/true"}});
  EXPECT_EQ(result.status().code(), StatusCode::kUnavailable);
}

// A signal to the process group of a terminal, such as Ctrl-C, does not reach a sandbox, and what
// this process blocks or ignores is not blocked or ignored inside.
TEST_F(SandboxRunTest, SignalsOfTheTerminalStayOutside) {
  const auto ignored = signal(SIGTERM, SIG_IGN);
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  Result<Sandbox> sandbox = Sandbox::Start();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  signal(SIGTERM, ignored);
  ASSERT_TRUE(sandbox.ok());
  EXPECT_NE(getsid(ParentOf(sandbox->init_id())), getsid(0));  // bubblewrap itself
  const Result<RunResult> result = RunPython(
      &*sandbox,
      "import signal\n"
      "print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL, signal.pthread_sigmask(0, []))");
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->stdout_bytes, "True set()\n");
}

TEST_F(SandboxRunTest, SandboxesRunSideBySide) {
  std::vector<std::thread> threads;
  std::vector<std::string> said(4);
  for (size_t i = 0; i < said.size(); ++i) {
    threads.emplace_back([&said, i] {
      said[i] = Python("print(input())", RunLimits(), std::to_string(i)).stdout_bytes;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(said, (std::vector<std::string>{"0\n", "1\n", "2\n", "3\n"}));
}

TEST_F(SandboxRunTest, SetsAreOrderedAlikeInEveryRun) {
  const char* program = "print(list({str(i) for i in range(50)}))";
  EXPECT_EQ(Python(program).stdout_bytes, Python(program).stdout_bytes);
}

TEST_F(SandboxRunTest, RunsAsNobodyOfThisMachine) {
  const RunResult result = Python("import os\nprint(os.getresuid(), os.getgroups())");
  EXPECT_EQ(result.stdout_bytes.find("(0, "), std::string::npos) << result.stdout_bytes;
}

}  // namespace
}  // namespace winnow::reward::sandbox
