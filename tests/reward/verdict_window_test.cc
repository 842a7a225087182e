#include "reward/verdict_window.h"

#include <gtest/gtest.h>

namespace winnow::reward {
namespace {

WindowState AddMany(VerdictWindow& window, VerdictKind kind, int count) {
  WindowState state = window.state();
  for (int i = 0; i < count; ++i) state = window.Add(kind);
  return state;
}

TEST(VerdictWindowTest, PausesAboveTheShareOfUnknown) {
  VerdictWindow window;  // 5 % of 512: 25 are borne
  EXPECT_EQ(AddMany(window, VerdictKind::kScored, 400), WindowState::kGood);
  EXPECT_EQ(AddMany(window, VerdictKind::kError, 13), WindowState::kGood);
  EXPECT_EQ(AddMany(window, VerdictKind::kTimeout, 12), WindowState::kGood);
  EXPECT_EQ(window.Add(VerdictKind::kTimeout), WindowState::kPause);
  EXPECT_EQ(window.Add(VerdictKind::kScored), WindowState::kPause);
}

TEST(VerdictWindowTest, AllFailingPausesWithinOneWindow) {
  VerdictWindow window(0.2);
  EXPECT_EQ(AddMany(window, VerdictKind::kError, 102), WindowState::kGood);
  EXPECT_EQ(window.Add(VerdictKind::kError), WindowState::kPause);
}

TEST(VerdictWindowTest, OldVerdictsLeaveTheWindow) {
  VerdictWindow window;
  AddMany(window, VerdictKind::kError, 25);
  AddMany(window, VerdictKind::kScored, 512);
  EXPECT_EQ(window.unknown(), 0u);
  EXPECT_EQ(window.size(), VerdictWindow::kWindow);
  EXPECT_EQ(AddMany(window, VerdictKind::kError, 25), WindowState::kGood);
}

TEST(VerdictWindowTest, ResumesAfterEightGoodRetriesInARow) {
  VerdictWindow window;
  AddMany(window, VerdictKind::kScored, 100);
  AddMany(window, VerdictKind::kError, 26);
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(window.AddRetry(VerdictKind::kScored), WindowState::kPause);
  }
  EXPECT_EQ(window.AddRetry(VerdictKind::kTimeout), WindowState::kPause);
  for (int i = 0; i < 7; ++i) window.AddRetry(VerdictKind::kScored);
  EXPECT_EQ(window.state(), WindowState::kPause);
  EXPECT_EQ(window.AddRetry(VerdictKind::kInvalid), WindowState::kGood);
  EXPECT_EQ(window.unknown(), 0u);
}

TEST(VerdictWindowTest, StopsWhenMostOfTheFirstAreInvalid) {
  VerdictWindow window;
  AddMany(window, VerdictKind::kInvalid, 33);
  EXPECT_EQ(window.state(), WindowState::kWarn);
  EXPECT_EQ(AddMany(window, VerdictKind::kScored, 31), WindowState::kStop);
  EXPECT_EQ(window.Add(VerdictKind::kScored), WindowState::kStop);
}

TEST(VerdictWindowTest, HalfOfTheFirstInvalidOnlyWarns) {
  VerdictWindow window;
  AddMany(window, VerdictKind::kInvalid, 32);
  EXPECT_EQ(AddMany(window, VerdictKind::kScored, 32), WindowState::kWarn);
  EXPECT_EQ(AddMany(window, VerdictKind::kScored, 512), WindowState::kGood);
}

}  // namespace
}  // namespace winnow::reward
