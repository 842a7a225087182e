#include "reward/plugin/output_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"

namespace winnow::reward::plugin {
namespace {

void WriteText(const OutputLog& log, const std::string& text) {
  ASSERT_EQ(write(log.descriptor(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

TEST(OutputLogTest, KeepsTheLastLinesAndLimitsTheFile) {
  char folder[] = "/tmp/winnow_log_XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string path = std::string(folder) + "/verifier.log";
  {
    OutputLog log(path);
    EXPECT_FALSE(std::filesystem::exists(path));
    for (int i = 0; i < 500; ++i) WriteText(log, "line " + std::to_string(i) + "\n");
    std::vector<std::string> lines;
    for (int i = 0; i < 100 && (lines.empty() || lines.back() != "line 499"); ++i) {
      lines = log.LastLines();
    }
    ASSERT_EQ(lines.size(), OutputLog::kKeptLines);
    EXPECT_EQ(lines.front(), "line 480");
    EXPECT_EQ(lines.back(), "line 499");
  }
  const std::string text = ReadFile(path).value();
  EXPECT_TRUE(text.starts_with("line 0\nline 1\n")) << text;
  EXPECT_LE(static_cast<size_t>(std::count(text.begin(), text.end(), '\n')),
            OutputLog::kLinesPerWindow);
  std::filesystem::remove_all(folder);
}

TEST(OutputLogTest, ControlCharactersAreEscaped) {
  OutputLog log("");
  WriteText(log, "a\x1b[31mred\n");
  std::vector<std::string> lines;
  for (int i = 0; i < 100 && lines.empty(); ++i) lines = log.LastLines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0], "a\\x1b[31mred");
}

}  // namespace
}  // namespace winnow::reward::plugin
