#include "reward/json_schema.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/format.h"

namespace winnow::reward {
namespace {

using Kind = JsonNode::Kind;

constexpr std::array<std::string_view, 7> kTypes = {"null",   "boolean", "number", "integer",
                                                    "string", "array",   "object"};
constexpr std::array<std::string_view, 8> kAnnotations = {
    "$schema", "$id", "$comment", "title", "description", "default", "examples", "format"};

template <size_t N>
bool Holds(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool IsTypeName(const JsonNode& node) {
  return node.kind == Kind::kText && Holds(kTypes, node.text);
}

bool IsCount(const JsonNode& node) {
  return node.kind == Kind::kNumber && node.number.IsInteger() && !node.number.negative;
}

bool AllTexts(const JsonNode& node) {
  return node.kind == Kind::kArray &&
         std::all_of(node.items.begin(), node.items.end(),
                     [](const JsonNode& item) { return item.kind == Kind::kText; });
}

// What is wrong with one keyword's value, "" if nothing.
std::string KeywordFault(std::string_view key, const JsonNode& value) {
  const auto unless = [&](bool good, std::string_view rule) {
    return good ? std::string() : Format("schema: {} must be {}", key, rule);
  };
  if (Holds(kAnnotations, key) || key == "const") return "";
  if (key == "type") {
    const bool list = value.kind == Kind::kArray &&
                      std::all_of(value.items.begin(), value.items.end(), IsTypeName);
    return unless(IsTypeName(value) || list, "a type or a list of types");
  }
  if (key == "required") return unless(AllTexts(value), "a list of names");
  if (key == "enum") return unless(value.kind == Kind::kArray, "a list");
  if (key == "additionalProperties") return unless(value.kind == Kind::kBool, "true or false");
  if (key == "items") return SchemaFault(value);
  if (key == "properties") {
    if (value.kind != Kind::kObject) return "schema: properties must be an object";
    for (const JsonNode& item : value.items) {
      if (std::string fault = SchemaFault(item); !fault.empty()) return fault;
    }
    return "";
  }
  if (key == "minimum" || key == "maximum" || key == "exclusiveMinimum" ||
      key == "exclusiveMaximum") {
    return unless(value.kind == Kind::kNumber, "a number");
  }
  if (key == "minLength" || key == "maxLength" || key == "minItems" || key == "maxItems") {
    return unless(IsCount(value), "a non-negative integer");
  }
  return Format("schema: {} is not among the keywords that are read", key);
}

bool HasType(const JsonNode& value, std::string_view type) {
  switch (value.kind) {
    case Kind::kNull:
      return type == "null";
    case Kind::kBool:
      return type == "boolean";
    case Kind::kNumber:
      return type == "number" || (type == "integer" && value.number.IsInteger());
    case Kind::kText:
      return type == "string";
    case Kind::kArray:
      return type == "array";
    case Kind::kObject:
      return type == "object";
  }
  return false;
}

bool FitsType(const JsonNode& value, const JsonNode& type) {
  if (type.kind == Kind::kText) return HasType(value, type.text);
  return std::any_of(type.items.begin(), type.items.end(),
                     [&](const JsonNode& one) { return HasType(value, one.text); });
}

JsonNumber NumberOf(size_t count) { return *ReadJsonNumber(std::to_string(count)); }

size_t NumCharacters(std::string_view utf8) {
  return static_cast<size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

bool FitsLimit(const JsonNode& value, std::string_view key, const JsonNumber& limit) {
  const bool least = key.starts_with("min");
  const auto within = [&](const JsonNumber& found) {
    const auto order = Compare(found, limit);
    return least ? order >= 0 : order <= 0;
  };
  if (key.ends_with("Length")) {
    return value.kind != Kind::kText || within(NumberOf(NumCharacters(value.text)));
  }
  if (key.ends_with("Items")) {
    return value.kind != Kind::kArray || within(NumberOf(value.items.size()));
  }
  if (value.kind != Kind::kNumber) return true;
  if (key == "exclusiveMinimum") return Compare(value.number, limit) > 0;
  if (key == "exclusiveMaximum") return Compare(value.number, limit) < 0;
  return within(value.number);
}

bool FitsProperties(const JsonNode& value, const JsonNode& properties) {
  for (size_t i = 0; i < properties.keys.size(); ++i) {
    const JsonNode* member = value.Find(properties.keys[i]);
    if (member != nullptr && !FitsSchema(*member, properties.items[i])) return false;
  }
  return true;
}

bool FitsKeyword(const JsonNode& value, std::string_view key, const JsonNode& rule,
                 const JsonNode& schema) {
  if (key == "type") return FitsType(value, rule);
  if (key == "const") return value == rule;
  if (key == "enum") {
    return std::find(rule.items.begin(), rule.items.end(), value) != rule.items.end();
  }
  if (key == "items") {
    return value.kind != Kind::kArray ||
           std::all_of(value.items.begin(), value.items.end(),
                       [&](const JsonNode& item) { return FitsSchema(item, rule); });
  }
  if (key == "required" || key == "properties" || key == "additionalProperties") {
    if (value.kind != Kind::kObject) return true;
    if (key == "properties") return FitsProperties(value, rule);
    if (key == "required") {
      return std::all_of(rule.items.begin(), rule.items.end(),
                         [&](const JsonNode& name) { return value.Find(name.text) != nullptr; });
    }
    const JsonNode* properties = schema.Find("properties");
    return rule.boolean ||
           std::all_of(value.keys.begin(), value.keys.end(), [&](const std::string& name) {
             return properties != nullptr && properties->Find(name) != nullptr;
           });
  }
  return Holds(kAnnotations, key) || FitsLimit(value, key, rule.number);
}

}  // namespace

std::string SchemaFault(const JsonNode& schema) {
  if (schema.kind == Kind::kBool) return "";
  if (schema.kind != Kind::kObject) return "schema: must be an object, true or false";
  for (size_t i = 0; i < schema.keys.size(); ++i) {
    if (std::string fault = KeywordFault(schema.keys[i], schema.items[i]); !fault.empty()) {
      return fault;
    }
  }
  return "";
}

bool FitsSchema(const JsonNode& value, const JsonNode& schema) {
  if (schema.kind == Kind::kBool) return schema.boolean;
  for (size_t i = 0; i < schema.keys.size(); ++i) {
    if (!FitsKeyword(value, schema.keys[i], schema.items[i], schema)) return false;
  }
  return true;
}

}  // namespace winnow::reward
