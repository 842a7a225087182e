#include "model/unicode.h"

#include <gtest/gtest.h>

#include <string>

namespace winnow::model {
namespace {

TEST(UnicodeTest, ReplacesEachMaximalInvalidPartByOneCharacter) {
  EXPECT_EQ(RepairUtf8("a\xFF"
                       "b"),
            "a\uFFFDb");
  EXPECT_EQ(RepairUtf8("\xE2\x82"), "\uFFFD");                            // truncated: one
  EXPECT_EQ(RepairUtf8("\xE2\x82x"), "\uFFFDx");                          // interrupted: one
  EXPECT_EQ(RepairUtf8("\xC0\x80"), "\uFFFD\uFFFD");                      // overlong: one a byte
  EXPECT_EQ(RepairUtf8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");            // a surrogate
  EXPECT_EQ(RepairUtf8("\xF0\x9F\x99"), "\uFFFD");                        // three bytes of four
  EXPECT_EQ(RepairUtf8("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");  // above U+10FFFF
}

TEST(UnicodeTest, EncodesWhatItDecodes) {
  for (uint32_t c :
       {0x0u, 0x7Fu, 0x80u, 0x7FFu, 0x800u, 0xD7FFu, 0xE000u, 0xFFFFu, 0x10000u, 0x10FFFFu}) {
    std::string text;
    AppendUtf8(c, &text);
    const DecodedChar decoded = DecodeUtf8(text, 0);
    EXPECT_EQ(decoded.code_point, c);
    EXPECT_EQ(decoded.size_bytes, text.size());
    EXPECT_EQ(decoded.kind, DecodedChar::Kind::kValid);
    EXPECT_TRUE(IsValidUtf8(text));
  }
}

TEST(Utf8RepairerTest, GivesOutCharactersOnceTheyAreWhole) {
  Utf8Repairer repairer;
  EXPECT_EQ(repairer.Push("a\xF0\x9F"), "a");
  EXPECT_EQ(repairer.Push("\x99"), "");
  EXPECT_EQ(repairer.Push("\x82z"), "\U0001F642z");
  EXPECT_EQ(repairer.Finish(), "");
}

TEST(Utf8RepairerTest, EqualsTheWholeRepairForEveryCut) {
  const std::string bytes = "x\xE2\x82\xAC\xF0\x9F\x99\x82\xC3\xED\xA0\x80\xFFq\xE2\x82";
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    Utf8Repairer repairer;
    std::string joined = repairer.Push(bytes.substr(0, cut));
    joined += repairer.Push(bytes.substr(cut));
    joined += repairer.Finish();
    EXPECT_EQ(joined, RepairUtf8(bytes)) << cut;
  }
}

TEST(UnicodeTest, ComposesAndIsIdempotent) {
  EXPECT_EQ(NormalizeNfc("e\u0301"), "\u00E9");
  EXPECT_EQ(NormalizeNfc("\u1112\u1161\u11AB"), "\uD55C");  // Hangul
  EXPECT_EQ(NormalizeNfc(std::string("a\0e\u0301", 5)), std::string("a\0\u00E9", 4));
  for (const char* text : {"q\u0307\u0323", "\u212B", "\uFB01 \u0344", "plain"}) {
    const std::string once = NormalizeNfc(text);
    EXPECT_EQ(NormalizeNfc(once), once) << text;
  }
}

TEST(UnicodeTest, LeavesMarksThatHuggingFaceDoesNotKnowWhereTheyAre) {
  // U+1ABF has a combining class since Unicode 13; a later U+0323 would go before it.
  EXPECT_EQ(NormalizeNfc("a\u0301\u1ABF\u0323"), "\u00E1\u1ABF\u0323");
  EXPECT_EQ(NormalizeNfc("\U00011935\U00011930"), "\U00011935\U00011930");
}

TEST(UnicodeTest, StandInsKeepLengthAndMakeNewCharactersKnown) {
  const std::string text = "a\u180E\U0001DF25\U00031350 \u00E9";
  const std::string shadow = WithStandIns(text);
  EXPECT_EQ(shadow.size(), text.size());
  EXPECT_NE(shadow, text);
  EXPECT_TRUE(IsValidUtf8(shadow));
  EXPECT_EQ(WithStandIns(shadow), shadow);
  EXPECT_EQ(WithStandIns("caf\u00E9 \u65E5"), "caf\u00E9 \u65E5");
  EXPECT_TRUE(AnyHasStandIn(0x1800, 0x1900));
  EXPECT_FALSE(AnyHasStandIn(0x4E00, 0x9FA5));
}

TEST(UnicodeTest, ClassifiesAsTheOriginalsDo) {
  EXPECT_TRUE(IsPythonSpace(0x1C));
  EXPECT_FALSE(IsUnicodeSpace(0x1C));
  EXPECT_FALSE(IsUnicodeSpace(0x180E));
  EXPECT_TRUE(IsNumeric(0xB2));
  EXPECT_FALSE(IsDecimal(0xB2));
  EXPECT_TRUE(IsNumeric(0x11DE0));  // of Unicode 17
  EXPECT_TRUE(IsWordCharacter('_'));
  EXPECT_TRUE(IsWordCharacter(0x200D));
  EXPECT_FALSE(IsWordCharacter('-'));
  EXPECT_FALSE(IsPrintable(0x200B));
  EXPECT_TRUE(IsPrintable(0x65E5));
}

}  // namespace
}  // namespace winnow::model
