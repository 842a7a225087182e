// Texts made to break a reader: none may crash, hang, or be paid for.
#include "tests/reward/judging.h"

namespace winnow::reward {
namespace {

std::string Repeat(std::string_view text, size_t bytes) {
  std::string repeated;
  while (repeated.size() < bytes) repeated += text;
  repeated.resize(bytes);
  return repeated;
}

std::vector<std::string> HostileTexts() {
  constexpr size_t kSize = 1 << 17;
  std::vector<std::string> texts;
  for (const char* unit : {"\\boxed{1",  "\\boxed{", "7",       "1,234",
                           "1.",         "1e9999 ",  "(",       "(1",
                           "$",          "$ ",       "\\(",     "\\[",
                           "\\frac{1}{", "-",        "answer ", "answer is ",
                           "<think>",    "<answer>", "####",    "a",
                           "a1",         "a.7",      "(A)",     "1/3 ",
                           "1 1/3 ",     "\\",       "{",       "<",
                           "> - ",       "*",        " ",       "(1+1+1+1+1+1+1+"}) {
    texts.push_back(Repeat(unit, kSize));
  }
  for (const std::string& inside :
       {std::string("9^{9^{9^{9^{9}}}}"), std::string("9999999!"), std::string("2^{99999999999}"),
        std::string("\\binom{10000}{5000}"), std::string("1/0"), std::string("0^0"),
        std::string("\\log_{1}{1}"), Repeat("(", 2000) + "1" + Repeat(")", 2000),
        Repeat("-", 4000) + "1", Repeat("|", 3000), Repeat("\\sqrt", 4000) + "2",
        Repeat("\\pm 1", 3000), Repeat("1+", 4000) + "1", Repeat("1", 4090), Repeat("\\\\", 3001),
        Repeat("x_{", 3000), Repeat("1,", 4000), Repeat("{1 \\over ", 3000)}) {
    texts.push_back("\\boxed{" + inside + "}");
  }
  texts.push_back(std::string("\0\0\0 5 \0", 8));
  texts.push_back("\xFF\xFE\xC3 \\boxed{\xFF\xC3}");
  texts.push_back("\\boxed{\xE2\x80\x8B}");
  return texts;
}

const char* const kRow =
    R"({"metadata":{"numbers":[1,2],"target":3,"names":["Mia"],"solution":[true],)"
    R"("knight":"altruist","knave":"egoist"},"choices":["x","y"]})";

TEST(HostileTextTest, IsNeverPaidNorUnknown) {
  for (const char* name :
       {"exact", "numeric", "math", "number_list", "multiple_choice", "countdown", "assignment"}) {
    Judge judge(name);
    const std::string reference = std::string(name) == "multiple_choice" ? "C" : "31415";
    const char* row = std::string(name) == "multiple_choice" ? "" : kRow;
    for (const std::string& text : HostileTexts()) {
      const Verdict verdict = judge.Ask(reference, text, row);
      ASSERT_TRUE(verdict.is_scored()) << name << " " << text.substr(0, 40);
      EXPECT_EQ(verdict.reward(), 0.0f) << name << " " << text.substr(0, 40);
    }
  }
}

TEST(HostileTextTest, AsAReferenceIsInvalidOrUnequal) {
  for (const char* name : {"exact", "numeric", "math", "number_list", "multiple_choice"}) {
    Judge judge(name);
    for (const std::string& text : HostileTexts()) {
      const Verdict verdict = judge.Ask(text, "\\boxed{31415}");
      EXPECT_FALSE(verdict.is_unknown()) << name << " " << text.substr(0, 40);
      const float reward = verdict.is_scored() ? verdict.reward() : 0.0f;
      EXPECT_EQ(reward, 0.0f) << name << " " << text.substr(0, 40);
    }
  }
}

TEST(HostileTextTest, TooLongResponsesHaveNoAnswer) {
  for (const char* name : {"exact", "numeric", "math"}) {
    Judge judge(name);
    EXPECT_EQ(judge.Answered("5", std::string(1 << 20, ' ') + "5"), 0.0) << name;
    EXPECT_EQ(judge.Reward("5", std::string((1 << 20) - 1, ' ') + "5"), 1.0f) << name;
  }
}

TEST(HostileTextTest, TheAnswerInsideTheThinkingPartDoesNotCount) {
  for (const char* name : {"exact", "numeric", "math"}) {
    Judge judge(name);
    EXPECT_EQ(judge.Answered("5", "<think>5 \\boxed{5}</think>"), 0.0) << name;
    EXPECT_EQ(judge.Reward("5", "<think>\\boxed{5}</think>\\boxed{6}"), 0.0f) << name;
    EXPECT_EQ(judge.Answered("5", "<think>\\boxed{5}"), 0.0) << name;
  }
}

TEST(HostileTextTest, ListsOfAnswersAreNoAnswer) {
  Judge math("math"), numeric("numeric");
  for (const char* text : {"\\boxed{3 \\text{ or } 5}", "\\boxed{3, 5}", "\\boxed{\\{3, 5\\}}",
                           "\\boxed{3 \\pm 2}", "\\boxed{[0, 10]}", "\\boxed{x \\ge 5}",
                           "<answer>3 5</answer>", "<answer>5 or 3</answer>"}) {
    EXPECT_EQ(math.Reward("5", text), 0.0f) << text;
    EXPECT_EQ(numeric.Reward("5", text), 0.0f) << text;
  }
}

TEST(HostileTextTest, LookAlikesAreNotTheLetters) {
  Judge exact("exact");
  EXPECT_EQ(exact.Reward("apa", "\xD0\xB0pa"), 0.0f);  // Cyrillic a
  Judge math("math");
  EXPECT_EQ(math.Reward("x+1", "\\boxed{\xD1\x85+1}"), 0.0f);
  EXPECT_EQ(math.Reward("88",
                        "\\boxed{8\xE2\x80\x8B"
                        "8}"),
            1.0f);  // zero width vanishes
}

}  // namespace
}  // namespace winnow::reward
