#include "reward/registry.h"

#include <gtest/gtest.h>

#include "tests/reward/judging.h"

namespace winnow::reward {
namespace {

TEST(VerifierRegistryTest, NamesTheVerifiersForAnUnknownOne) {
  EXPECT_EQ(MistakeOf("numreic", {}),
            "reward.verifier must be one of assignment, code, compose, countdown, exact, format, "
            "json, math, multiple_choice, number_list, numeric, overlong, regex: \"numreic\"; did "
            "you mean numeric?");
}

TEST(VerifierRegistryTest, AnUnknownOptionIsAMistake) {
  EXPECT_EQ(MistakeOf("exact", {{"ignore_cse", "true"}}),
            "reward.ignore_cse is not an option of verifier exact; did you mean ignore_case?");
  EXPECT_EQ(MistakeOf("overlong", {{"extract", "boxed"}}),
            "reward.extract is not an option of verifier overlong");
}

TEST(VerifierRegistryTest, TraitsSayWhatTheLoaderNeeds) {
  EXPECT_TRUE(Judge("math").traits().needs_reference);
  EXPECT_FALSE(Judge("countdown").traits().needs_reference);
  EXPECT_FALSE(Judge("format").traits().needs_reference);
  EXPECT_EQ(Judge("numeric", {{"no_answer", "-0.5"}}).traits().range.min, -0.5f);
  EXPECT_EQ(Judge("numeric").traits().name, "numeric");
}

TEST(VerifierRegistryTest, ListsOptionsWithDefaults) {
  bool found = false;
  for (const OptionInfo& option : OptionsOf("numeric")) {
    if (option.name == "rel") found = option.default_text == "1e-6";
  }
  EXPECT_TRUE(found);
  EXPECT_TRUE(OptionsOf("nothing").empty());
  EXPECT_FALSE(SummaryOf("math").empty());
}

TEST(VerifierRegistryTest, OverlongJoinsAnyVerifier) {
  const VerifierChoice joined =
      WithOverlong({"numeric", {{"rel", "0.1"}}}, /*max_response_length=*/100,
                   /*buffer_length=*/50, /*penalty_factor=*/0.5);
  Judge judge(joined.name, joined.options);
  const Verdict verdict =
      judge.Ask({.response = "105.5", .reference = "100", .response_tokens = 75});
  EXPECT_FLOAT_EQ(verdict.reward(), 1.0f - 0.25f);
  EXPECT_EQ(*verdict.FindPart("numeric.reward"), 1.0);
  EXPECT_EQ(*verdict.FindPart("overlong.reward"), -0.25);
}

TEST(VerifierRegistryTest, OverlongBecomesAPartOfACompose) {
  for (const char* weights : {R"({"numeric":2})", "numeric: 2"}) {
    const VerifierChoice joined = WithOverlong({"compose", {{"weights", weights}}}, 10, 5, 1.0);
    Judge judge(joined.name, joined.options);
    EXPECT_FLOAT_EQ(judge.Ask({.response = "5", .reference = "5", .response_tokens = 10}).reward(),
                    1.0f);
  }
}

}  // namespace
}  // namespace winnow::reward
