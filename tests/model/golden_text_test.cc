// Token ids and chat renderings of other programs (tests/golden/README.md, golden/*/README.md).
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/file.h"
#include "model/chat_template.h"
#include "model/tokenizer.h"
#include "model/tokenizer_stream.h"

namespace winnow::model {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

// The folders of `family`: the committed one, and that of $WINNOW_GOLDEN_DIR if it is there.
std::vector<fs::path> FoldersOf(const std::string& family) {
  std::vector<fs::path> folders{fs::path(WINNOW_SOURCE_DIR) / "tests/golden" / family};
  const char* more = std::getenv("WINNOW_GOLDEN_DIR");
  if (more != nullptr && fs::exists(fs::path(more) / family)) {
    folders.push_back(fs::path(more) / family);
  }
  return folders;
}

void CheckLine(const Tokenizer& tokenizer, const Json& line, const std::string& where) {
  const auto text = line.at("text").get<std::string>();
  const auto ids = line.at("ids").get<std::vector<int32_t>>();
  const auto decoded = line.at("decoded").get<std::string>();
  EXPECT_EQ(tokenizer.Encode(text), ids) << where << ": " << line.at("text");
  EXPECT_EQ(tokenizer.Decode(ids), decoded) << where;
  StreamDecoder stream(&tokenizer);
  std::string streamed;
  for (int32_t id : ids) streamed += stream.Push(id);
  streamed += stream.Finish();
  EXPECT_EQ(streamed, decoded) << where;
}

TEST(GoldenTextTest, GivesTheIdsAndTextsOfHuggingFaceTokenizers) {
  for (const fs::path& folder : FoldersOf("tokenizers")) {
    size_t tokenizers = 0;
    size_t lines = 0;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (!entry.is_directory()) {
        EXPECT_EQ(entry.path().filename(), "README.md") << "unknown golden file " << entry.path();
        continue;
      }
      auto tokenizer = Tokenizer::Load(entry.path().string());
      ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
      const std::string path = (entry.path() / "ids.jsonl").string();
      size_t here = 0;
      const Status read = ForEachLine(path, [&](std::string_view line, size_t number) {
        CheckLine(**tokenizer, Json::parse(line), path + ":" + std::to_string(number));
        ++here;
        return OkStatus();
      });
      ASSERT_TRUE(read.ok()) << read.ToString();
      EXPECT_GT(here, 0u) << path;
      lines += here;
      ++tokenizers;
    }
    EXPECT_GT(tokenizers, 0u) << folder << " holds no tokenizer";
    std::cout << "checked " << lines << " texts of " << tokenizers << " tokenizers in " << folder
              << "\n";
  }
}

// A text by its field, or nothing if it is not there.
std::string TextAt(const nlohmann::ordered_json& file, const char* key) {
  return file.at(key).get<std::string>();
}

void CheckCase(const ChatTemplate& chat, const nlohmann::ordered_json& file,
               const nlohmann::ordered_json& test, const std::string& where) {
  ChatInput input;
  input.messages_json = test.at("messages").dump();
  input.add_generation_prompt = test.at("add_generation_prompt").get<bool>();
  input.variables_json = test.at("variables").dump();
  input.special_tokens = {{"bos_token", TextAt(file, "bos_token")},
                          {"eos_token", TextAt(file, "eos_token")}};
  const Result<std::string> text = chat.Render(input);
  if (test.contains("error")) {
    ASSERT_FALSE(text.ok()) << where;
    EXPECT_EQ(text.status().message(), TextAt(test, "error")) << where;
  } else {
    ASSERT_TRUE(text.ok()) << where << ": " << text.status().ToString();
    EXPECT_EQ(*text, TextAt(test, "text")) << where;
  }
}

TEST(GoldenTextTest, RendersTheChatsOfTransformers) {
  for (const fs::path& folder : FoldersOf("chat")) {
    size_t templates = 0;
    size_t cases = 0;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().filename() == "README.md") continue;
      auto content = ReadFile(entry.path().string());
      ASSERT_TRUE(content.ok()) << content.status().ToString();
      const auto file = nlohmann::ordered_json::parse(*content);
      ASSERT_EQ(TextAt(file, "format"), "winnow-golden-chat/1") << entry.path();
      auto chat = ChatTemplate::Parse(TextAt(file, "template"), entry.path().string());
      ASSERT_TRUE(chat.ok()) << chat.status().ToString();
      ASSERT_FALSE(file.at("cases").empty()) << entry.path();
      for (const auto& test : file.at("cases")) {
        CheckCase(*chat, file, test, entry.path().string() + ": case " + std::to_string(cases));
        ++cases;
      }
      ++templates;
    }
    EXPECT_GT(templates, 0u) << folder << " holds no template";
    std::cout << "checked " << cases << " renderings of " << templates << " templates in " << folder
              << "\n";
  }
}

}  // namespace
}  // namespace winnow::model
