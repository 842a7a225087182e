#include "model/tokenizer_json.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/model/tokenizer_text.h"

namespace winnow::model {
namespace {

using nlohmann::json;

std::string Failure(const std::string& text) {
  const auto spec = ParseTokenizerJson(text, "t.json");
  return spec.ok() ? "no error" : spec.status().message();
}

// What is said of the small tokenizer with the value at `pointer` replaced.
std::string FailureWith(const std::string& pointer, const json& value) {
  json file = SmallTokenizer();
  file[json::json_pointer(pointer)] = value;
  return Failure(file.dump());
}

TEST(ParseTokenizerJsonTest, ReadsMergesOfBothKinds) {
  const auto spec = ParseTokenizerJson(SmallTokenizer().dump(), "t.json");
  ASSERT_TRUE(spec.ok()) << spec.status().ToString();
  ASSERT_EQ(spec->bpe.merges.size(), 2u);
  EXPECT_EQ(spec->bpe.merges[0], (std::pair<std::string, std::string>("a", "b")));
  EXPECT_EQ(spec->bpe.merges[1], (std::pair<std::string, std::string>("\u0120", "a")));
  EXPECT_TRUE(spec->added_tokens[0].special);
}

TEST(ParseTokenizerJsonTest, NamesConstructsThatItDoesNotKnow) {
  EXPECT_EQ(FailureWith("/model/type", "Unigram"), "t.json: model.type must be BPE: \"Unigram\"");
  EXPECT_EQ(FailureWith("/normalizer", {{"type", "NFKC"}}),
            "t.json: normalizer.type must be one of NFC, Sequence: \"NFKC\"");
  EXPECT_EQ(FailureWith("/pre_tokenizer/type", "Metaspace"),
            "t.json: pre_tokenizer.type must be one of Split, Digits, ByteLevel, Sequence: "
            "\"Metaspace\"");
  EXPECT_EQ(FailureWith("/decoder/type", "WordPiece"),
            "t.json: decoder.type must be one of ByteLevel, Fuse, Sequence: \"WordPiece\"");
  EXPECT_EQ(FailureWith("/decoder", nullptr),
            "t.json: decoder.type must be one of ByteLevel, Fuse, Sequence: null");
  EXPECT_EQ(FailureWith("/post_processor", {{"type", "Other"}}).substr(0, 44),
            "t.json: post_processor.type must be one of B");
  EXPECT_EQ(FailureWith("/model/byte_fallback", true),
            "t.json: model.byte_fallback is not supported: true");
  EXPECT_EQ(FailureWith("/model/dropout", 0.5), "t.json: model.dropout is not supported: 0.5");
}

TEST(ParseTokenizerJsonTest, WantsByteLevelLast) {
  EXPECT_EQ(FailureWith("/pre_tokenizer", json::parse(R"({"type": "Sequence", "pretokenizers": [
                            {"type": "ByteLevel"}, {"type": "Digits"}]})")),
            "t.json: pre_tokenizer: ByteLevel must be the last step, but \"Digits\" follows");
  EXPECT_EQ(FailureWith("/pre_tokenizer", {{"type", "Digits"}}),
            "t.json: pre_tokenizer must end with ByteLevel");
}

TEST(ParseTokenizerJsonTest, SaysWhatIsWrongWithAValue) {
  EXPECT_EQ(FailureWith("/model/vocab/a", -1),
            "t.json: model.vocab: `a` must be a non-negative 32-bit integer: -1");
  EXPECT_EQ(FailureWith("/model/vocab/a", 4e30),
            "t.json: model.vocab: `a` must be a non-negative 32-bit integer: 4e+30");
  EXPECT_EQ(FailureWith("/model/vocab/a", 18446744073709551615u),
            "t.json: model.vocab: `a` must be a non-negative 32-bit integer: "
            "18446744073709551615");
  EXPECT_EQ(FailureWith("/model/vocab", json::array()),
            "t.json: model.vocab must be an object: a list");
  EXPECT_EQ(FailureWith("/model/merges/0", "a b c"),
            "t.json: model.merges[0] must be two texts, as a list or with a space: \"a b c\"");
  EXPECT_EQ(FailureWith("/model/merges/1", {1, 2}),
            "t.json: model.merges[1] must be two texts, as a list or with a space: a list");
  EXPECT_EQ(FailureWith("/pre_tokenizer/use_regex", 1),
            "t.json: pre_tokenizer.use_regex must be true or false: 1");
  EXPECT_EQ(FailureWith("/model", json::array()), "t.json: model must be an object: a list");
}

TEST(ParseTokenizerJsonTest, RefusesAddedTokensThatHuggingFaceWouldRenumber) {
  EXPECT_EQ(FailureWith("/added_tokens/0/id", 7),
            "t.json: added_tokens[0]: id of `<end>` must be the next free one, 5: 7");
  EXPECT_EQ(FailureWith("/added_tokens/0/content", "ab"),
            "t.json: added_tokens[0]: `ab` has id 5 but the vocabulary says 3");
  EXPECT_EQ(FailureWith("/added_tokens/0/content", ""),
            "t.json: added_tokens[0].content must have 1 to 4096 bytes: 0");
  EXPECT_EQ(FailureWith("/added_tokens/1", {{"id", 5}, {"content", "<end>"}}),
            "t.json: added_tokens[1]: `<end>` is there twice");
}

TEST(ParseTokenizerJsonTest, RefusesTextThatIsNoTokenizer) {
  EXPECT_EQ(Failure("{").substr(0, 21), "t.json: is not JSON: ");
  EXPECT_EQ(Failure("[]"), "t.json: must be an object");
  EXPECT_EQ(Failure(std::string(100000, '[')).substr(0, 21), "t.json: is not JSON: ");
  EXPECT_EQ(Failure(std::string("{\"a\": \"\xFF\"}")).substr(0, 21), "t.json: is not JSON: ");
}

TEST(ParseTokenizerJsonTest, BoundsNesting) {
  json node = {{"type", "ByteLevel"}};
  for (int i = 0; i < 50; ++i) node = {{"type", "Sequence"}, {"pretokenizers", {node}}};
  EXPECT_NE(FailureWith("/pre_tokenizer", node), "no error");
}

}  // namespace
}  // namespace winnow::model
