#include "orchestrator/filter/streaming_filter.h"

#include <gtest/gtest.h>

#include "base/philox.h"
#include "orchestrator/filter/greso.h"
#include "tests/orchestrator/filter/simulation.h"

namespace winnow::orchestrator {
namespace {

using store::FilterReason;

class StreamingFilterTest : public testing::Test {
 protected:
  store::Outcome Give(PromptId prompt, float reward, uint32_t epoch) {
    store::Outcome outcome = OutcomeOf(prompt, std::vector<float>(8, reward));
    outcome.cls = store::Classify(settings_.classify_rule(), outcome);
    outcome.epoch = epoch;
    outcome.step = epoch + 1;
    state_.Observe(outcome);
    return outcome;
  }

  const FilterSettings settings_ =
      SettingsFor(FilterType::kGreso, {.seed = 42, .train_batch_size = 4, .num_prompts = 10});
  MemoryPromptState state_{settings_.mopps_prior()};
  Greso filter_{settings_, &state_};
};

TEST_F(StreamingFilterTest, AQuarantinedPromptIsSkippedBeforeTheDraw) {
  state_.Quarantine(PromptId(7));
  const Decision decision = filter_.Select(std::vector<Offer>{{PromptId(7), 1}}, 1)[0];
  EXPECT_FALSE(decision.keep);
  EXPECT_EQ(decision.reason, FilterReason::kQuarantined);
  EXPECT_EQ(decision.u, 0);
}

TEST_F(StreamingFilterTest, ThreeGroupsInARowWithoutAScoredSampleAreQuarantine) {
  store::Outcome outcome = OutcomeOf(PromptId(7), std::vector<float>(8, 1.0f));
  for (store::SampleOutcome& sample : outcome.samples) sample.kind = VerdictKind::kTimeout;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(filter_.Select(std::vector<Offer>{{PromptId(7), 1}}, 1)[0].keep);
    filter_.Observe(outcome);
  }
  EXPECT_EQ(filter_.Select(std::vector<Offer>{{PromptId(7), 1}}, 1)[0].reason,
            FilterReason::kQuarantined);
}

TEST_F(StreamingFilterTest, AnEffectiveGroupNeedsMinScoredSamples) {
  FilterJob job = settings_.job;
  job.min_scored = 4;
  const Greso filter(ResolveFilter({}, job), &state_);
  store::Outcome outcome = OutcomeOf(PromptId(1), {0, 1, 0, 1, 0, 1, 0, 1});
  outcome.cls = store::OutcomeClass::kEffective;
  for (int i = 4; i < 8; ++i) outcome.samples[i].kind = VerdictKind::kError;
  EXPECT_TRUE(filter.Trainable(outcome));
  outcome.samples[3].kind = VerdictKind::kError;
  EXPECT_FALSE(filter.Trainable(outcome));
}

TEST_F(StreamingFilterTest, AShadowGroupIsNeverTrainedOn) {
  store::Outcome outcome = OutcomeOf(PromptId(1), {0, 1, 0, 1, 0, 1, 0, 1});
  outcome.cls = store::OutcomeClass::kEffective;
  outcome.shadow = true;
  EXPECT_FALSE(filter_.Trainable(outcome));
}

TEST_F(StreamingFilterTest, AShadowGroupLeavesTheStreakAlone) {
  Give(PromptId(7), 1, 0);
  store::Outcome shadow = OutcomeOf(PromptId(7), std::vector<float>(8, 0.0f));
  shadow.cls = store::OutcomeClass::kHard;
  shadow.shadow = true;
  filter_.Observe(shadow);
  EXPECT_EQ(state_.Find(PromptId(7))->streak, 1);
}

TEST_F(StreamingFilterTest, ExplainsAPromptWithoutHistory) {
  const Explanation explanation = filter_.Explain(PromptId(5));
  EXPECT_EQ(explanation.cls, "unseen");
  EXPECT_EQ(explanation.skip_probability, 0);
  EXPECT_EQ(explanation.next_epoch, 0u);
  EXPECT_TRUE(explanation.next_keep);
  EXPECT_EQ(explanation.next_reason, FilterReason::kUnseen);
  EXPECT_FALSE(explanation.last_skip.has_value());
}

TEST_F(StreamingFilterTest, ExplainsStreakLastSkipAndWhatTheNextEpochWouldDecide) {
  Give(PromptId(7), 0, 0);
  Give(PromptId(7), 0, 1);
  state_.OnSkip({.prompt = PromptId(7),
                 .step = 9,
                 .epoch = 2,
                 .reason = FilterReason::kHard,
                 .streak = -2,
                 .u = FilterUniform(42, PromptId(7), 2, 0)});
  const Explanation explanation = filter_.Explain(PromptId(7));
  EXPECT_EQ(explanation.cls, "hard");
  EXPECT_EQ(explanation.z, -2);
  EXPECT_EQ(explanation.p, 0.5);
  EXPECT_EQ(explanation.skip_probability, 0.75);
  ASSERT_TRUE(explanation.last_skip.has_value());
  EXPECT_EQ(explanation.last_skip->step, 9u);
  EXPECT_EQ(explanation.last_skip->u, FilterUniform(42, PromptId(7), 2, 0));
  EXPECT_EQ(explanation.next_epoch, 3u);
  EXPECT_EQ(explanation.next_u, FilterUniform(42, PromptId(7), 3, 0));
  EXPECT_EQ(explanation.next_keep, explanation.next_u >= 0.75);
  EXPECT_EQ(explanation.groups_by_class[static_cast<size_t>(store::OutcomeClass::kHard)], 2u);
  EXPECT_EQ(explanation.skips_by_reason[static_cast<size_t>(FilterReason::kHard)], 1u);
  EXPECT_EQ(explanation.last_classes,
            std::vector<store::OutcomeClass>(2, store::OutcomeClass::kHard));
}

TEST_F(StreamingFilterTest, DamagedOrForeignSavedStateIsRefused) {
  EXPECT_EQ(filter_.Load("rubbish").code(), StatusCode::kDataLoss);
  EXPECT_EQ(filter_.Load(R"({"version": 2, "type": "greso"})").message(),
            "filter state: version must be 1: 2");
  EXPECT_EQ(filter_.Load(R"({"version": 1, "type": "band"})").code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(filter_.Load(R"({"version": 1, "type": "greso", "p_easy": "x"})").message(),
            "filter state: p_easy must be a number: \"x\"");
}

}  // namespace
}  // namespace winnow::orchestrator
