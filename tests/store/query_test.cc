#include "store/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "store/database.h"
#include "tests/store/history_builder.h"

namespace winnow::store {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

// Six registered prompts: 1 solved, 2 hopeless, 3 flipping, 4 effective and skipped, 5 unknown
// only, and one never offered, whose id is that of the text "row-six". Prompt 7 is not registered.
class QueryTest : public testing::Test {
 protected:
  void SetUp() override {
    {
      const auto history = OpenHistory(run_);
      std::vector<PromptInfo> prompts;
      for (uint64_t i = 1; i <= 5; ++i) {
        prompts.push_back({PromptId(i), i - 1, "gsm8k", Digest{i, i}, "text " + std::to_string(i)});
      }
      prompts.push_back({PromptId(Hash64("row-six")), 5, "", Digest{6, 6}, "bad \xFF text"});
      ASSERT_TRUE(history->RegisterPrompts(prompts).ok());
      for (uint64_t step = 1; step <= 3; ++step) CommitStep(history.get(), step);
    }
    database_ = Database::Open(run_.history(), Database::Mode::kRead).value();
  }

  static void CommitStep(RewardHistory* history, uint64_t step) {
    const float flip = step % 2 == 0 ? 1 : 0;
    history->BeginStep(step);
    Outcome shadow = OutcomeOf(2, step, {0, 0, 0, 0});
    for (const Outcome& outcome :
         {OutcomeOf(1, step, {1, 1, 1, 1}), shadow, OutcomeOf(3, step, {flip, flip, flip, flip}),
          UnknownOutcomeOf(5, step, VerdictKind::kTimeout), OutcomeOf(7, step, {0, 1, 0, 0})}) {
      ASSERT_TRUE(history->Append(outcome).ok());
    }
    if (step == 1) {
      ASSERT_TRUE(history->Append(OutcomeOf(4, step, {1, 1, 1, 0})).ok());
    } else {
      history->AppendSkip(SkipOf(4, step, FilterReason::kRankedOut));
    }
    ASSERT_TRUE(history->Commit(step).ok());
  }

  std::vector<std::string> Listed(const ListQuery& query) {
    std::vector<std::string> ids;
    const json list = json::parse(ListJson(*database_, query).value());
    for (const json& prompt : list["prompts"]) {
      ids.push_back(prompt["prompt"].get<std::string>().substr(15));
    }
    return ids;
  }

  const std::string six_ = ToHex(PromptId(Hash64("row-six"))).substr(15);
  RunFolder run_;
  std::unique_ptr<Database> database_;
};

TEST_F(QueryTest, SummarisesTheRun) {
  const json summary = json::parse(SummaryJson(*database_).value());
  EXPECT_EQ(summary["step"], 3);
  EXPECT_EQ(summary["steps"], 3);
  EXPECT_EQ(summary["records"], 18);
  EXPECT_EQ(summary["prompts"], 7);
  EXPECT_EQ(summary["groups"], 16);
  EXPECT_EQ(summary["trained"], 4);
  EXPECT_EQ(summary["classes"], json::parse(R"({"effective":4,"easy":4,"hard":5,"unknown":3})"));
  EXPECT_EQ(summary["samples"], json::parse(R"({"scored":52,"invalid":0,"timeout":12,"error":0})"));
  EXPECT_EQ(summary["skipped"], 2);
  EXPECT_EQ(summary["skips"]["ranked_out"], 2);
  EXPECT_EQ(summary["mean_reward"], 22.0 / 52);
  EXPECT_EQ(summary["prompts_by_class"],
            json::parse(R"({"unseen":2,"effective":2,"easy":1,"hard":2,"solved":1,"hopeless":1,
                            "flipping":1,"skipped":1})"));
}

TEST_F(QueryTest, TotalsASteps) {
  const json steps = json::parse(StepsJson(*database_, 2, 3).value());
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0]["step"], 2);
  EXPECT_EQ(steps[0]["groups"], 5);
  EXPECT_EQ(steps[0]["classes"]["easy"], 2);
  EXPECT_EQ(steps[0]["skipped"], 1);
  EXPECT_EQ(steps[1]["classes"]["easy"], 1);
  EXPECT_EQ(steps[1]["samples"]["timeout"], 4);
}

TEST_F(QueryTest, ShowsAPromptWithOutcomesAndSkips) {
  const json shown = json::parse(ShowJson(*database_, PromptId(4)).value());
  EXPECT_EQ(shown["prompt"], "0000000000000004");
  EXPECT_EQ(shown["row"], 3);
  EXPECT_EQ(shown["data_source"], "gsm8k");
  EXPECT_EQ(shown["text"], "text 4");
  EXPECT_EQ(shown["class"], "effective");
  EXPECT_EQ(shown["named"], json::parse(R"(["effective","skipped"])"));
  EXPECT_EQ(shown["mean"], 0.75);
  ASSERT_EQ(shown["outcomes"].size(), 1u);
  EXPECT_EQ(shown["outcomes"][0]["samples"][3],
            json::parse(R"({"kind":"scored","finish":"stop","length":12,"reward":0.0})"));
  ASSERT_EQ(shown["skip_records"].size(), 2u);
  EXPECT_EQ(shown["skip_records"][1],
            json::parse(R"({"step":3,"epoch":0,"reason":"ranked_out","streak":2,"p":0.5,
                            "skip_probability":0.75,"u":0.25})"));
}

TEST_F(QueryTest, ShowsNoRewardOfAFailure) {
  const json shown = json::parse(ShowJson(*database_, PromptId(5)).value());
  EXPECT_EQ(shown["class"], "unseen");
  EXPECT_EQ(shown["mean"], nullptr);
  EXPECT_EQ(shown["unknown_run"], 3);
  EXPECT_FALSE(shown["outcomes"][0]["samples"][0].contains("reward"));
}

TEST_F(QueryTest, ShowsAPromptWithoutHistoryAndOneWithoutARow) {
  const json unseen = json::parse(ShowJson(*database_, PromptId(Hash64("row-six"))).value());
  EXPECT_EQ(unseen["text"], "bad \xEF\xBF\xBD text");
  EXPECT_EQ(unseen["last_step"], nullptr);
  EXPECT_EQ(json::parse(ShowJson(*database_, PromptId(7)).value())["row"], nullptr);
  EXPECT_EQ(ShowJson(*database_, PromptId(8)).status().code(), StatusCode::kNotFound);
}

TEST_F(QueryTest, ListsNamedClasses) {
  EXPECT_THAT(Listed({.named = NamedClass::kUnseen}), ElementsAre("5", six_));
  EXPECT_THAT(Listed({.named = NamedClass::kEffective}), ElementsAre("4", "7"));
  EXPECT_THAT(Listed({.named = NamedClass::kEasy}), ElementsAre("1"));
  EXPECT_THAT(Listed({.named = NamedClass::kHard}), ElementsAre("2", "3"));
  EXPECT_THAT(Listed({.named = NamedClass::kSolved}), ElementsAre("1"));
  EXPECT_THAT(Listed({.named = NamedClass::kHopeless}), ElementsAre("2"));
  EXPECT_THAT(Listed({.named = NamedClass::kFlipping}), ElementsAre("3"));
  EXPECT_THAT(Listed({.named = NamedClass::kSkipped}), ElementsAre("4"));
}

TEST_F(QueryTest, SortsWithTiesByIdAndPromptsWithoutAValueLast) {
  EXPECT_THAT(Listed({.sort_by = SortBy::kStreak}),
              ElementsAre("2", "3", "4", "7", "1", "5", six_));
  EXPECT_THAT(Listed({.sort_by = SortBy::kStreak, .descending = true}),
              ElementsAre("1", "4", "7", "3", "2", "5", six_));
  EXPECT_THAT(Listed({.sort_by = SortBy::kMean, .descending = true}),
              ElementsAre("1", "4", "3", "7", "2", "5", six_));
  EXPECT_THAT(Listed({.sort_by = SortBy::kChanges, .descending = true, .limit = 1}),
              ElementsAre("3"));
  EXPECT_THAT(Listed({.sort_by = SortBy::kLastSeen, .limit = 2}), ElementsAre("4", "1"));
}

TEST_F(QueryTest, Pages) {
  EXPECT_THAT(Listed({.offset = 1, .limit = 2}), ElementsAre("2", "3"));
  EXPECT_THAT(Listed({.descending = true, .offset = 5}), ElementsAre("2", "1"));
  EXPECT_TRUE(Listed({.offset = 99}).empty());
  EXPECT_EQ(json::parse(ListJson(*database_, {.offset = 99}).value())["total"], 7);
}

TEST_F(QueryTest, ExportsOneLinePerPromptInTheFormOfShow) {
  std::vector<std::string> lines;
  ASSERT_TRUE(ExportJson(*database_, [&](std::string_view line) {
                lines.emplace_back(line);
                return OkStatus();
              }).ok());
  ASSERT_EQ(lines.size(), 7u);
  EXPECT_EQ(lines[0], ShowJson(*database_, PromptId(1)).value());
  EXPECT_EQ(lines[0].find('\n'), std::string::npos);
  EXPECT_EQ(ExportJson(*database_, [](std::string_view) { return Unavailable("full"); }).message(),
            "full");
}

TEST_F(QueryTest, FindsAPromptByHexadecimalDigitsOrByItsOwnId) {
  EXPECT_EQ(ResolvePrompt(*database_, "0000000000000003").value(), PromptId(3));
  EXPECT_EQ(ResolvePrompt(*database_, "row-six").value(), PromptId(Hash64("row-six")));
  EXPECT_EQ(ResolvePrompt(*database_, "row-nine").status().message(),
            "history: prompt must be a row's id or 16 hexadecimal digits of this run: row-nine");
  EXPECT_FALSE(ResolvePrompt(*database_, "3").ok());
}

TEST_F(QueryTest, ReadsNamesOfClassesAndSorts) {
  EXPECT_EQ(ParseNamedClass("hopeless").value(), NamedClass::kHopeless);
  EXPECT_EQ(ParseSortBy("last_seen").value(), SortBy::kLastSeen);
  EXPECT_EQ(ParseNamedClass("good").status().message(),
            "class must be one of unseen, effective, easy, hard, solved, hopeless, flipping, "
            "skipped: good");
  EXPECT_THAT(ParseSortBy("size").status().message(), HasSubstr("sort must be one of id, streak"));
}

}  // namespace
}  // namespace winnow::store
