#include "tests/reward/judging.h"

namespace winnow::reward {
namespace {

const char* const kRow = R"({"metadata":{"numbers":[20,12,19],"target":27}})";

TEST(CountdownTest, AcceptsAnySolution) {
  Judge judge("countdown");
  for (const char* text :
       {"19 + 20 - 12", "20 - (12 - 19)", "\\boxed{19 + 20 - 12}", "<answer>19+20-12</answer>",
        "I think:\n19 + 20 - 12", "$20-12+19$", "The answer is 19 + 20 - 12."}) {
    EXPECT_EQ(judge.Reward("", text, kRow), 1.0f) << text;
  }
}

TEST(CountdownTest, UsesEachNumberAsOftenAsGiven) {
  Judge judge("countdown");
  for (const char* text : {"27", "20 + 7", "19 + 20 - 12 + 12 - 12", "19 + 20", "1920 - 12",
                           "19 + 20 - 12 = 27", "19 + 20 + 12", "19 ** 1"}) {
    EXPECT_EQ(judge.Reward("", text, kRow), 0.0f) << text;
  }
  const char* const kTwice = R"({"metadata":{"numbers":[3,3],"target":9}})";
  EXPECT_EQ(judge.Reward("", "3 * 3", kTwice), 1.0f);
  EXPECT_EQ(judge.Reward("", "3 * 3 * 3 / 3", kTwice), 0.0f);
}

TEST(CountdownTest, ComparesExactly) {
  Judge judge("countdown");
  const char* const kThirds = R"({"metadata":{"numbers":[1,3,3,100000],"target":100000}})";
  EXPECT_EQ(judge.Reward("", "100000 * (1 / 3) * 3", kThirds), 1.0f);
  EXPECT_EQ(judge.Reward("", "100000 + 1 / (3 - 3)", kThirds), 0.0f);
}

TEST(CountdownTest, MayLeaveNumbersOutAndPayForForm) {
  Judge some("countdown", {{"use_all", "false"}});
  EXPECT_EQ(some.Reward("", "20 + 12", R"({"metadata":{"numbers":[20,12,19],"target":32}})"), 1.0f);
  Judge form("countdown", {{"well_formed", "0.1"}});
  EXPECT_FLOAT_EQ(form.Reward("", "19 + 20 + 12", kRow), 0.1f);
  EXPECT_EQ(form.Reward("", "nineteen", kRow), 0.0f);
  EXPECT_EQ(form.Reward("", "19 + 20 - 12", kRow), 1.0f);
}

TEST(CountdownTest, RowsWithoutAPuzzleAreInvalid) {
  Judge judge("countdown");
  for (const char* row :
       {"", "{", "{}", R"({"metadata":{"numbers":[1,2]}})",
        R"({"metadata":{"numbers":[],"target":1}})", R"({"metadata":{"numbers":["x"],"target":1}})",
        R"({"metadata":{"numbers":[1.5],"target":1}})"}) {
    EXPECT_EQ(judge.Ask("", "1", row).kind(), VerdictKind::kInvalid) << row;
  }
  Judge keyed("countdown", {{"numbers_key", "nums"}, {"target_key", "target"}});
  EXPECT_EQ(keyed.Reward("", "1+2", R"({"nums":["1","2"],"target":"3"})"), 1.0f);
}

}  // namespace
}  // namespace winnow::reward
