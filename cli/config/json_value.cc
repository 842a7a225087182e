#include "cli/config/json_value.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

namespace winnow::cli {

using Json = nlohmann::ordered_json;

Json NodeToJson(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return nullptr;
    case YamlNode::Kind::kList: {
      Json list = Json::array();
      for (const YamlNode& item : node.items) list.push_back(NodeToJson(item));
      return list;
    }
    case YamlNode::Kind::kMap: {
      Json map = Json::object();
      for (size_t i = 0; i < node.items.size(); ++i) map[node.keys[i]] = NodeToJson(node.items[i]);
      return map;
    }
    case YamlNode::Kind::kScalar:
      break;
  }
  if (node.quoted) return node.text;
  if (node.text == "true" || node.text == "false") return node.text == "true";
  double number = 0;
  if (!ParseNumber(node.text, &number)) return node.text;
  const bool is_whole = node.text.find_first_of(".eE") == std::string::npos;
  if (is_whole && std::abs(number) < 9e15) return static_cast<int64_t>(number);
  return number;
}

Json ValueToJson(const KeyDeclaration& key, const Value& value) {
  if (value.is_null) return key.null_word == "null" ? Json(nullptr) : Json(key.null_word);
  switch (key.type) {
    case KeyType::kBool:
      return value.boolean;
    case KeyType::kInt:
      return value.integer;
    case KeyType::kU64:
    case KeyType::kSize:
      return value.u64;
    case KeyType::kNumber:
      return value.number;
    case KeyType::kString:
    case KeyType::kEnum:
    case KeyType::kPath:
      return value.text;
    case KeyType::kList:
    case KeyType::kPathList:
      return value.list;
    case KeyType::kDevices: {
      Json list = Json::array();
      for (const std::string& device : value.list) list.push_back(std::stol(device));
      return list;
    }
    case KeyType::kNumberList:
      return value.numbers;
    case KeyType::kMap:
      return NodeToJson(value.map);
  }
  return nullptr;
}

}  // namespace winnow::cli
