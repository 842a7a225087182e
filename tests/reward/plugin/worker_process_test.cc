#include "reward/plugin/worker_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "reward/plugin/launcher.h"

namespace winnow::reward::plugin {
namespace {

using Received = WorkerProcess::Received;

// A shell program that speaks lines, and its log.
struct Shell {
  explicit Shell(const std::string& script, Framing framing = Framing::kLines)
      : worker(StartCommand({.command = {"sh", "-c", script}, .framing = framing}, &log).value()) {}
  OutputLog log{""};
  std::unique_ptr<WorkerProcess> worker;
};

TEST(WorkerProcessTest, MessagesGoBothWays) {
  Shell shell("read a; read b; echo \"$b $a\"; echo last");
  EXPECT_TRUE(shell.worker->Send("one", Deadline::After(5)));
  EXPECT_TRUE(shell.worker->Send("two", Deadline::After(5)));
  std::string message;
  ASSERT_EQ(shell.worker->Receive(&message, Deadline::After(5)), Received::kMessage);
  EXPECT_EQ(message, "two one");
  ASSERT_EQ(shell.worker->Receive(&message, Deadline::After(5)), Received::kMessage);
  EXPECT_EQ(message, "last");
  EXPECT_EQ(shell.worker->Receive(&message, Deadline::After(5)), Received::kClosed);
}

TEST(WorkerProcessTest, SaysHowTheWorkerEnded) {
  EXPECT_EQ(Shell("exit 5").worker->End(/*let_end=*/true), "exit code 5");
  EXPECT_EQ(Shell("kill -SEGV $$").worker->End(/*let_end=*/true), "signal 11 (Segmentation fault)");
  EXPECT_EQ(Shell("sleep 100").worker->End(/*let_end=*/false), "signal 9 (Killed)");
}

TEST(WorkerProcessTest, ADeadlineIsKept) {
  Shell shell("sleep 100");
  std::string message;
  EXPECT_EQ(shell.worker->Receive(&message, Deadline::After(0.05)), Received::kTimeout);
}

TEST(WorkerProcessTest, ALongReplyIsRefused) {
  std::string message;
  Shell lines("head -c 2000000 /dev/zero | tr '\\0' x");
  EXPECT_EQ(lines.worker->Receive(&message, Deadline::After(5)), Received::kTooLong);
  Shell frames("printf '\\377\\377\\377\\177' >&3; sleep 100", Framing::kBinary);
  EXPECT_EQ(frames.worker->Receive(&message, Deadline::After(5)), Received::kTooLong);
}

TEST(WorkerProcessTest, SeesTheMemoryOfTheWorker) {
  Shell shell("echo ready; sleep 100");
  std::string message;
  ASSERT_EQ(shell.worker->Receive(&message, Deadline::After(5)), Received::kMessage);
  EXPECT_GT(shell.worker->ResidentBytes(), 100u << 10);
}

TEST(WorkerProcessTest, HasNoOtherDescriptorOfTheHost) {
  const int secret = open("/etc/passwd", O_RDONLY);  // Not marked close-on-exec.
  ASSERT_GE(secret, 0);
  Shell shell("readlink /proc/self/fd/* | grep -c passwd");
  close(secret);
  std::string count;
  ASSERT_EQ(shell.worker->Receive(&count, Deadline::After(5)), Received::kMessage);
  EXPECT_EQ(count, "0");
}

}  // namespace
}  // namespace winnow::reward::plugin
