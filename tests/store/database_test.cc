#include "store/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "store/record.h"
#include "tests/store/history_builder.h"

namespace winnow::store {
namespace {

using testing::ElementsAre;

std::vector<std::string> Keys(const Database& database, Family family, std::string_view prefix) {
  std::vector<std::string> keys;
  const auto cursor = database.Scan(family, prefix);
  for (; cursor->Valid(); cursor->Next()) keys.emplace_back(cursor->key());
  EXPECT_TRUE(cursor->status().ok());
  return keys;
}

std::set<std::string> Names(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

class DatabaseTest : public testing::Test {
 protected:
  std::unique_ptr<Database> Open(Database::Mode mode) {
    return Database::Open(run_.history(), mode).value();
  }
  RunFolder run_;
};

TEST_F(DatabaseTest, ReadsWhatWasWrittenFamilyByFamily) {
  const auto database = Open(Database::Mode::kCreate);
  ASSERT_TRUE(database->Write({{Family::kAgg, "key", "one"}, {Family::kMeta, "key", "two"}}).ok());
  EXPECT_EQ(database->Get(Family::kAgg, "key").value(), "one");
  EXPECT_EQ(database->Get(Family::kMeta, "key").value(), "two");
  EXPECT_EQ(database->Get(Family::kSkip, "key").value(), std::nullopt);
  EXPECT_THAT(database->GetMany(Family::kAgg, {"none", "key"}).value(),
              ElementsAre(std::nullopt, "one"));
}

TEST_F(DatabaseTest, ScansAPromptOfHistAndAllOfIt) {
  const auto database = Open(Database::Mode::kCreate);
  std::vector<Put> puts;
  for (uint64_t prompt : {1, 2, 3}) {
    for (uint64_t step : {300, 5}) {
      puts.push_back({Family::kHist, HistKey(PromptId(prompt), step, 0), "x"});
      puts.push_back({Family::kSkip, SkipKey(PromptId(prompt), step), "x"});
    }
  }
  ASSERT_TRUE(database->Write(puts).ok());
  for (bool on_disk : {false, true}) {  // from memory, then through the prefix bloom of a file
    EXPECT_THAT(Keys(*database, Family::kHist, PromptKey(PromptId(2))),
                ElementsAre(HistKey(PromptId(2), 5, 0), HistKey(PromptId(2), 300, 0)));
    EXPECT_THAT(Keys(*database, Family::kSkip, PromptKey(PromptId(3))),
                ElementsAre(SkipKey(PromptId(3), 5), SkipKey(PromptId(3), 300)));
    EXPECT_TRUE(Keys(*database, Family::kHist, PromptKey(PromptId(4))).empty());
    EXPECT_EQ(Keys(*database, Family::kHist, "").size(), 6u);
    if (!on_disk) {
      ASSERT_TRUE(database->CreateCheckpoint(run_.path() + "/copy").ok());
    }
  }
}

TEST_F(DatabaseTest, ReadingACopyLeavesNoFileInIt) {
  const std::string copy = run_.path() + "/copy";
  {
    const auto database = Open(Database::Mode::kCreate);
    ASSERT_TRUE(database->Write({{Family::kAgg, "key", "one"}}).ok());
    ASSERT_TRUE(database->CreateCheckpoint(copy).ok());
  }
  const auto before = Names(copy);
  {
    const auto reader = Database::Open(copy, Database::Mode::kRead).value();
    EXPECT_EQ(reader->Get(Family::kAgg, "key").value(), "one");
    EXPECT_TRUE(reader->VerifyChecksums().ok());
  }
  EXPECT_EQ(Names(copy), before);
}

TEST_F(DatabaseTest, ASecondaryFollowsItsWriterAndLeavesNothingBehind) {
  RunFolder temporary;
  ASSERT_EQ(::setenv("TMPDIR", temporary.path().c_str(), 1), 0);
  const auto writer = Open(Database::Mode::kCreate);
  ASSERT_TRUE(writer->Write({{Family::kAgg, "key", "one"}}).ok());
  const auto before = Names(run_.history());
  {
    const auto one = Open(Database::Mode::kSecondary);
    const auto two = Open(Database::Mode::kSecondary);
    EXPECT_EQ(Names(temporary.path()).size(), 2u);
    EXPECT_EQ(one->Get(Family::kAgg, "key").value(), "one");
    ASSERT_TRUE(writer->Write({{Family::kAgg, "key", "two"}}).ok());
    EXPECT_EQ(one->Get(Family::kAgg, "key").value(), "one");  // until it catches up
    ASSERT_TRUE(one->CatchUp().ok());
    EXPECT_EQ(one->Get(Family::kAgg, "key").value(), "two");
    ASSERT_TRUE(two->CatchUp().ok());
    EXPECT_EQ(two->Get(Family::kAgg, "key").value(), "two");
  }
  EXPECT_TRUE(Names(temporary.path()).empty());
  EXPECT_EQ(Names(run_.history()), before);
  ASSERT_EQ(::unsetenv("TMPDIR"), 0);
}

TEST_F(DatabaseTest, AFailedSecondaryLeavesNothingBehindEither) {
  RunFolder temporary;
  ASSERT_EQ(::setenv("TMPDIR", temporary.path().c_str(), 1), 0);
  EXPECT_FALSE(Database::Open(run_.path() + "/none", Database::Mode::kSecondary).ok());
  EXPECT_TRUE(Names(temporary.path()).empty());
  ASSERT_EQ(::unsetenv("TMPDIR"), 0);
}

TEST_F(DatabaseTest, TellsAMissingStoreFromADamagedOne) {
  EXPECT_FALSE(Database::Exists(run_.history()).value());
  Open(Database::Mode::kCreate);
  EXPECT_TRUE(Database::Exists(run_.history()).value());
  std::filesystem::remove(run_.history() + "/CURRENT");
  EXPECT_EQ(Database::Exists(run_.history()).status().code(), StatusCode::kDataLoss);
}

TEST_F(DatabaseTest, RefusesAMissingTableFile) {
  {
    const auto database = Open(Database::Mode::kCreate);
    ASSERT_TRUE(database->Write({{Family::kAgg, "key", "one"}}).ok());
    ASSERT_TRUE(database->CreateCheckpoint(run_.path() + "/copy").ok());  // flushes
  }
  const auto tables = FilesWith(run_.history(), ".sst");
  ASSERT_EQ(tables.size(), 1u);
  std::filesystem::remove(tables[0]);
  EXPECT_EQ(Database::Open(run_.history(), Database::Mode::kWrite).status().code(),
            StatusCode::kDataLoss);
}

}  // namespace
}  // namespace winnow::store
