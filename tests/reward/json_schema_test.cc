#include "reward/json_schema.h"

#include <gtest/gtest.h>

namespace winnow::reward {
namespace {

bool Fits(const char* schema, const char* value) {
  const auto rule = ReadJson(schema), found = ReadJson(value);
  EXPECT_TRUE(rule && found) << schema << " " << value;
  EXPECT_EQ(SchemaFault(*rule), "");
  return FitsSchema(*found, *rule);
}

TEST(JsonSchemaTest, Types) {
  const std::pair<const char*, const char*> values[] = {{"null", "null"},  {"boolean", "true"},
                                                        {"number", "1.5"}, {"string", "\"\""},
                                                        {"array", "[]"},   {"object", "{}"}};
  for (const auto& [type, value] : values) {
    for (const auto& [other, unused] : values) {
      const std::string schema = std::string("{\"type\":\"") + other + "\"}";
      EXPECT_EQ(Fits(schema.c_str(), value), type == other) << schema << value;
    }
  }
  EXPECT_TRUE(Fits(R"({"type":"integer"})", "2.0"));
  EXPECT_FALSE(Fits(R"({"type":"integer"})", "2.5"));
  EXPECT_TRUE(Fits(R"({"type":["null","integer"]})", "null"));
  EXPECT_TRUE(Fits("true", "1"));
  EXPECT_FALSE(Fits("false", "1"));
}

TEST(JsonSchemaTest, Objects) {
  const char* schema = R"({"type":"object","required":["name"],"additionalProperties":false,
      "properties":{"name":{"type":"string"},"age":{"type":"integer"}}})";
  EXPECT_TRUE(Fits(schema, R"({"name":"x","age":3})"));
  EXPECT_TRUE(Fits(schema, R"({"name":"x"})"));
  EXPECT_FALSE(Fits(schema, R"({"age":3})"));
  EXPECT_FALSE(Fits(schema, R"({"name":3})"));
  EXPECT_FALSE(Fits(schema, R"({"name":"x","other":1})"));
  EXPECT_TRUE(Fits(R"({"required":["a"]})", "7"));
}

TEST(JsonSchemaTest, LimitsListsAndEnums) {
  EXPECT_TRUE(Fits(R"({"minimum":1,"maximum":2})", "2"));
  EXPECT_FALSE(Fits(R"({"minimum":1})", "0.999"));
  EXPECT_FALSE(Fits(R"({"exclusiveMaximum":2})", "2"));
  EXPECT_FALSE(Fits(R"({"exclusiveMinimum":2})", "2.0"));
  EXPECT_TRUE(Fits(R"({"minLength":2,"maxLength":2})", "\"\u00e4b\""));
  EXPECT_FALSE(Fits(R"({"maxLength":1})", "\"ab\""));
  EXPECT_FALSE(Fits(R"({"minItems":2})", "[1]"));
  EXPECT_FALSE(Fits(R"({"maxItems":2})", "[1,2,3]"));
  EXPECT_FALSE(Fits(R"({"items":{"type":"integer"}})", "[1,\"2\"]"));
  EXPECT_TRUE(Fits(R"({"enum":["a",1]})", "1.0"));
  EXPECT_FALSE(Fits(R"({"enum":["a",1]})", "2"));
  EXPECT_FALSE(Fits(R"({"const":{"a":1}})", "{}"));
}

TEST(JsonSchemaTest, FaultsNameTheKeyword) {
  const auto fault = [](const char* schema) { return SchemaFault(*ReadJson(schema)); };
  EXPECT_EQ(fault(R"({"pattern":"a+"})"),
            "schema: pattern is not among the keywords that are read");
  EXPECT_EQ(fault(R"({"properties":{"a":{"type":"int"}}})"),
            "schema: type must be a type or a list of types");
  EXPECT_EQ(fault(R"({"items":{"minItems":-1}})"),
            "schema: minItems must be a non-negative integer");
  EXPECT_EQ(fault("[]"), "schema: must be an object, true or false");
  EXPECT_EQ(fault(R"({"title":"x","description":"y"})"), "");
}

}  // namespace
}  // namespace winnow::reward
