#include "reward/number_literal.h"

#include <gtest/gtest.h>

namespace winnow::reward {
namespace {

std::string Value(std::string_view text) {
  const auto number = ReadNumber(text);
  if (!number) return "none";
  const auto value = number->value.ToRational();
  return value ? value->ToString() : "long";
}

TEST(ReadNumberTest, ReadsEverySpelling) {
  EXPECT_EQ(Value("42"), "42");
  EXPECT_EQ(Value("+01,000.00"), "1000");
  EXPECT_EQ(Value("-.5"), "-1/2");
  EXPECT_EQ(Value("1,234,567"), "1234567");
  EXPECT_EQ(Value("4{,}965"), "4965");
  EXPECT_EQ(Value("94,\\!667"), "94667");
  EXPECT_EQ(Value("2\\,050\\,721"), "2050721");
  EXPECT_EQ(Value("50%"), "1/2");
  EXPECT_EQ(Value("12.5\\%"), "1/8");
  EXPECT_EQ(Value("25 percent"), "1/4");
  EXPECT_EQ(Value("3.2e2"), "320");
  EXPECT_EQ(Value("12800e-2"), "128");
  EXPECT_EQ(Value("1.5 \\times 10^{4}"), "15000");
  EXPECT_EQ(Value("6 x 10^3"), "6000");
  EXPECT_EQ(Value("-3/4"), "-3/4");
  EXPECT_EQ(Value("5 1/12"), "61/12");
  EXPECT_EQ(Value("-5 1/2"), "-11/2");
  EXPECT_EQ(Value("\\frac{9}{10}"), "9/10");
  EXPECT_EQ(Value("-\\dfrac12"), "-1/2");
  EXPECT_EQ(Value("\\frac{-10}{11}"), "-10/11");
  EXPECT_EQ(Value("2\\frac{1}{4}"), "9/4");
  EXPECT_EQ(Value("$-31614"), "-31614");
  EXPECT_EQ(Value("-\\$5"), "-5");
  EXPECT_EQ(Value("\xE2\x82\xAC 7"), "7");
  EXPECT_EQ(Value("\xE2\x88\x92"
                  "46"),
            "-46");
  EXPECT_EQ(Value(" $ 524 $ "), "524");
  EXPECT_EQ(Value("2917."), "2917");
  EXPECT_EQ(Value("- 180"), "-180");
}

TEST(ReadNumberTest, RefusesWhatIsNoNumber) {
  for (const char* text : {"", "-", "x", "5 apples", "1,23", "75,98", "3 4", "0x182", "1/0", "5/x",
                           "1.2.3", "1/2/2024", "1e99999", "--5", "5-3", "NaN", "inf", "2x"}) {
    EXPECT_EQ(Value(text), "none") << text;
  }
}

std::string Found(std::string_view text, size_t from = 0) {
  const auto number = NextNumber(text, from);
  return number ? std::string(text.substr(number->begin, number->end - number->begin)) : "none";
}
std::string Last(std::string_view text) {
  const auto number = LastNumber(text);
  return number ? std::string(text.substr(number->begin, number->end - number->begin)) : "none";
}

TEST(NextNumberTest, FindsTheFirstAtOrAfterAPlace) {
  EXPECT_EQ(Found("costs $1,250.50 in all"), "$1,250.50");
  EXPECT_EQ(Found("a 5 and 6", 3), "6");
  EXPECT_EQ(Found("no number"), "none");
}

TEST(NextNumberTest, LastSkipsDigitsOfWords) {
  EXPECT_EQ(Last("take x2 of GPT4"), "none");
  EXPECT_EQ(Last("3 of v12"), "3");
  EXPECT_EQ(Last("abc.5"), "5");
  EXPECT_EQ(Last("5cm"), "5");
  EXPECT_EQ(Last("14 cm^2"), "14");
  EXPECT_EQ(Last("14\\text{ cm}^{2}"), "14");
  EXPECT_EQ(Last("2^{10}"), "10");
}

TEST(NextNumberTest, MinusOfADifferenceIsNoSign) {
  EXPECT_EQ(Last("80 -78.2"), "78.2");
  EXPECT_EQ(Last("7-3"), "3");
  EXPECT_EQ(Last("GPT-4"), "4");
  EXPECT_EQ(Last("value -343"), "-343");
  EXPECT_EQ(Last("(-5)"), "-5");
  EXPECT_EQ(Last("- 379"), "379");
}

TEST(NextNumberTest, CutsNumbersThatAreTooLong) {
  EXPECT_EQ(Last("7 " + std::string(5000, '1')), "7");
  EXPECT_EQ(Last(std::string(4096, '1')).size(), 4096u);
}

}  // namespace
}  // namespace winnow::reward
