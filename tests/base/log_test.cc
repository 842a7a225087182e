#include "base/log.h"

#include <gtest/gtest.h>

namespace winnow {
namespace {

TEST(LogTest, NamesTheFolderAndDropsLowLevels) {
  const Logger log("store");
  SetLogLevel(LogLevel::kWarning);
  testing::internal::CaptureStderr();
  log.Info("unseen");
  log.Warning("seen");
  const std::string text = testing::internal::GetCapturedStderr();
  SetLogLevel(LogLevel::kInfo);
  EXPECT_NE(text.find("[warning] store: seen"), std::string::npos) << text;
  EXPECT_EQ(text.find("unseen"), std::string::npos) << text;
}

}  // namespace
}  // namespace winnow
