#include "model/strict_json.h"

#include <gtest/gtest.h>

namespace winnow::model {
namespace {

// Reads `json` and returns the scalars seen as "path=value", or the error.
std::string Read(const std::string& json) {
  std::string seen;
  const JsonVisitor visitor{
      .key = [](const auto&) { return OkStatus(); },
      .list = [](const auto&) { return OkStatus(); },
      .object = [](const auto&) { return OkStatus(); },
      .scalar =
          [&](const std::vector<std::string>& path, bool in_list, const JsonScalar& scalar) {
            for (const std::string& key : path) seen += "/" + key;
            seen += (in_list ? "[]=" : "=");
            seen += scalar.kind == JsonScalar::Kind::kUnsigned ? std::to_string(scalar.number)
                                                               : scalar.text;
            seen += " ";
            return OkStatus();
          }};
  const Status status = ReadStrictJson(json, "f", visitor);
  return status.ok() ? seen : status.message();
}

TEST(StrictJsonTest, ReportsScalarsWithTheirPaths) {
  EXPECT_EQ(Read(R"({"a": {"b": [1, 2], "c": "x"}, "d": 18446744073709551615}  )"),
            "/a/b[]=1 /a/b[]=2 /a/c=x /d=18446744073709551615 ");
  EXPECT_EQ(Read("{}"), "");
}

TEST(StrictJsonTest, RefusesBrokenFrames) {
  EXPECT_EQ(Read(""), "f: must start with '{'");
  EXPECT_EQ(Read(" {}"), "f: must start with '{'");
  EXPECT_EQ(Read("[1]"), "f: must start with '{'");
  EXPECT_EQ(Read("{}\n"), "f: must end with '}' and spaces only");
  EXPECT_EQ(Read(std::string("{}") + '\0'), "f: must end with '}' and spaces only");
  EXPECT_EQ(Read("{} {}"), "f: must be JSON: error at byte 4");
  EXPECT_EQ(Read("{\"a\" 1}"), "f: must be JSON: error at byte 6");
  EXPECT_EQ(Read("{\"a\": \"\xff\"}"), "f: must be JSON: error at byte 8");
}

TEST(StrictJsonTest, RefusesDuplicateKeys) {
  EXPECT_EQ(Read(R"({"a": 1, "a": 2})"), "f: duplicate key: a");
  EXPECT_EQ(Read(R"({"x": {"a": 1, "b": 1, "\u0061": 2}})"), "f: duplicate key: a");
  EXPECT_EQ(Read(R"({"x": {"a": 1}, "y": {"a": 2}})"), "/x/a=1 /y/a=2 ");
}

TEST(StrictJsonTest, RefusesIntegersThatAreNotPlain) {
  EXPECT_EQ(Read(R"({"a": -1})"), "f: integers must be unsigned: -1");
  EXPECT_EQ(Read(R"({"a": 1.0})"),
            "f: numbers must be integers without fraction or exponent, below 2^64: 1.0");
  EXPECT_EQ(Read(R"({"a": 1e2})"),
            "f: numbers must be integers without fraction or exponent, below 2^64: 1e2");
  EXPECT_EQ(Read(R"({"a": 18446744073709551616})"),
            "f: numbers must be integers without fraction or exponent, below 2^64: "
            "18446744073709551616");
}

TEST(StrictJsonTest, RefusesDeepTextsAndBadNames) {
  EXPECT_EQ(Read(R"({"a": [[[1]]]})"), "/a[]=1 ");
  EXPECT_EQ(Read(R"({"a": [[[[1]]]]})"), "f: depth must be at most 4");
  EXPECT_EQ(Read("{\"" + std::string(513, 'n') + "\": 1}"),
            "f: names must have at most 512 bytes: 513");
  EXPECT_EQ(Read(R"({"a\u0000b": 1})"), "f: names must have no control characters: byte 0");
}

}  // namespace
}  // namespace winnow::model
