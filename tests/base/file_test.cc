#include "base/file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace winnow {
namespace {

class FileTest : public testing::Test {
 protected:
  FileTest() : folder_(testing::TempDir() + "winnow_file_test_" + std::to_string(getpid())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  std::string folder_;
};

TEST_F(FileTest, ReplacesAtomicallyAndReadsBack) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "one").ok());
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "two").ok());
  EXPECT_EQ(*ReadFile(Path("a")), "two");
  EXPECT_FALSE(std::filesystem::exists(Path("a.tmp")));
}

TEST_F(FileTest, NamesWhatIsMissing) {
  const Status status = ReadFile(Path("none")).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.message(), Path("none") + " (No such file or directory)");
  EXPECT_EQ(ReadFile(folder_).status().message(), folder_ + " (not a regular file)");
}

TEST_F(FileTest, ReadBeyondTheEndIsDataLoss) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "abc").ok());
  const auto file = RandomAccessFile::Open(Path("a"));
  ASSERT_TRUE(file.ok());
  char out[4];
  EXPECT_TRUE(file->Read(1, 2, out).ok());
  EXPECT_EQ(file->Read(1, 3, out).code(), StatusCode::kDataLoss);
}

TEST_F(FileTest, LockIsExclusive) {
  auto first = FileLock::Acquire(Path("lock"));
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(FileLock::Acquire(Path("lock")).status().code(), StatusCode::kFailedPrecondition);
  { const FileLock moved = std::move(first).value(); }
  EXPECT_TRUE(FileLock::Acquire(Path("lock")).ok());
}

TEST_F(FileTest, LinesLoseBomAndCarriageReturn) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "\xEF\xBB\xBFone\r\n\ntwo").ok());
  std::vector<std::string> lines;
  ASSERT_TRUE(ForEachLine(Path("a"), [&](std::string_view text, size_t number) {
                EXPECT_EQ(number, lines.size() + 1);
                lines.emplace_back(text);
                return OkStatus();
              }).ok());
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "", "two"}));
}

TEST_F(FileTest, ListsAFolderByName) {
  for (const char* name : {"b", "a", "c"}) ASSERT_TRUE(WriteFileAtomically(Path(name), "x").ok());
  EXPECT_EQ(*ListFolder(folder_), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(ListFolder(Path("none")).status().code(), StatusCode::kNotFound);
}

TEST_F(FileTest, AppendsAndTruncates) {
  {
    auto file = WritableFile::Append(Path("log"));
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->Write("a").ok());
  }
  {
    auto file = WritableFile::Append(Path("log"));
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->Write("b").ok());
    ASSERT_TRUE(file->Sync().ok());
  }
  EXPECT_EQ(*ReadFile(Path("log")), "ab");
  { ASSERT_TRUE(WritableFile::Create(Path("log")).ok()); }
  EXPECT_EQ(*ReadFile(Path("log")), "");
}

}  // namespace
}  // namespace winnow
