#include "orchestrator/metrics/tensorboard.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <vector>

#include "base/digest.h"
#include "orchestrator/metrics/tensorboard_event.pb.h"

namespace winnow::orchestrator {
namespace {

uint64_t LittleEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

// Parses a whole file and checks every checksum.
std::vector<tensorboard::Event> ReadEvents(const std::string& path) {
  const std::string text = ReadFile(path).value();
  std::string_view left = text;
  std::vector<tensorboard::Event> events;
  while (!left.empty()) {
    const uint64_t length = LittleEndian(left.substr(0, 8));
    EXPECT_EQ(LittleEndian(left.substr(8, 4)), MaskCrc(Crc32c(left.substr(0, 8))));
    const std::string_view payload = left.substr(12, length);
    EXPECT_EQ(LittleEndian(left.substr(12 + length, 4)), MaskCrc(Crc32c(payload)));
    EXPECT_TRUE(events.emplace_back().ParseFromString(std::string(payload)));
    left.remove_prefix(16 + length);
  }
  return events;
}

class TensorBoardTest : public testing::Test {
 protected:
  void SetUp() override {
    options_.folder = testing::TempDir() + "/tensorboard_test_" +
                      testing::UnitTest::GetInstance()->current_test_info()->name();
    options_.wall_seconds = 1700000000;
    options_.host = "box";
    std::filesystem::remove_all(options_.folder);
    std::filesystem::create_directories(options_.folder);
  }
  void TearDown() override { std::filesystem::remove_all(options_.folder); }

  TensorBoardOptions options_;
};

TEST_F(TensorBoardTest, ARecordIsLengthChecksumPayloadChecksum) {
  const std::string record = FrameTensorBoardRecord("abc");
  ASSERT_EQ(record.size(), 19u);
  EXPECT_EQ(record.substr(0, 8), std::string("\3\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(record.substr(12, 3), "abc");
  EXPECT_EQ(LittleEndian(std::string_view(record).substr(15, 4)), MaskCrc(Crc32c("abc")));
}

// CRC-32C of "123456789" is e3069283 (RFC 3720); rotated right by 15 and shifted by a282ead8.
TEST_F(TensorBoardTest, TheMaskRotatesAndShifts) {
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(MaskCrc(0xe3069283u), 0xc78ab0e5u);
  EXPECT_EQ(MaskCrc(0), 0xa282ead8u);
}

TEST_F(TensorBoardTest, AFileHoldsItsVersionThenOneEventAStep) {
  TensorBoardWriter writer = TensorBoardWriter::Create(options_).value();
  EXPECT_EQ(writer.path(), options_.folder + "/events.out.tfevents.1700000000.box");
  ASSERT_TRUE(writer.Write(3, 1700000001.5, {{"loss", 0.25}, {"acc", std::nullopt}}).ok());
  ASSERT_TRUE(writer.Write(4, 1700000002.5, {{"loss", 0.125}, {"acc", 0.5}}).ok());
  ASSERT_TRUE(writer.Write(5, 1700000003.5, {{"acc", std::nullopt}}).ok());

  const std::vector<tensorboard::Event> events = ReadEvents(writer.path());
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].file_version(), "brain.Event:2");
  EXPECT_EQ(events[1].step(), 3);
  EXPECT_EQ(events[1].wall_time(), 1700000001.5);
  ASSERT_EQ(events[1].summary().value_size(), 1);
  EXPECT_EQ(events[1].summary().value(0).tag(), "loss");
  EXPECT_EQ(events[1].summary().value(0).simple_value(), 0.25f);
  EXPECT_EQ(events[2].summary().value(1).simple_value(), 0.5f);
}

TEST_F(TensorBoardTest, AResumedRunStartsAnotherFileThatForgetsLaterSteps) {
  const TensorBoardWriter first = TensorBoardWriter::Create(options_).value();
  options_.resumed_step = 12;
  const TensorBoardWriter second = TensorBoardWriter::Create(options_).value();
  EXPECT_EQ(second.path(), options_.folder + "/events.out.tfevents.1700000001.box");
  const std::vector<tensorboard::Event> events = ReadEvents(second.path());
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].session_log().status(), tensorboard::SessionLog::START);
  EXPECT_EQ(events[1].step(), 12);
}

TEST_F(TensorBoardTest, AMissingFolderIsAnError) {
  options_.folder += "/absent";
  EXPECT_FALSE(TensorBoardWriter::Create(options_).ok());
}

}  // namespace
}  // namespace winnow::orchestrator
