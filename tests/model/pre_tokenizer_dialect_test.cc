#include "model/pre_tokenizer_dialect.h"

#include <gtest/gtest.h>

namespace winnow::model {
namespace {

std::string Failure(std::string_view pattern) {
  const auto translated = TranslateOniguruma(pattern);
  return translated.ok() ? "no error" : translated.status().message();
}

TEST(TranslateOnigurumaTest, KeepsThePatternsOfModels) {
  for (
      const char* pattern :
      {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
       R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)",
       "[\u4E00-\u9FA5\u3040-\u309F]+", R"([^\r\n\p{L}]?+\p{L}++)"}) {
    const auto translated = TranslateOniguruma(pattern);
    ASSERT_TRUE(translated.ok()) << translated.status().ToString();
    EXPECT_EQ(*translated, pattern);
  }
}

TEST(TranslateOnigurumaTest, WritesCodePointsForPcre) {
  EXPECT_EQ(*TranslateOniguruma(R"(\u0041[\x20-\x7e])"), R"(\x{41}[\x{20}-\x{7E}])");
}

TEST(TranslateOnigurumaTest, NamesWhatTheTwoReadDifferently) {
  EXPECT_EQ(Failure(R"(a\w)"), R"(pattern construct `\w` is not supported at byte 1 of `a\w`)");
  EXPECT_EQ(Failure(R"(\p{Han})"),
            R"(pattern construct `\p{Han}` is not supported at byte 0 of `\p{Han}`)");
  for (const char* pattern :
       {R"([a&&b])",  R"([a[b]])", R"([[:alpha:]])", R"([])",         R"(\h)",
        R"(\b)",      R"(\1)",     R"(\v)",          R"((?<n>a))",    R"((?i)a)",
        R"((*FAIL))", R"(a{,3})",  R"(a{1,2}+)",     R"(a{2}?)",      R"(\xff)",
        R"([a)",      R"(\)",      R"(\p{L)",        R"(\x{110000})", "[\\x{1DF20}-\\x{1DF2F}]"}) {
    EXPECT_NE(Failure(pattern).find("is not supported at byte"), std::string::npos)
        << pattern << ": " << Failure(pattern);
  }
}

TEST(TranslateOnigurumaTest, BoundsThePattern) {
  EXPECT_EQ(Failure(std::string(20000, 'a')), "pattern must have at most 16384 bytes: 20000");
  EXPECT_EQ(Failure("\xFF"), "pattern must be UTF-8");
  EXPECT_EQ(Failure(std::string_view("a\0b", 3)), "pattern must not hold a NUL character");
}

}  // namespace
}  // namespace winnow::model
