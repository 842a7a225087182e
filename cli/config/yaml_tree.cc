#include "cli/config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "base/format.h"

namespace winnow::cli {
namespace {

// Length of the UTF-8 character at `text[at]`, 0 if there is no valid one.
size_t Utf8Length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto continues = [&](size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  const unsigned first = byte(at);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(at + 1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!continues(at + 1) || !continues(at + 2)) return 0;
    if (first == 0xE0 && byte(at + 1) < 0xA0) return 0;   // overlong
    if (first == 0xED && byte(at + 1) >= 0xA0) return 0;  // surrogate
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!continues(at + 1) || !continues(at + 2) || !continues(at + 3)) return 0;
    if (first == 0xF0 && byte(at + 1) < 0x90) return 0;   // overlong
    if (first == 0xF4 && byte(at + 1) >= 0x90) return 0;  // above U+10FFFF
    return 4;
  }
  return 0;
}

// Thrown by the event handler and caught in ParseYaml: the parser has no other way to stop.
struct Stop : std::exception {};

// Builds the tree from the parser's events and refuses what the format of job files leaves out.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(YamlNode* root, std::vector<YamlMistake>* mistakes)
      : root_(root), mistakes_(mistakes) {}

  int num_documents() const { return num_documents_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++num_documents_ > 1) Refuse(LineOf(mark), "several documents in one file are refused");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.text = "null";
    node.line = LineOf(mark);
    Add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const int line = LineOf(mark);
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) Refuse(line, "an alias inside its own anchor is refused");
    if (open_.size() + found->second.height > YamlLimits::kMaxDepth) RefuseDepth(line);
    CountNodes(found->second.num_nodes, line);
    if (!open_.empty()) {
      open_.back().height = std::max(open_.back().height, found->second.height + 1);
    }
    YamlNode node = found->second.node;
    node.line = line;
    Attach(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    CheckTag(mark, tag);
    YamlNode node;
    node.kind = YamlNode::Kind::kScalar;
    node.text = value;
    node.quoted = tag == "!";
    node.line = LineOf(mark);
    Add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Level {
    YamlNode node;
    YAML::anchor_t anchor = YAML::NullAnchor;
    size_t nodes_before = 0;
    size_t height = 1;  // Levels of maps and lists in the node, itself included.
    bool has_key = false;
    bool drops_value = false;  // The value belongs to a duplicate key.
    std::set<std::string> seen;
  };
  struct Anchored {
    YamlNode node;
    size_t num_nodes = 0;
    size_t height = 0;
  };

  static int LineOf(const YAML::Mark& mark) { return std::max(mark.line, 0) + 1; }

  [[noreturn]] void Refuse(int line, std::string text) {
    mistakes_->push_back({line, std::move(text)});
    throw Stop();
  }
  [[noreturn]] void RefuseDepth(int line) {
    Refuse(line, Format("maps and lists may be nested {} deep", YamlLimits::kMaxDepth));
  }

  void CheckTag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      Refuse(LineOf(mark), "tags (!, !!) are refused: " + Printable(tag));
    }
  }

  void CountNodes(size_t count, int line) {
    num_nodes_ += count;
    if (num_nodes_ > YamlLimits::kMaxNodes) {
      Refuse(line, Format("a file may have {} nodes, aliases expanded", YamlLimits::kMaxNodes));
    }
  }

  void Open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    CheckTag(mark, tag);
    const int line = LineOf(mark);
    if (open_.size() >= YamlLimits::kMaxDepth) RefuseDepth(line);
    if (!open_.empty() && NeedsKey()) Refuse(line, "a key must be a word, not a map or a list");
    Level level;
    level.node.kind = kind;
    level.node.line = line;
    level.anchor = anchor;
    level.nodes_before = num_nodes_;
    CountNodes(1, line);
    open_.push_back(std::move(level));
  }

  void Close() {
    Level level = std::move(open_.back());
    open_.pop_back();
    if (level.anchor != YAML::NullAnchor) {
      anchors_[level.anchor] = {level.node, num_nodes_ - level.nodes_before, level.height};
    }
    if (!open_.empty()) open_.back().height = std::max(open_.back().height, level.height + 1);
    Attach(std::move(level.node));
  }

  void Add(YamlNode node, YAML::anchor_t anchor) {
    CountNodes(1, node.line);
    if (anchor != YAML::NullAnchor) anchors_[anchor] = {node, 1, 0};
    Attach(std::move(node));
  }

  bool NeedsKey() const {
    return open_.back().node.kind == YamlNode::Kind::kMap && !open_.back().has_key;
  }

  void Attach(YamlNode node) {
    if (open_.empty()) {
      *root_ = std::move(node);
      return;
    }
    Level& level = open_.back();
    if (NeedsKey()) {
      AttachKey(std::move(node), &level);
      return;
    }
    level.has_key = false;
    if (std::exchange(level.drops_value, false)) return;
    level.node.items.push_back(std::move(node));
  }

  void AttachKey(YamlNode node, Level* level) {
    if (node.kind == YamlNode::Kind::kMap || node.kind == YamlNode::Kind::kList) {
      Refuse(node.line, "a key must be a word, not a map or a list");
    }
    if (node.text == "<<") Refuse(node.line, "merge keys (<<) are refused: use extends");
    level->has_key = true;
    if (!level->seen.insert(node.text).second) {
      const auto& keys = level->node.keys;
      const size_t first = std::find(keys.begin(), keys.end(), node.text) - keys.begin();
      mistakes_->push_back({node.line, Format("{} is given twice (line {}): keep one",
                                              Printable(node.text), level->node.key_lines[first])});
      level->drops_value = true;
      return;
    }
    level->node.keys.push_back(std::move(node.text));
    level->node.key_lines.push_back(node.line);
  }

  YamlNode* root_;
  std::vector<YamlMistake>* mistakes_;
  int num_documents_ = 0;
  size_t num_nodes_ = 0;
  std::vector<Level> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
};

// Looks at the bytes before the parser does. Returns false and adds the first mistake, if any.
bool CheckBytes(std::string_view text, std::vector<YamlMistake>* mistakes) {
  int line = 1;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '\n') ++line;
    if (c == '\t') {
      mistakes->push_back({line, "tabs are refused: indent with spaces"});
      return false;
    }
    const bool is_control =
        (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r') || c == '\x7f';
    const size_t length = is_control ? 0 : Utf8Length(text, at);
    if (length == 0) {
      mistakes->push_back(
          {line, is_control ? "control characters are refused" : "the file must be UTF-8 text"});
      return false;
    }
    at += length;
  }
  return true;
}

std::string LineText(std::string_view text, int line) {
  for (int i = 1; i < line; ++i) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return "";
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  while (!text.empty() && (text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return Printable(text, 60);
}

}  // namespace

bool IsUtf8Text(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = Utf8Length(text, at);
    if (length == 0 || text[at] == '\0') return false;
    at += length;
  }
  return true;
}

std::string Printable(std::string_view text, size_t max_bytes) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t length = Utf8Length(text, at);
    std::string piece;
    const auto byte = static_cast<unsigned char>(text[at]);
    if (length == 0 || byte < 0x20 || byte == 0x7f) {
      piece = byte == '\n' ? "\\n" : Format("\\x{:02x}", static_cast<unsigned>(byte));
    } else {
      piece = text.substr(at, length);
    }
    if (out.size() + piece.size() > max_bytes) return out + "…";
    out += piece;
    at += std::max<size_t>(length, 1);
  }
  return out;
}

bool ParseYaml(std::string_view text, YamlNode* root, std::vector<YamlMistake>* mistakes) {
  *root = YamlNode();
  const size_t mistakes_before = mistakes->size();
  if (text.size() > YamlLimits::kMaxBytes) {
    mistakes->push_back(
        {1, Format("a file may have {} bytes: {}", YamlLimits::kMaxBytes, text.size())});
    return false;
  }
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  if (!CheckBytes(text, mistakes)) return false;
  TreeBuilder builder(root, mistakes);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
  } catch (const YAML::Exception& error) {
    const int line = std::max(error.mark.line, 0) + 1;
    mistakes->push_back({line, Format("YAML cannot be read at column {}: {}",
                                      std::max(error.mark.column, 0) + 1, LineText(text, line))});
  } catch (const std::exception&) {
    mistakes->push_back({1, "YAML cannot be read"});
  }
  return mistakes->size() == mistakes_before;
}

}  // namespace winnow::cli
