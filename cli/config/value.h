#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/config/yaml_tree.h"

namespace winnow::cli {

struct KeyDeclaration;

// The value of one key. Which field holds it follows from the key's type; null holds none.
struct Value {
  bool is_null = true;
  bool boolean = false;                 // kBool
  int64_t integer = 0;                  // kInt
  uint64_t u64 = 0;                     // kU64, kSize
  double number = 0;                    // kNumber
  std::string text;                     // kString, kEnum, kPath
  std::vector<std::string> list;        // kList, kPathList, kDevices
  std::vector<double> numbers;          // kNumberList
  YamlNode map;                         // kMap
  std::string shown;                    // What messages quote: the user's own text.
  std::vector<std::string> shown_list;  // kPathList: the files as the user named them.
};

// Reads `node` by the type and range that `key` declares. Relative paths start at `folder`.
// Returns "" or what a message says after the key's name, `RULE: FOUND`. `*notice` is set if the
// value was written with another system's word.
std::string ReadValue(const KeyDeclaration& key, const YamlNode& node, const std::string& folder,
                      Value* value, std::string* notice);

// The value as YAML on one line; ReadValue of it gives an equal value.
std::string WriteValue(const KeyDeclaration& key, const Value& value);
// A free map or any other node as YAML flow text.
std::string WriteNode(const YamlNode& node);
// `text` as a YAML scalar that is read as this very string: plain if that is safe, else in quotes.
std::string WriteString(const std::string& text);

// A number in its shortest form that reads back equal: 1e-6, 0.5, 1.0.
std::string WriteNumber(double number);
// What was found, as messages show it: `"fast"`, `-0.7`, `null`, `a list`.
std::string ShowNode(const YamlNode& node);
// True and the value if `text` is a decimal number; NaN and Inf are none.
bool ParseNumber(const std::string& text, double* number);

Value NullValue();
Value BoolValue(bool value);
Value IntValue(int64_t value);
Value NumberValue(double value);
Value TextValue(std::string value);

}  // namespace winnow::cli
