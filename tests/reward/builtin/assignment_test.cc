#include "tests/reward/judging.h"

namespace winnow::reward {
namespace {

const char* const kRow = R"({"metadata":{"names":["Mia","Chloe"],"solution":[true,false],)"
                         R"("knight":"altruist","knave":"egoist"}})";

TEST(AssignmentTest, AcceptsAnyOrderAndWording) {
  Judge judge("assignment");
  for (const char* text :
       {"Mia is an altruist, and Chloe is an egoist.", "Chloe is a egoist and mia is a ALTRUIST",
        "\\boxed{Chloe: egoist, Mia: altruist}", "So Mia is the altruist. Chloe is an egoist!",
        "<answer>Mia is an altruist, Chloe is an egoist</answer>"}) {
    EXPECT_EQ(judge.Reward("", text, kRow), 1.0f) << text;
  }
}

TEST(AssignmentTest, WrongOrMissingRolesScoreNothing) {
  Judge judge("assignment");
  EXPECT_EQ(judge.Reward("", "Mia is an egoist, Chloe is an egoist", kRow), 0.0f);
  EXPECT_EQ(judge.Reward("", "Mia is an altruist", kRow), 0.0f);
  EXPECT_EQ(judge.Answered("", "Mia is an altruist", kRow), 1.0);
  EXPECT_EQ(judge.Answered("", "I do not know", kRow), 0.0);
}

TEST(AssignmentTest, BothRolesForOneNameAreNoAnswer) {
  Judge judge("assignment");
  EXPECT_EQ(judge.Answered("", "Mia is an altruist, Mia is an egoist, Chloe is an egoist", kRow),
            0.0);
}

TEST(AssignmentTest, RowsWithoutAPuzzleAreInvalid) {
  Judge judge("assignment");
  for (const char* row : {"", "{}", R"({"metadata":{"names":["Mia"]}})",
                          R"({"metadata":{"names":["Mia"],"solution":[true,false],"knight":"a",)"
                          R"("knave":"b"}})"}) {
    EXPECT_EQ(judge.Ask("", "Mia is an altruist", row).kind(), VerdictKind::kInvalid) << row;
  }
}

}  // namespace
}  // namespace winnow::reward
