#include "orchestrator/supervised_data.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/support/tiny_model.h"

namespace winnow::orchestrator {
namespace {

class SupervisedDataTest : public testing::Test {
 protected:
  SupervisedDataTest() : folder_(testing_support::FreshFolder("supervised_data")) {
    testing_support::WriteTinyModel(folder_);
    tokenizer_ = model::Tokenizer::Load(folder_).value();
  }

  Result<SupervisedData> Load(const std::string& lines, SupervisedDataOptions options = {},
                              const model::Chat* chat = nullptr) {
    const std::string file = folder_ + "/rows.jsonl";
    EXPECT_TRUE(WriteFileAtomically(file, lines).ok());
    options.prompts.files = {file};
    options.end_token = 0;
    return LoadSupervisedData(options, *tokenizer_, chat);
  }
  // The tokens with m = 1 as text, gaps as "|".
  std::string Counted(const learner::SupervisedRow& row) const {
    std::string text;
    bool gap = false;
    for (size_t t = 0; t < row.tokens.size(); ++t) {
      if (row.mask[t] != 0) {
        if (gap && !text.empty()) text += "|";
        text += tokenizer_->Decode(std::span(row.tokens).subspan(t, 1));
      }
      gap = row.mask[t] == 0;
    }
    return text;
  }

  std::string folder_;
  std::unique_ptr<model::Tokenizer> tokenizer_;
};

TEST_F(SupervisedDataTest, AnswersEndWithTheEndToken) {
  const auto data = Load("{\"prompt\":\"1+1=\",\"answer\":\"2\"}\n");
  ASSERT_TRUE(data.ok()) << data.status().ToString();
  ASSERT_EQ(data->rows.size(), 1u);
  EXPECT_EQ(tokenizer_->Decode(data->rows[0].tokens), "1+1=2<|endoftext|>");
  EXPECT_EQ(Counted(data->rows[0]), "2<|endoftext|>");
}

TEST_F(SupervisedDataTest, AllTokensCountButTheFirst) {
  const auto data = Load("{\"prompt\":\"1+1=\",\"answer\":\"2\"}\n", {.all_tokens = true});
  ASSERT_TRUE(data.ok());
  EXPECT_EQ(Counted(data->rows[0]), "+1=2<|endoftext|>");
}

TEST_F(SupervisedDataTest, AssistantTurnsCountUpToTheirEndToken) {
  auto parsed = model::ChatTemplate::Parse(
      "{% for m in messages %}<{{ m.role }}>{{ m.content }}<|endoftext|>\n{% endfor %}"
      "{% if add_generation_prompt %}<assistant>{% endif %}",
      "test");
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  const model::Chat chat(std::move(parsed).value(), {});
  const auto data = Load(
      "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":"
      "\"b\"},{\"role\":\"user\",\"content\":\"c\"},{\"role\":\"assistant\",\"content\":\"d\"}]}\n",
      {}, &chat);
  ASSERT_TRUE(data.ok()) << data.status().ToString();
  EXPECT_EQ(Counted(data->rows[0]), "b<|endoftext|>|d<|endoftext|>");
  EXPECT_EQ(tokenizer_->Decode(data->rows[0].tokens),
            "<user>a<|endoftext|>\n<assistant>b<|endoftext|>\n<user>c<|endoftext|>\n<assistant>d"
            "<|endoftext|>\n");
}

TEST_F(SupervisedDataTest, ATemplateThatRewritesEarlierTurnsIsRefused) {
  auto parsed = model::ChatTemplate::Parse(
      "{{ messages|length }}{% for m in messages %}{{ m.content }}{% endfor %}", "test");
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  const model::Chat chat(std::move(parsed).value(), {});
  const auto data = Load(
      "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":"
      "\"b\"}]}\n",
      {}, &chat);
  ASSERT_FALSE(data.ok());
  EXPECT_NE(data.status().message().find("turn by turn"), std::string::npos)
      << data.status().message();
}

TEST_F(SupervisedDataTest, FewLongRowsAreRefusedWithTheirLineAndManyStopTheRun) {
  std::string lines;
  for (int i = 0; i < 40; ++i) {
    lines += "{\"prompt\":\"p" + std::to_string(i) + "\",\"answer\":\"1\"}\n";
  }
  lines += "{\"prompt\":\"a prompt of many tokens\",\"answer\":\"1\"}\n";
  const auto data = Load(lines, {.max_length = 10});
  ASSERT_TRUE(data.ok()) << data.status().ToString();
  EXPECT_EQ(data->rows.size(), 40u);
  ASSERT_EQ(data->refused.size(), 1u);
  EXPECT_EQ(data->refused[0], folder_ +
                                  "/rows.jsonl:41: a row must have at most "
                                  "learner.sft.max_length = 10 tokens: 25");
  const auto stopped = Load(lines, {.max_length = 3});
  ASSERT_FALSE(stopped.ok());
  EXPECT_NE(stopped.status().message().find("of 41 rows were refused, more than 5 %"),
            std::string::npos);
}

}  // namespace
}  // namespace winnow::orchestrator
