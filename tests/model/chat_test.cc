#include "model/chat.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"

namespace winnow::model {
namespace {

class ChatTest : public testing::Test {
 protected:
  ChatTest() : folder_(testing::TempDir() + "winnow_chat_test_" + std::to_string(getpid())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(WriteFileAtomically(folder_ + "/" + name, text).ok());
  }
  const std::string folder_;
  const std::string messages_ = R"([{"role":"user","content":"hi"}])";
};

TEST_F(ChatTest, TakesTheModelsTemplateAndSpecialTokens) {
  Write("tokenizer_config.json",
        R"({"chat_template":"{{ bos_token }}{{ messages[0].content }}","bos_token":"<s>"})");
  const auto chat = Chat::Load(folder_, "model");
  ASSERT_TRUE(chat.ok() && *chat != nullptr);
  EXPECT_EQ(*(*chat)->Render(messages_, true, 0), "<s>hi");
}

TEST_F(ChatTest, AFileReplacesTheTemplateAndKeepsTheTokens) {
  Write("tokenizer_config.json", R"({"chat_template":"x","eos_token":"</s>"})");
  Write("other.jinja", "{{ messages[0].content }}{{ eos_token }}");
  const auto chat = Chat::Load(folder_, folder_ + "/other.jinja");
  ASSERT_TRUE(chat.ok() && *chat != nullptr);
  EXPECT_EQ(*(*chat)->Render(messages_, true, 0), "hi</s>");
  EXPECT_FALSE(Chat::Load(folder_, folder_ + "/none.jinja").ok());
}

TEST_F(ChatTest, IsNullWithoutATemplate) {
  EXPECT_EQ(*Chat::Load(folder_, "model"), nullptr);
  Write("tokenizer_config.json", R"({"chat_template":"x"})");
  EXPECT_EQ(*Chat::Load(folder_, "none"), nullptr);
}

}  // namespace
}  // namespace winnow::model
