#include "reward/plugin/worker_pool.h"

#include <gmock/gmock.h>
#include <signal.h>

#include <thread>

#include "tests/reward/plugin/user_file.h"

namespace winnow::reward::plugin {
namespace {

using testing::ElementsAre;

std::vector<Sample> Samples(const std::vector<const char*>& responses) {
  std::vector<Sample> samples;
  for (const char* response : responses) samples.push_back({.response = response});
  return samples;
}

bool IsGone(pid_t pid) { return kill(pid, 0) != 0 && errno == ESRCH; }

pid_t ReadPid(const std::string& path) {
  const Result<std::string> text = ReadFile(path);
  return text.ok() ? std::stoi(*text) : 0;
}

// Ends a daemon that left its parent, its group and its session as well.
TEST(WorkerPoolTest, ADeadlineEndsAllThatTheWorkerStarted) {
  const UserFile file(R"(
import os, signal, time

def f(sample):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            open("daemon.tmp", "w").write(str(os.getpid()))
            os.rename("daemon.tmp", "daemon")
        time.sleep(100)
    open("worker", "w").write(str(os.getpid()))
    time.sleep(100)
)");
  const auto verifier =
      file.Make({.names = {"f"}}, {.timeout_s = 0.5, .retries = 0, .num_workers = 1}).value();
  EXPECT_THAT(Judge(verifier.get(), Samples({"a"})),
              ElementsAre("timeout: no answer within 0.5 s"));
  const pid_t daemon = ReadPid(file.folder() + "/daemon");
  const pid_t worker = ReadPid(file.folder() + "/worker");
  ASSERT_GT(daemon, 0);
  ASSERT_GT(worker, 0);
  EXPECT_TRUE(IsGone(daemon));
  EXPECT_TRUE(IsGone(worker));
  EXPECT_EQ(verifier->stats().worker_restarts, 1u);
}

TEST(WorkerPoolTest, AWorkerThatEndsTakesItsChildrenAlong) {
  const UserFile file(R"(
import os, time

def f(sample):
    pid = os.fork()
    if pid == 0:
        os.setsid()
        time.sleep(100)
    open("child", "w").write(str(pid))
    os._exit(7)
)");
  const auto verifier = file.Make({.names = {"f"}}, {.retries = 0, .num_workers = 1}).value();
  EXPECT_THAT(Judge(verifier.get(), Samples({"a"})),
              ElementsAre("error: the worker ended without an answer: exit code 7"));
  const pid_t child = ReadPid(file.folder() + "/child");
  ASSERT_GT(child, 0);
  EXPECT_TRUE(IsGone(child));
}

TEST(WorkerPoolTest, ARetryRunsOnAFreshWorkerAndOtherSamplesKeepTheirVerdicts) {
  const UserFile file(R"(
import os, time

asked = 0

def f(sample):
    global asked
    asked += 1
    if sample.response == "stuck once" and not os.path.exists("tried"):
        open("tried", "w").write("x")
        time.sleep(100)
    return {"reward": 1.0, "asked": asked}
)");
  const auto verifier =
      file.Make({.names = {"f"}}, {.timeout_s = 0.4, .retries = 1, .num_workers = 1}).value();
  // The third sample goes on with the fresh worker; the second is asked again on that one.
  EXPECT_THAT(Judge(verifier.get(), Samples({"a", "stuck once", "b"})),
              ElementsAre("scored 1 (asked=1)", "scored 1 (asked=2)", "scored 1 (asked=1)"));
  EXPECT_EQ(verifier->stats().retries, 1u);
}

TEST(WorkerPoolTest, AFailedGroupIsAskedAgainSampleBySample) {
  const UserFile file(R"(
def f(samples):
    if any(s.response == "bad" for s in samples):
        raise ValueError("bad")
    return [float(len(samples)) for s in samples]
)");
  const auto verifier = file.Make({.names = {"f"}}, {.retries = 1, .num_workers = 2}).value();
  EXPECT_THAT(Judge(verifier.get(), Samples({"a", "bad", "b"})),
              ElementsAre("scored 1", "error: ValueError: bad (user.py:4)", "scored 1"));
  EXPECT_THAT(Judge(verifier.get(), Samples({"a", "b"})), ElementsAre("scored 2", "scored 2"));
}

TEST(WorkerPoolTest, CallsFromManyThreadsLoseNothing) {
  const UserFile file(R"(
import os

def f(sample):
    if sample.response == "die":
        os._exit(1)
    return float(sample.response)
)");
  const auto verifier = file.Make({.names = {"f"}}, {.retries = 0, .num_workers = 3}).value();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&verifier] {
      std::vector<std::string> want, texts;
      for (int i = 0; i < 40; ++i) {
        texts.push_back(i % 10 == 9 ? "die" : std::to_string(i % 9));
        want.push_back(i % 10 == 9 ? "error: the worker ended without an answer: exit code 1"
                                   : "scored " + std::to_string(i % 9));
      }
      std::vector<Sample> samples;
      for (const std::string& text : texts) samples.push_back({.response = text});
      EXPECT_EQ(Judge(verifier.get(), samples), want);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(WorkerPoolTest, AWorkerIsReplacedAfterItsSamples) {
  const UserFile file("def f(sample):\n    f.n = getattr(f, 'n', 0) + 1\n    return f.n\n");
  const FunctionChoice choice{.names = {"f"}};
  const auto verifier = file.Make(choice, {.retries = 0, .num_workers = 1, .memory_mb = 1}).value();
  // 1 MB is less than a Python process holds: each call gets a fresh worker.
  EXPECT_THAT(Judge(verifier.get(), Samples({"a", "a"})), ElementsAre("scored 1", "scored 2"));
  EXPECT_THAT(Judge(verifier.get(), Samples({"a"})), ElementsAre("scored 1"));
  const auto roomy = file.Make(choice, {.retries = 0, .num_workers = 1}).value();
  EXPECT_THAT(Judge(roomy.get(), Samples({"a", "a"})), ElementsAre("scored 1", "scored 2"));
  EXPECT_THAT(Judge(roomy.get(), Samples({"a"})), ElementsAre("scored 3"));
}

}  // namespace
}  // namespace winnow::reward::plugin
