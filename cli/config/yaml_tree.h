#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace winnow::cli {

// One node of a YAML document with the line it was written on, aliases expanded.
struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  std::string text;     // kScalar: its text, escapes resolved; kNull: the word written, or "".
  bool quoted = false;  // kScalar in quotes, or a block scalar.
  int line = 0;         // From 1; of a scalar reached through an alias: the alias's line.
  std::vector<std::string> keys;  // kMap: one per item, in file order, no two equal.
  std::vector<int> key_lines;     // kMap
  std::vector<YamlNode> items;    // kMap, kList
};

// What is wrong with a document, and where.
struct YamlMistake {
  int line = 0;
  std::string text;
};

struct YamlLimits {
  static constexpr size_t kMaxBytes = size_t{1} << 20;
  static constexpr int kMaxDepth = 16;
  static constexpr size_t kMaxNodes = 10'000;  // After expansion of aliases.
};

// Reads one YAML document; an empty text is kNull. Refused, with line: bytes that are not UTF-8 or
// are control characters, tabs, tags, merge keys, duplicate keys, several documents, and whatever
// exceeds YamlLimits. Returns false if there were mistakes; never throws, and ends in time linear
// in the length of `text`.
bool ParseYaml(std::string_view text, YamlNode* root, std::vector<YamlMistake>* mistakes);

// True if `text` is UTF-8 without NUL bytes.
bool IsUtf8Text(std::string_view text);

// `text` for a message: control characters and broken UTF-8 escaped, long text cut with "…".
std::string Printable(std::string_view text, size_t max_bytes = 80);

}  // namespace winnow::cli
