#include "reward/plugin/plugin_verifier.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace winnow::reward::plugin {
namespace {

// Answers by the number of times that it was asked about a response.
class FakeBackend final : public Backend {
 public:
  using Answer = std::function<Attempt(std::string_view response, size_t attempt)>;
  FakeBackend(Answer answer, std::vector<std::string>* asked)
      : answer_(std::move(answer)), asked_(asked) {}

  void Ask(std::span<const Sample> samples, Deadline, bool alone, std::span<Attempt> out) override {
    for (size_t i = 0; i < samples.size(); ++i) {
      asked_->push_back(std::string(samples[i].response) + (alone ? " alone" : ""));
      size_t attempt = 0;
      for (const std::string& text : *asked_) attempt += text.starts_with(samples[i].response);
      out[i] = answer_(samples[i].response, attempt);
    }
  }

 private:
  const Answer answer_;
  std::vector<std::string>* const asked_;
};

struct Outcome {
  std::vector<std::string> asked;
  std::vector<Verdict> verdicts;
  uint64_t retries = 0;
};

Outcome AskWith(uint32_t retries, FakeBackend::Answer answer) {
  Outcome outcome;
  PluginVerifier verifier(Traits{.name = "fake"},
                          std::make_unique<FakeBackend>(std::move(answer), &outcome.asked),
                          retries);
  const std::vector<Sample> samples = {{.response = "a"}, {.response = "b"}};
  outcome.verdicts.resize(2);
  verifier.Verify(samples, Deadline::Never(), outcome.verdicts);
  outcome.retries = verifier.stats().retries;
  return outcome;
}

TEST(PluginVerifierTest, AnUnknownVerdictIsAskedAgainAlone) {
  const Outcome outcome = AskWith(2, [](std::string_view response, size_t attempt) -> Attempt {
    if (response == "a" || attempt == 2) return {Verdict::Scored(static_cast<float>(attempt))};
    return {Verdict::Timeout("late")};
  });
  EXPECT_EQ(outcome.asked, (std::vector<std::string>{"a", "b", "b alone"}));
  EXPECT_EQ(outcome.verdicts[0].ToString(), "scored 1");
  EXPECT_EQ(outcome.verdicts[1].ToString(), "scored 2");
  EXPECT_EQ(outcome.verdicts[0].provenance().attempt, 1u);
  EXPECT_EQ(outcome.verdicts[1].provenance().attempt, 2u);
  EXPECT_EQ(outcome.verdicts[1].provenance().verifier, "fake");
  EXPECT_EQ(outcome.retries, 1u);
}

TEST(PluginVerifierTest, AfterTheLastRetryItStaysUnknown) {
  const Outcome outcome = AskWith(1, [](std::string_view response, size_t) -> Attempt {
    return {response == "a" ? Verdict::Error("no") : Verdict::Timeout("late")};
  });
  EXPECT_EQ(outcome.asked, (std::vector<std::string>{"a", "b", "a alone", "b alone"}));
  EXPECT_EQ(outcome.verdicts[0].ToString(), "error: no");
  EXPECT_EQ(outcome.verdicts[1].ToString(), "timeout: late");
}

TEST(PluginVerifierTest, WhatCannotChangeIsNotAskedAgain) {
  const Outcome outcome = AskWith(2, [](std::string_view response, size_t) -> Attempt {
    if (response == "a") return {Verdict::Error("status 404"), /*may_retry=*/false};
    return {Verdict::Invalid("no reference")};
  });
  EXPECT_EQ(outcome.asked, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(outcome.verdicts[0].ToString(), "error: status 404");
  EXPECT_EQ(outcome.verdicts[1].ToString(), "invalid: no reference");
}

}  // namespace
}  // namespace winnow::reward::plugin
