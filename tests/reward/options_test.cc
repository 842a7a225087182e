#include "reward/options.h"

#include <gtest/gtest.h>

namespace winnow::reward {
namespace {

const std::vector<OptionSpec> kSpecs = {{"rel", "1e-6", ""}, {"flag", "false", ""},
                                        {"mode", "one", ""}, {"tags", "a,b", ""},
                                        {"weights", "", ""}, {"*.", "", ""}};

TEST(OptionReaderTest, ReadsValuesAndDefaults) {
  const VerifierOptions options = {{"rel", "0.5"}, {"flag", "yes"}, {"mode", "two"}};
  OptionReader reader("x", options, kSpecs);
  EXPECT_EQ(reader.Number("rel", 0, 1), 0.5);
  EXPECT_TRUE(reader.Bool("flag"));
  EXPECT_EQ(reader.Choice("mode", {"one", "two"}), 1u);
  EXPECT_EQ(reader.List("tags"), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(reader.IsGiven("rel"));
  EXPECT_FALSE(reader.IsGiven("tags"));
  EXPECT_TRUE(reader.Finish().ok());
}

TEST(OptionReaderTest, ReadsListsAndMapsInEachSpelling) {
  for (const char* text : {R"(["p","q"])", "p,q", "[p, q]", " p , q "}) {
    const VerifierOptions options = {{"tags", text}};
    EXPECT_EQ(OptionReader("x", options, kSpecs).List("tags"), (std::vector<std::string>{"p", "q"}))
        << text;
  }
  using Weights = std::vector<std::pair<std::string, double>>;
  for (const char* text : {R"({"math":1,"format":0.5})", "math: 1, format: 0.5",
                           "{math: 1, format: 0.5}", "math=1,format=0.5"}) {
    const VerifierOptions options = {{"weights", text}};
    OptionReader reader("x", options, kSpecs);
    EXPECT_EQ(reader.NumberMap("weights"), (Weights{{"math", 1.0}, {"format", 0.5}})) << text;
    EXPECT_TRUE(reader.Finish().ok());
  }
}

std::string Mistake(const VerifierOptions& options) {
  OptionReader reader("numeric", options, kSpecs);
  reader.Number("rel", 0, 1);
  reader.Bool("flag");
  reader.Choice("mode", {"one", "two"});
  reader.NumberMap("weights");
  return reader.Finish().message();
}

TEST(OptionReaderTest, NamesTheMistake) {
  EXPECT_EQ(Mistake({{"rell", "1"}}),
            "reward.rell is not an option of verifier numeric; did you mean rel?");
  EXPECT_EQ(Mistake({{"rel", "fast"}}), "reward.rel must be a number: \"fast\"");
  EXPECT_EQ(Mistake({{"rel", "nan"}}), "reward.rel must be a number: \"nan\"");
  EXPECT_EQ(Mistake({{"rel", "2"}}), "reward.rel must be in [0, 1]: \"2\"");
  EXPECT_EQ(Mistake({{"flag", "maybe"}}), "reward.flag must be true or false: \"maybe\"");
  EXPECT_EQ(Mistake({{"mode", "tow"}}),
            "reward.mode must be one of one, two: \"tow\"; did you mean two?");
  EXPECT_EQ(Mistake({{"weights", "math: x"}}), "reward.weights.math must be a number: \"x\"");
  EXPECT_EQ(Mistake({{"weights", "math"}}), "reward.weights must be a map of names: \"math\"");
}

TEST(OptionReaderTest, HandsOutDottedKeysByPrefix) {
  const VerifierOptions options = {{"math.rel", "1"}, {"format.tags", "a"}};
  OptionReader reader("compose", options, kSpecs);
  EXPECT_EQ(reader.WithPrefix("math."), (VerifierOptions{{"rel", "1"}}));
  EXPECT_TRUE(reader.Finish().ok());
}

}  // namespace
}  // namespace winnow::reward
