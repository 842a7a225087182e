#include "reward/scorer.h"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

namespace winnow::reward {
namespace {

// A verifier made of a function; counts what it was asked.
class FunctionVerifier final : public Verifier {
 public:
  using Function = std::function<Verdict(const Sample&)>;
  FunctionVerifier(Function function, int* asked, Traits traits = {.name = "function"})
      : function_(std::move(function)), asked_(asked), traits_(std::move(traits)) {}
  const Traits& traits() const override { return traits_; }
  void Verify(std::span<const Sample> samples, Deadline, std::span<Verdict> out) override {
    for (size_t i = 0; i < samples.size(); ++i) {
      ++*asked_;
      out[i] = function_(samples[i]);
    }
  }

 private:
  const Function function_;
  int* const asked_;
  const Traits traits_;
};

std::vector<Sample> Group(const std::vector<std::string_view>& responses) {
  std::vector<Sample> samples;
  for (std::string_view response : responses) {
    samples.push_back({.prompt_id = PromptId(1),
                       .index = static_cast<uint32_t>(samples.size()),
                       .response = response,
                       .reference = "5"});
  }
  return samples;
}

Verdict LengthOf(const Sample& sample) {
  return Verdict::Scored(static_cast<float>(sample.response.size()));
}

const ScorerOptions kNoAudit{.audit_fraction = 0.0};

TEST(ScorerTest, ScoresInOrderWithProvenance) {
  int asked = 0;
  Scorer scorer(std::make_unique<FunctionVerifier>(LengthOf, &asked,
                                                   Traits{.name = "length", .range = {0, 9}}),
                kNoAudit);
  const auto verdicts = scorer.Score(Group({"a", "bbb", "cc"}));
  ASSERT_EQ(verdicts.size(), 3u);
  EXPECT_EQ(verdicts[1].reward(), 3.0f);
  EXPECT_EQ(verdicts[2].reward(), 2.0f);
  EXPECT_EQ(verdicts[0].provenance().verifier, "length");
  EXPECT_EQ(scorer.counts().scored, 3u);
}

TEST(ScorerTest, EqualSamplesAreScoredOnce) {
  int asked = 0;
  Scorer scorer(std::make_unique<FunctionVerifier>(LengthOf, &asked), kNoAudit);
  const auto verdicts = scorer.Score(Group({"a", "a", "", "a"}));
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(verdicts[3].reward(), 1.0f);
  EXPECT_EQ(scorer.counts().deduplicated, 2u);
  auto lengths = Group({"a", "a"});
  lengths[1].response_tokens = 7;  // what `overlong` looks at
  scorer.Score(lengths);
  EXPECT_EQ(asked, 4);
}

TEST(ScorerTest, ANondeterministicVerifierSeesEverySample) {
  int asked = 0;
  Scorer scorer(
      std::make_unique<FunctionVerifier>(
          LengthOf, &asked, Traits{.name = "dice", .deterministic = false, .thread_safe = false}),
      kNoAudit);
  scorer.Score(Group({"a", "a", "a"}));
  EXPECT_EQ(asked, 3);
}

TEST(ScorerTest, AnExceptionIsAnErrorOfItsSampleAlone) {
  int asked = 0;
  const auto throws_on_b = [](const Sample& sample) -> Verdict {
    if (sample.response == "b") throw std::runtime_error("boom\n");
    if (sample.response == "i") throw 7;
    return Verdict::Scored(1.0f);
  };
  Scorer scorer(std::make_unique<FunctionVerifier>(throws_on_b, &asked), kNoAudit);
  const auto verdicts = scorer.Score(Group({"a", "b", "c", "i"}));
  EXPECT_EQ(verdicts[0].reward(), 1.0f);
  EXPECT_EQ(verdicts[1].ToString(), "error: boom\\n");
  EXPECT_EQ(verdicts[2].reward(), 1.0f);
  EXPECT_EQ(verdicts[3].kind(), VerdictKind::kError);
  EXPECT_EQ(scorer.counts().error, 2u);
}

TEST(ScorerTest, RewardsOutsideTheRangeAreErrors) {
  int asked = 0;
  const auto two = [](const Sample&) { return Verdict::Scored(2.0f); };
  Scorer narrow(std::make_unique<FunctionVerifier>(two, &asked), kNoAudit);
  EXPECT_EQ(narrow.Score(Group({"a"}))[0].ToString(), "error: reward is outside [0, 1]: 2");
  Scorer wide(std::make_unique<FunctionVerifier>(two, &asked), {.max = 2.0f, .audit_fraction = 0});
  EXPECT_EQ(wide.Score(Group({"a"}))[0].reward(), 2.0f);
}

TEST(ScorerTest, AForgottenSampleStaysAnError) {
  class Forgetful final : public Verifier {
   public:
    const Traits& traits() const override { return traits_; }
    void Verify(std::span<const Sample>, Deadline, std::span<Verdict> out) override {
      out[0] = Verdict::Scored(1.0f);
    }
    const Traits traits_{.name = "forgetful"};
  };
  Scorer scorer(std::make_unique<Forgetful>(), kNoAudit);
  const auto verdicts = scorer.Score(Group({"a", "b"}));
  EXPECT_TRUE(verdicts[0].is_scored());
  EXPECT_EQ(verdicts[1].ToString(), "error: no verdict");
}

TEST(ScorerTest, SplitsBatchesAtTheLimit) {
  class Limited final : public Verifier {
   public:
    const Traits& traits() const override { return traits_; }
    void Verify(std::span<const Sample> samples, Deadline, std::span<Verdict> out) override {
      ASSERT_LE(samples.size(), 2u);
      for (Verdict& verdict : out) verdict = Verdict::Scored(1.0f);
    }
    const Traits traits_{.name = "limited", .batch_limit = 2};
  };
  Scorer scorer(std::make_unique<Limited>(), kNoAudit);
  for (const Verdict& verdict : scorer.Score(Group({"a", "b", "c", "d", "e"}))) {
    EXPECT_TRUE(verdict.is_scored());
  }
}

TEST(ScorerTest, AuditFindsAVerifierThatChangesItsMind) {
  int asked = 0;
  int turn = 0;
  const auto fickle = [&turn](const Sample&) {
    return Verdict::Scored(turn++ % 2 == 0 ? 1.0f : 0.0f);
  };
  Scorer scorer(std::make_unique<FunctionVerifier>(fickle, &asked), {.audit_fraction = 1.0});
  EXPECT_EQ(scorer.Score(Group({"a"}))[0].reward(), 1.0f);  // the first counts
  EXPECT_EQ(scorer.counts().audited, 1u);
  EXPECT_EQ(scorer.counts().nondeterministic, 1u);
}

TEST(ScorerTest, AuditIsAKeyedShare) {
  int asked = 0;
  const auto audited = [&](uint64_t seed) {
    Scorer scorer(std::make_unique<FunctionVerifier>(LengthOf, &asked),
                  {.audit_fraction = 0.1, .seed = seed});
    std::vector<Sample> samples;
    for (uint64_t i = 0; i < 2000; ++i) {
      samples.push_back(
          {.prompt_id = PromptId(i), .response = "x", .response_tokens = static_cast<uint32_t>(i)});
    }
    scorer.Score(samples);
    return scorer.counts().audited;
  };
  EXPECT_EQ(audited(3), audited(3));
  EXPECT_NEAR(static_cast<double>(audited(3)), 200.0, 60.0);
}

TEST(ScorerTest, AnEmptyGroupHasNoVerdicts) {
  int asked = 0;
  Scorer scorer(std::make_unique<FunctionVerifier>(LengthOf, &asked), kNoAudit);
  EXPECT_TRUE(scorer.Score({}).empty());
}

}  // namespace
}  // namespace winnow::reward
