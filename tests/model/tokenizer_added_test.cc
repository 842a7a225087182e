#include "model/tokenizer_added.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace winnow::model {
namespace {

// Parts as "id:text"; text between tokens has no id.
std::vector<std::string> Split(std::vector<AddedToken> tokens, const std::string& text) {
  const AddedTokenFinder finder(std::move(tokens));
  std::vector<std::string> parts;
  for (const AddedPart& part : finder.Split(text)) {
    const std::string piece = text.substr(part.range.begin, part.range.size());
    parts.push_back(part.id < 0 ? piece : std::to_string(part.id) + ":" + piece);
  }
  return parts;
}

using Parts = std::vector<std::string>;

TEST(AddedTokenFinderTest, TakesTheLongestAtTheLeftmostPlace) {
  EXPECT_EQ(Split({{.id = 1, .content = "<a>"}, {.id = 2, .content = "<a><b>"}}, "x<a><b><a>y"),
            (Parts{"x", "2:<a><b>", "1:<a>", "y"}));
}

TEST(AddedTokenFinderTest, FindsNothingInOtherText) {
  EXPECT_EQ(Split({{.id = 1, .content = "<a>"}}, "<a"), (Parts{"<a"}));
  EXPECT_EQ(Split({{.id = 1, .content = "<a>"}}, ""), Parts{});
  EXPECT_EQ(Split({}, "x"), (Parts{"x"}));
}

TEST(AddedTokenFinderTest, StripsWhiteSpaceOnItsSides) {
  EXPECT_EQ(Split({{.id = 1, .content = "X", .lstrip = true}}, "a \u3000X b"),
            (Parts{"a", "1: \u3000X", " b"}));
  EXPECT_EQ(Split({{.id = 1, .content = "X", .rstrip = true}}, "a X \n b"),
            (Parts{"a ", "1:X \n ", "b"}));
}

TEST(AddedTokenFinderTest, DoesNotStripWhatAnotherTokenTook) {
  EXPECT_EQ(
      Split({{.id = 1, .content = "X", .rstrip = true}, {.id = 2, .content = "Y", .lstrip = true}},
            "X  Y"),
      (Parts{"1:X  ", "2:Y"}));
}

TEST(AddedTokenFinderTest, LeavesPartsOfWordsIfItMustBeAlone) {
  const AddedToken token{.id = 1, .content = "ab", .single_word = true};
  EXPECT_EQ(Split({token}, "ab cab ab_ \u00E9ab (ab)"),
            (Parts{"1:ab", " cab ab_ \u00E9ab (", "1:ab", ")"}));
}

TEST(AddedTokenFinderTest, IsLinearInRunsOfSpace) {
  const AddedToken token{.id = 1, .content = " ", .lstrip = true, .rstrip = true};
  EXPECT_EQ(AddedTokenFinder({token}).Split(std::string(300000, ' ')).size(), 300000u);
}

}  // namespace
}  // namespace winnow::model
