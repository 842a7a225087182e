#include "orchestrator/prompt_source.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/support/tiny_model.h"

namespace winnow::orchestrator {
namespace {

class PromptSourceTest : public testing::Test {
 protected:
  PromptSourceTest() : folder_(testing_support::FreshFolder("prompt_source")) {
    testing_support::WriteTinyModel(folder_);
    tokenizer_ = model::Tokenizer::Load(folder_).value();
    file_ = folder_ + "/rows.jsonl";
  }

  Result<PromptSource> Load(const std::string& lines, PromptSourceOptions options = {},
                            const model::Chat* chat = nullptr) {
    EXPECT_TRUE(WriteFileAtomically(file_, lines).ok());
    options.files = {file_};
    return PromptSource::Load(options, *tokenizer_, chat);
  }
  std::string MessageOf(const std::string& lines, PromptSourceOptions options = {}) {
    const auto source = Load(lines, options);
    EXPECT_FALSE(source.ok());
    return source.ok() ? "" : source.status().message();
  }

  std::string folder_;
  std::string file_;
  std::unique_ptr<model::Tokenizer> tokenizer_;
};

TEST_F(PromptSourceTest, ReadsRowsInOrder) {
  const auto source = Load(
      "{\"prompt\":\"1+1=\",\"answer\":2,\"id\":\"a\",\"data_source\":\"s\"}\n\n"
      "{\"prompt\":\"2+2=\",\"answer\":\"4\",\"id\":7}\n");
  ASSERT_TRUE(source.ok()) << source.status().ToString();
  ASSERT_EQ(source->prompts().size(), 2u);
  const Prompt& first = source->prompts()[0];
  EXPECT_EQ(first.reference, "2");
  EXPECT_EQ(first.data_source, "s");
  EXPECT_EQ(first.tokens.size(), 4u);
  EXPECT_EQ(first.id, PromptId(Hash64("a")));
  EXPECT_EQ(source->prompts()[1].id, PromptId(Hash64("7")));
  EXPECT_EQ(source->prompts()[1].origin, file_ + ":3");
  EXPECT_EQ(source->Find(first.id), &first);
  EXPECT_EQ(source->Find(PromptId(1)), nullptr);
}

// Without an id the prompt's canonical JSON is hashed: a string with its quotes.
TEST_F(PromptSourceTest, HashesThePromptWithoutAnId) {
  const auto source = Load("{\"answer\":\"2\",\"prompt\":\"x\"}\n");
  ASSERT_TRUE(source.ok());
  EXPECT_EQ(source->prompts()[0].id, PromptId(Hash64("\"x\"")));
}

TEST_F(PromptSourceTest, NamesFileAndLineOfAMistake) {
  EXPECT_EQ(MessageOf("{\"prompt\":\"x\",\"answer\":\"1\"}\nnot json\n"),
            file_ + ":2: a line must be a JSON object: not json");
  EXPECT_EQ(MessageOf("{\"prompt\":\"x\"}\n"),
            file_ + ":1: data.answer_key must name a column of each row: \"answer\"");
  EXPECT_EQ(MessageOf("{\"question\":\"x\",\"answer\":\"1\"}\n"),
            file_ +
                ":1: data.prompt_key must name a string or a list of messages in each row: "
                "\"prompt\"");
  EXPECT_EQ(MessageOf("{\"prompt\":\"x\",\"answer\":\"1\",\"id\":\"a\"}\n"
                      "{\"prompt\":\"y\",\"answer\":\"1\",\"id\":\"a\"}\n"),
            file_ + ":2: each row must have an id of its own; this one is that of " + file_ +
                ":1: \"a\"");
  EXPECT_EQ(MessageOf("{\"prompt\":[{\"role\":\"user\",\"content\":\"x\"}],\"answer\":\"1\"}\n"),
            file_ +
                ":1: a chat needs a template, and neither the model nor model.chat_template "
                "has one");
}

TEST_F(PromptSourceTest, AReferenceIsOptionalIfTheVerifierNeedsNone) {
  EXPECT_TRUE(Load("{\"prompt\":\"x\"}\n", {.needs_reference = false}).ok());
}

TEST_F(PromptSourceTest, DotsEnterObjectsUnlessTheWholeKeyIsAColumn) {
  const auto nested = Load("{\"prompt\":\"x\",\"reward_model\":{\"ground_truth\":\"5\"}}\n",
                           {.answer_key = "reward_model.ground_truth"});
  ASSERT_TRUE(nested.ok());
  EXPECT_EQ(nested->prompts()[0].reference, "5");
  const auto flat =
      Load("{\"prompt\":\"x\",\"a.b\":\"6\",\"a\":{\"b\":\"7\"}}\n", {.answer_key = "a.b"});
  ASSERT_TRUE(flat.ok());
  EXPECT_EQ(flat->prompts()[0].reference, "6");
}

TEST_F(PromptSourceTest, OverlongPromptsAreDroppedRefusedOrCut) {
  const std::string lines =
      "{\"prompt\":\"abcdef\",\"answer\":\"1\"}\n"
      "{\"prompt\":\"ab\",\"answer\":\"1\"}\n";
  const auto dropped = Load(lines, {.max_prompt_length = 4});
  ASSERT_TRUE(dropped.ok());
  EXPECT_EQ(dropped->prompts().size(), 1u);
  EXPECT_EQ(dropped->num_overlong(), 1u);
  EXPECT_EQ(MessageOf(lines, {.max_prompt_length = 4, .filter_overlong = false}),
            file_ + ":1: a prompt must have at most data.max_prompt_length = 4 tokens: 6");
  const auto left = Load(
      lines, {.max_prompt_length = 4, .filter_overlong = false, .truncation = Truncation::kLeft});
  ASSERT_TRUE(left.ok());
  EXPECT_EQ(tokenizer_->Decode(left->prompts()[0].tokens), "cdef");
  const auto right = Load(
      lines, {.max_prompt_length = 4, .filter_overlong = false, .truncation = Truncation::kRight});
  ASSERT_TRUE(right.ok());
  EXPECT_EQ(tokenizer_->Decode(right->prompts()[0].tokens), "abcd");
}

TEST_F(PromptSourceTest, WrapsPromptsInTemplatesAndChats) {
  const auto wrapped =
      Load("{\"prompt\":\"x\",\"answer\":\"1\"}\n", {.prompt_template = "Q: {prompt} A:"});
  ASSERT_TRUE(wrapped.ok());
  EXPECT_EQ(wrapped->prompts()[0].text, "Q: x A:");
  auto parsed = model::ChatTemplate::Parse(
      "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
      "{% if add_generation_prompt %}<assistant>{% endif %}",
      "test");
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  const model::Chat chat(std::move(parsed).value(), {});
  const auto chatted = Load("{\"prompt\":\"x\",\"answer\":\"1\"}\n",
                            {.system_prompt = "be brief", .as_chat = true}, &chat);
  ASSERT_TRUE(chatted.ok()) << chatted.status().ToString();
  EXPECT_EQ(chatted->prompts()[0].text, "<system>be brief<user>x<assistant>");
}

TEST_F(PromptSourceTest, TheDigestDependsOnPromptsAndReferences) {
  const std::string row = "{\"prompt\":\"x\",\"answer\":\"1\",\"id\":\"a\"}\n";
  const Digest one = Load(row)->digest();
  EXPECT_EQ(Load(row)->digest(), one);
  EXPECT_NE(Load("{\"prompt\":\"x\",\"answer\":\"2\",\"id\":\"a\"}\n")->digest(), one);
  EXPECT_NE(Load("{\"prompt\":\"y\",\"answer\":\"1\",\"id\":\"a\"}\n")->digest(), one);
}

TEST_F(PromptSourceTest, TakesTheFirstRowsOnly) {
  std::string lines;
  for (int i = 0; i < 9; ++i) {
    lines += "{\"prompt\":\"p" + std::to_string(i) + "\",\"answer\":\"1\"}\n";
  }
  EXPECT_EQ(Load(lines, {.max_samples = 4})->prompts().size(), 4u);
}

}  // namespace
}  // namespace winnow::orchestrator
