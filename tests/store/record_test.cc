#include "store/record.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/store/history_builder.h"

namespace winnow::store {
namespace {

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (char byte : bytes) {
    hex += "0123456789abcdef"[static_cast<uint8_t>(byte) >> 4];
    hex += "0123456789abcdef"[static_cast<uint8_t>(byte) & 15];
  }
  return hex;
}

// The worked example of docs/formats/history.md.
Outcome Example() {
  Outcome outcome;
  outcome.prompt = PromptId(0x81f3a2);
  outcome.step = 412;
  outcome.epoch = 3;
  outcome.version_min = outcome.version_max = PolicyVersion(411);
  outcome.samples = {{VerdictKind::kScored, FinishReason::kStop, 300, 1.0f, 1.0f},
                     {VerdictKind::kScored, FinishReason::kLength, 5, 0.5f, 0.5f},
                     {VerdictKind::kTimeout, FinishReason::kStop, 12, 0, 0}};
  outcome.cls = OutcomeClass::kEffective;
  outcome.trained = true;
  return outcome;
}

TEST(RecordTest, LaysRecordsOutAsDocumented) {
  const Outcome outcome = Example();
  EXPECT_EQ(Hex(HistKey(outcome.prompt, outcome.step, 0)), "000000000081f3a2000000000000019c0000");
  EXPECT_EQ(Hex(StepKey(outcome.step, outcome.prompt, 0)), "000000000000019c000000000081f3a20000");
  EXPECT_EQ(Hex(EncodeOutcome(outcome)),
            "01"  // version
            "03"
            "9b03"
            "9b03"  // epoch, policy versions
            "03"    // n
            "05"    // effective, trained
            "11"
            "ac02"
            "0000803f"  // scored, stop; 300 tokens; 1.0
            "21"
            "05"
            "0000003f"  // scored, length; 5 tokens; 0.5
            "13"
            "0c");  // timeout, stop; 12 tokens; no reward
  const Skip skip{PromptId(0x81f3a2), 413, 3, FilterReason::kEasy, 2, 0.5, 0.75, 0.25};
  EXPECT_EQ(Hex(SkipKey(skip.prompt, skip.step)), "000000000081f3a2000000000000019d");
  EXPECT_EQ(Hex(EncodeSkip(skip)),
            "01"
            "03"
            "04"
            "04"
            "000000000000e03f"
            "000000000000e83f"
            "000000000000d03f");
  const PromptInfo info{PromptId(0x81f3a2), 7, "gsm8k", Digest{1, 2}, "1+1?"};
  EXPECT_EQ(Hex(EncodePromptInfo(info)),
            "01"
            "07"
            "0567736d386b"
            "0100000000000000"
            "0200000000000000"
            "04312b313f");
  PromptAggregate aggregate = EmptyAggregate(MoppsPrior());
  FoldOutcome(MoppsPrior(), outcome, &aggregate);
  FoldSkip(skip, &aggregate);
  EXPECT_EQ(Hex(EncodeAggregate(aggregate)),
            "01"
            "01"
            "01"
            "00"
            "00"  // groups, trained, surplus, shadow
            "02"
            "00"
            "01"
            "00"  // samples by verdict kind
            "000000000000f83f"
            "000000000000f43f"  // sums of rewards, of their squares
            "9c03"
            "03"
            "00"
            "00"  // last step, epoch; streak; class changes
            "00"
            "01"
            "00"
            "00"  // groups by class
            "01"
            "01"  // one recent class: effective
            "00"
            "01"
            "000000000100000000"  // unknown run; skips, by reason
            "9d03"
            "03"
            "04"  // last skip: step, epoch, reason
            "0000000000000440"
            "000000000000f83f");  // mopps a, b
}

TEST(RecordTest, OutcomesSurviveARoundTrip) {
  Outcome outcome = Example();
  outcome.occurrence = 2;
  outcome.surplus = true;
  outcome.shadow = true;
  const std::string key = HistKey(outcome.prompt, outcome.step, outcome.occurrence);
  EXPECT_EQ(DecodeOutcome(key, EncodeOutcome(outcome)).value(), outcome);
  outcome.samples[1].metric = 0.25f;  // no longer the reward: stored beside it
  EXPECT_EQ(DecodeOutcome(key, EncodeOutcome(outcome)).value(), outcome);
  EXPECT_EQ(EncodeOutcome(outcome).size(), EncodeOutcome(Example()).size() + 2 * sizeof(float));
}

TEST(RecordTest, AFailureHasNoRewardInHistory) {
  Outcome outcome = Example();
  outcome.samples[2].reward = 0.5f;  // meaningless, so not stored
  const Outcome read =
      DecodeOutcome(HistKey(outcome.prompt, 412, 0), EncodeOutcome(outcome)).value();
  EXPECT_EQ(EncodeOutcome(outcome), EncodeOutcome(Example()));
  EXPECT_EQ(read, Example());
}

TEST(RecordTest, SkipsAggregatesAndPromptsSurviveARoundTrip) {
  const Skip skip = SkipOf(3, 9, FilterReason::kQuarantined);
  EXPECT_EQ(DecodeSkip(SkipKey(skip.prompt, 9), EncodeSkip(skip)).value(), skip);
  PromptAggregate aggregate = EmptyAggregate(MoppsPrior());
  for (uint64_t step = 1; step < 20; ++step) {
    FoldOutcome(MoppsPrior(), OutcomeOf(3, step, {0, 0, 0, step % 3 == 0 ? 1.0f : 0.0f}),
                &aggregate);
  }
  FoldSkip(skip, &aggregate);
  aggregate.streak = -kMaxStreak;
  EXPECT_EQ(DecodeAggregate(PromptKey(PromptId(3)), EncodeAggregate(aggregate)).value(), aggregate);
  const PromptInfo info{PromptId(3), 7, "", Digest{1, 2}, "text"};
  EXPECT_EQ(DecodePromptInfo(PromptKey(PromptId(3)), EncodePromptInfo(info)).value(), info);
  EXPECT_EQ(DecodePromptKey(PromptKey(PromptId(3))).value(), PromptId(3));
}

TEST(RecordTest, RefusesUnknownVersionsCutsAndTails) {
  const std::string key = HistKey(PromptId(0x81f3a2), 412, 0);
  const std::string value = EncodeOutcome(Example());
  std::string other = value;
  other[0] = 2;
  EXPECT_EQ(DecodeOutcome(key, other).status().message(),
            "history: record of `hist` cannot be read: key 000000000081f3a2000000000000019c0000");
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(DecodeOutcome(key, value.substr(0, size)).status().code(), StatusCode::kDataLoss);
  }
  EXPECT_FALSE(DecodeOutcome(key, value + "x").ok());
  EXPECT_FALSE(DecodeOutcome(key.substr(1), value).ok());
  EXPECT_FALSE(DecodeSkip(key, EncodeSkip(SkipOf(1, 1))).ok());
  EXPECT_FALSE(DecodePromptInfo(key, "").ok());
  EXPECT_FALSE(DecodePromptKey("short").ok());
}

TEST(RecordTest, AnyBytesAreReadOrRefused) {
  std::mt19937_64 random(7);
  const std::string keys[] = {HistKey(PromptId(1), 1, 0), SkipKey(PromptId(1), 1),
                              PromptKey(PromptId(1))};
  int refused = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string value = EncodeOutcome(Example());
    if (i % 2 == 0) value = EncodeAggregate(EmptyAggregate(MoppsPrior()));
    for (int flips = 0; flips < 4; ++flips) value[random() % value.size()] = random();
    refused += DecodeOutcome(keys[0], value).ok() ? 0 : 1;
    refused += DecodeSkip(keys[1], value).ok() ? 0 : 1;
    refused += DecodeAggregate(keys[2], value).ok() ? 0 : 1;
    refused += DecodePromptInfo(keys[2], value).ok() ? 0 : 1;
  }
  EXPECT_GT(refused, 20000);
}

TEST(RecordTest, CutsTextBetweenCharacters) {
  EXPECT_EQ(TruncateUtf8("abc", 3), "abc");
  EXPECT_EQ(TruncateUtf8("abcd", 3), "abc");
  EXPECT_EQ(TruncateUtf8("ab\xC3\xA4", 3), "ab");
  EXPECT_EQ(TruncateUtf8("a\xF0\x9F\x98\x80z", 4), "a");
  EXPECT_EQ(TruncateUtf8("\xF0\x9F\x98\x80z", 4), "\xF0\x9F\x98\x80");
}

}  // namespace
}  // namespace winnow::store
