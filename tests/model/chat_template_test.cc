#include "model/chat_template.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

namespace winnow::model {
namespace {

std::string Render(const std::string& source, const ChatInput& input) {
  auto chat = ChatTemplate::Parse(source, "chat.jinja");
  if (!chat.ok()) return chat.status().message();
  const auto text = chat->Render(input);
  return text.ok() ? *text : text.status().message();
}

// A folder with files that is removed again.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "winnow_chat_XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/" + name) << text;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(ChatTemplateTest, RendersMessagesWithTokensAndVariables) {
  ChatInput input;
  input.messages_json = R"([{"role": "user", "content": "hi"}])";
  input.variables_json = R"({"mode": "x"})";
  input.special_tokens = {{"bos_token", "<s>"}};
  input.add_generation_prompt = true;
  EXPECT_EQ(Render("{{ bos_token }}{{ messages[0].content }}{{ mode }}{{ add_generation_prompt }}"
                   "{{ tools is none }}{{ eos_token is defined }}",
                   input),
            "<s>hixTrueTrueFalse");
}

TEST(ChatTemplateTest, GivesTheRaisedTextAlone) {
  EXPECT_EQ(Render("\n{{ raise_exception('roles must alternate') }}", {}), "roles must alternate");
}

TEST(ChatTemplateTest, NamesFileAndLineOfOtherErrors) {
  EXPECT_EQ(Render("\n{{ x.y }}", {}), "chat.jinja:2: 'x' is undefined");
  EXPECT_EQ(Render("a\n{% block x %}", {}), "chat.jinja:2: block `block` is not supported");
}

TEST(ChatTemplateTest, RefusesInputOfAnotherShape) {
  ChatInput input;
  input.messages_json = "{}";
  EXPECT_EQ(Render("", input), "messages must be a list of messages");
  input.messages_json = "[";
  EXPECT_EQ(Render("", input).substr(0, 23), "messages: is not JSON: ");
  input.messages_json = "[]";
  input.variables_json = "[]";
  EXPECT_EQ(Render("", input), "variables must be an object");
}

TEST(ChatTemplateTest, TellsTheTimeOfTheRun) {
  ChatInput input;
  input.now_unix = 1700000000;
  EXPECT_EQ(Render("{{ strftime_now('%Y-%m-%d') }}", input), "2023-11-14");
}

TEST(ChatTemplateTest, SurvivesDamagedTemplates) {
  const std::string good =
      "{% macro m(a, b=1) -%}{{ a ~ b }}{%- endmacro %}{% for m in messages if m.role != 'x' %}"
      "{{ m['content'][1:] | trim | upper }}{% if loop.last %}{{ {'a': [1, 2.5]} | tojson }}"
      "{% endif %}{% else %}{# none #}{% endfor %}{% set ns = namespace(n=0) %}{% set ns.n = 2 %}";
  std::mt19937 random(9);
  ChatInput input;
  input.messages_json = R"([{"role": "user", "content": "hi"}])";
  for (int round = 0; round < 20000; ++round) {
    std::string bad = good;
    for (int i = 0; i < 2; ++i) {
      const size_t at = random() % bad.size();
      if (random() % 2 == 0) {
        bad[at] = "{}%#-'\"|()[].:,~*/ =\n01ainot"[random() % 28];
      } else {
        bad.erase(at, 1 + random() % 3);
      }
    }
    Render(bad, input);
  }
  EXPECT_EQ(Render(good, input), "I{\"a\": [1, 2.5]}");
}

TEST(LoadChatConfigTest, ReadsTemplateAndTokens) {
  const Folder folder;
  folder.Write("tokenizer_config.json",
               R"({"bos_token": "<s>", "eos_token": {"content": "</s>"}, "pad_token": null,
                   "chat_template": "{{ bos_token }}"})");
  const auto config = LoadChatConfig(folder.path());
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_EQ(config->chat_template, "{{ bos_token }}");
  EXPECT_EQ(config->origin, folder.path() + "/tokenizer_config.json: chat_template");
  using Tokens = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(config->special_tokens, (Tokens{{"bos_token", "<s>"}, {"eos_token", "</s>"}}));
}

TEST(LoadChatConfigTest, TakesTheDefaultOfSeveral) {
  const Folder folder;
  folder.Write("tokenizer_config.json",
               R"({"chat_template": [{"name": "tool_use", "template": "t"},
                                     {"name": "default", "template": "d"}]})");
  EXPECT_EQ(LoadChatConfig(folder.path())->chat_template, "d");
}

TEST(LoadChatConfigTest, PrefersTheFileOfItsOwn) {
  const Folder folder;
  folder.Write("tokenizer_config.json", R"({"chat_template": "a", "bos_token": "<s>"})");
  folder.Write("chat_template.jinja", "b");
  const auto config = LoadChatConfig(folder.path());
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->chat_template, "b");
  EXPECT_EQ(config->special_tokens.size(), 1u);
}

TEST(LoadChatConfigTest, FindsNothingInAnEmptyFolder) {
  const Folder folder;
  const auto config = LoadChatConfig(folder.path());
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->chat_template, std::nullopt);
}

TEST(LoadChatConfigTest, SaysWhatIsWrong) {
  const Folder folder;
  const std::string path = folder.path() + "/tokenizer_config.json";
  folder.Write("tokenizer_config.json", R"({"chat_template": 1})");
  EXPECT_EQ(LoadChatConfig(folder.path()).status().message(),
            path + ": chat_template must be a text, or a list with one named default");
  folder.Write("tokenizer_config.json", R"({"bos_token": 1})");
  EXPECT_EQ(LoadChatConfig(folder.path()).status().message(),
            path + ": bos_token must be a text or an object with `content`");
  folder.Write("tokenizer_config.json", "[");
  EXPECT_EQ(LoadChatConfig(folder.path()).status().message().substr(0, path.size() + 15),
            path + ": is not JSON: ");
}

}  // namespace
}  // namespace winnow::model
