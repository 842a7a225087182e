#include "store/events_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/store/history_builder.h"

namespace winnow::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class EventsLogTest : public testing::Test {
 protected:
  void Append(std::initializer_list<std::string> payloads) {
    EventsLog log = EventsLog::Open(run_.events_log()).value();
    for (const std::string& payload : payloads) ASSERT_TRUE(log.Append(payload).ok());
  }
  std::string Bytes() { return ReadFile(run_.events_log()).value(); }
  Result<EventsLogContents> Read() { return ReadEventsLog(run_.events_log()); }

  RunFolder run_;
};

TEST_F(EventsLogTest, ReadsWhatWasAppendedOverSeveralLives) {
  EXPECT_TRUE(Read()->payloads.empty());
  Append({"one", "two"});
  Append({"three"});
  EXPECT_THAT(Read()->payloads, ElementsAre("one", "two", "three"));
  EXPECT_EQ(Read()->good_bytes, 3 * 8 + 11u);
  EXPECT_EQ(Read()->torn_bytes, 0u);
}

TEST_F(EventsLogTest, LaysAFrameOutAsDocumented) {
  Append({"123456789"});
  // size 9, then crc32c of "\x09\0\0\0123456789", both little-endian
  const uint32_t checksum = Crc32c(std::string("\x09\0\0\0", 4) + "123456789");
  std::string expected("\x09\0\0\0", 4);
  for (int i = 0; i < 4; ++i) expected.push_back(static_cast<char>(checksum >> 8 * i & 0xFF));
  EXPECT_EQ(Bytes(), expected + "123456789");
}

// The worked example of docs/formats/events_log.md.
TEST_F(EventsLogTest, WritesTheDocumentedExample) {
  const HistoryMark mark{.step = 1,
                         .hist_seq = 1,
                         .hist_digest = {.low = 0x08090a0b0c0d0e0f, .high = 0x0001020304050607}};
  Append({EncodeMark(mark)});
  EXPECT_EQ(Bytes().substr(0, 8), std::string("\x58\x00\x00\x00\x30\xd1\xda\x79", 8));
  EXPECT_EQ(Bytes().substr(8), R"({"type":"commit","step":1,"hist_seq":1,"hist_digest":")"
                               R"(000102030405060708090a0b0c0d0e0f"})");
}

TEST_F(EventsLogTest, ReportsATailTornAtEveryByteAndCutsItOff) {
  Append({"one", "two and more"});
  const std::string whole = Bytes();
  const size_t first = 8 + 3;
  for (size_t size = first + 1; size < whole.size(); ++size) {
    Overwrite(run_.events_log(), whole.substr(0, size));
    EXPECT_THAT(Read()->payloads, ElementsAre("one"));
    EXPECT_EQ(Read()->good_bytes, first);
    EXPECT_EQ(Read()->torn_bytes, size - first);
    Append({"three"});
    EXPECT_THAT(Read()->payloads, ElementsAre("one", "three"));
  }
}

TEST_F(EventsLogTest, TakesATailOfZerosForTorn) {
  Append({"one"});
  Overwrite(run_.events_log(), Bytes() + std::string(4096, '\0'));
  EXPECT_EQ(Read()->torn_bytes, 4096u);
}

TEST_F(EventsLogTest, RefusesDamageBeforeWholeFrames) {
  Append({"one", "two", "three"});
  const std::string whole = Bytes();
  for (size_t at = 0; at < 2 * 11; ++at) {
    std::string bytes = whole;
    bytes[at] ^= 0x04;
    Overwrite(run_.events_log(), bytes);
    EXPECT_EQ(Read().status().code(), StatusCode::kDataLoss) << at;
    EXPECT_EQ(EventsLog::Open(run_.events_log()).status().code(), StatusCode::kDataLoss);
  }
  EXPECT_THAT(Read().status().message(),
              HasSubstr("frame checksum does not match, whole frames follow: byte 11"));
}

TEST_F(EventsLogTest, MarksSurviveARoundTripAndTheLastOneCounts) {
  const HistoryMark commit{.step = 3, .hist_seq = 3, .hist_digest = Digest{5, 6}};
  const HistoryMark resumed{.resumed = true, .step = 2, .hist_seq = 2, .hist_digest = Digest{7, 8}};
  EXPECT_EQ(EncodeMark(commit), R"({"type":"commit","step":3,"hist_seq":3,"hist_digest":")" +
                                    ToHex(Digest{5, 6}) + R"("})");
  EXPECT_EQ(LastMark({})->hist_seq, 0u);
  EXPECT_EQ(LastMark({{EncodeMark(resumed), EncodeMark(commit), R"({"type":"masked"})"}}).value(),
            commit);
  EXPECT_EQ(LastMark({{EncodeMark(commit), EncodeMark(resumed)}}).value(), resumed);
}

TEST_F(EventsLogTest, RefusesAMarkThatCannotBeRead) {
  for (const char* payload : {"", "{", "[]", R"({"step":1})", R"({"type":"commit"})",
                              R"({"type":"commit","step":-1,"hist_seq":1,"hist_digest":"00"})",
                              R"({"type":"commit","step":1,"hist_seq":1,"hist_digest":"00"})"}) {
    EXPECT_EQ(DecodeMark(payload).status().code(), StatusCode::kDataLoss) << payload;
  }
}

}  // namespace
}  // namespace winnow::store
