#include "orchestrator/filter/trace.h"

#include <gtest/gtest.h>

#include "base/digest.h"

namespace winnow::orchestrator {
namespace {

constexpr std::string_view kTrace = R"({"schema": "greso-trace/1",
  "config": {"n": 2, "strategy": "keep_all"},
  "uniforms": {"kind": "mt19937", "seed": 41},
  "epoch_orders": [["a", "b"], ["b", "a"]],
  "rewards": {"a": [[0.1, 1], [1, 1]], "b": [[0, 0], [0, 1]]}})";

std::string Replaced(std::string_view what, std::string_view with) {
  std::string text(kTrace);
  text.replace(text.find(what), what.size(), with);
  return text;
}

std::string MessageOf(std::string_view what, std::string_view with) {
  const Result<Trace> trace = ParseTrace(Replaced(what, with));
  return trace.ok() ? "no error" : trace.status().message();
}

TEST(TraceTest, ReadsConfigOrdersAndRewards) {
  const Trace trace = ParseTrace(kTrace).value();
  EXPECT_EQ(trace.config.n, 2u);
  EXPECT_EQ(trace.config.strategy, ReferenceStrategy::kKeepAll);
  EXPECT_EQ(trace.config.sampling_batch_size, 384u);  // a default
  EXPECT_EQ(trace.config.max_steps, 1001u);
  const PromptId a(Hash64("a")), b(Hash64("b"));
  EXPECT_EQ(trace.epoch_orders[1], (std::vector<PromptId>{b, a}));
  EXPECT_EQ(trace.rewards.at(a)[0], (std::vector<float>{0.1f, 1.0f}));
  const TraceOfferSource source(trace);
  EXPECT_EQ(source.num_prompts(), 2u);
  EXPECT_EQ(source.num_epochs(), 2u);
  EXPECT_EQ(source.Order(0), (std::vector<PromptId>{a, b}));
}

TEST(TraceTest, UniformsAreAGeneratorOrAList) {
  EXPECT_EQ(ParseTrace(kTrace).value().MakeStream()->Next().value(),
            Mt19937Stream(41).Next().value());
  const std::string text = Replaced(R"({"kind": "mt19937", "seed": 41})", "[0.25]");
  EXPECT_EQ(ParseTrace(text).value().MakeStream()->Next().value(), 0.25);
}

TEST(TraceTest, NamesWhatIsWrong) {
  EXPECT_EQ(ParseTrace("nonsense").status().message(), "trace: must be one JSON object");
  EXPECT_EQ(MessageOf("greso-trace/1", "greso-trace/2"),
            "trace: schema must be greso-trace/1: \"greso-trace/2\"");
  EXPECT_EQ(MessageOf("\"n\": 2", "\"n\": 0"),
            "trace: config.n must be an integer in [1, 16777216]: 0");
  EXPECT_EQ(MessageOf("\"n\": 2", "\"m\": 2"), "trace: config.m is not a key");
  EXPECT_EQ(MessageOf("keep_all", "some"),
            "trace: config.strategy must be one of all_probabilistic, keep_all, none: \"some\"");
  EXPECT_EQ(MessageOf("\"n\": 2", "\"n\": 2, \"ttis\": 1"),
            "trace: config.ttis must be one of dynamic_sampling, none: 1");
  EXPECT_EQ(MessageOf("\"n\": 2", "\"n\": 2, \"min_p\": 2"),
            "trace: config.min_p must lie in [0, 1]: 2");
  EXPECT_EQ(MessageOf("mt19937", "pcg"),
            "trace: uniforms must be a list or {\"kind\": \"mt19937\", \"seed\": S}: "
            "{\"kind\":\"pcg\",\"seed\":41}");
  EXPECT_EQ(MessageOf("[\"a\", \"b\"]", "[\"a\", 7]"), "trace: an id must be a string: 7");
  EXPECT_EQ(MessageOf("[\"a\", \"b\"]", "[\"a\", \"c\"]"),
            "trace: rewards must hold every prompt: c");
  EXPECT_EQ(MessageOf("[[0, 0], [0, 1]]", "[[0, 0]]"),
            "trace: rewards of b must be a list of 2 epochs");
  EXPECT_EQ(MessageOf("[[0, 0], [0, 1]]", "[[0, 0], [0]]"),
            "trace: rewards of b must be 2 numbers an epoch: [0]");
  EXPECT_EQ(MessageOf("[[0, 0], [0, 1]]", "[[0, 0], [0, null]]"),
            "trace: a reward of b must be a number: null");
  EXPECT_EQ(MessageOf("\"rewards\"", "\"prizes\""), "trace: prizes is not a key");
}

}  // namespace
}  // namespace winnow::orchestrator
