#include "cli/config/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "base/check.h"
#include "base/format.h"
#include "cli/config/keys.h"
#include "cli/config/suggest.h"

namespace winnow::cli {
namespace {

using Kind = YamlNode::Kind;

constexpr std::pair<std::string_view, uint64_t> kUnits[] = {{"TiB", uint64_t{1} << 40},
                                                            {"GiB", uint64_t{1} << 30},
                                                            {"MiB", uint64_t{1} << 20},
                                                            {"KiB", uint64_t{1} << 10}};

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

template <typename Integer>
bool ParseInteger(std::string_view text, Integer* value) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text == "-") return false;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), *value, 10);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

bool IsIntegerText(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool ParseSize(std::string_view text, uint64_t* bytes) {
  uint64_t unit = 1;
  for (const auto& [name, size] : kUnits) {
    if (!text.ends_with(name)) continue;
    unit = size;
    text.remove_suffix(name.size());
    break;
  }
  uint64_t count = 0;
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return false;
  if (!ParseInteger(text, &count)) return false;
  return !__builtin_mul_overflow(count, unit, bytes);
}

std::string Absolute(const std::string& path, const std::string& folder) {
  const std::filesystem::path full = std::filesystem::path(folder) / path;
  std::string text = full.lexically_normal().string();
  if (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

// "0-3" as 0, 1, 2, 3; false if `text` is neither a number nor a range of at most 1024.
bool AppendDevices(const std::string& text, std::vector<std::string>* list) {
  const size_t dash = text.find('-');
  uint32_t first = 0;
  uint32_t last = 0;
  const std::string_view view = text;
  if (!IsIntegerText(view.substr(0, dash)) || !ParseInteger(view.substr(0, dash), &first)) {
    return false;
  }
  last = first;
  if (dash != std::string::npos &&
      (!IsIntegerText(view.substr(dash + 1)) || !ParseInteger(view.substr(dash + 1), &last))) {
    return false;
  }
  if (last < first || last - first >= 1024) return false;
  for (uint32_t device = first; device <= last; ++device) list->push_back(Format("{}", device));
  return list->size() <= 1024;
}

// Reads one node by one declaration; each Read* returns "" or `RULE: FOUND`.
class Reader {
 public:
  Reader(const KeyDeclaration& key, const YamlNode& node, const std::string& folder, Value* value,
         std::string* notice)
      : key_(key), node_(node), folder_(folder), value_(value), notice_(notice) {}

  std::string Read() {
    *value_ = Value();
    value_->shown = ShowNode(node_);
    const bool is_null_word = node_.kind == Kind::kScalar && node_.text == key_.null_word &&
                              (key_.null_word != "null" || !node_.quoted);
    if (node_.kind == Kind::kNull || is_null_word) {
      if (key_.nullable) return "";
      return Problem(TypeRule());
    }
    value_->is_null = false;
    std::string problem = ReadByType();
    const bool has_parts = node_.kind == Kind::kList || node_.kind == Kind::kMap;
    if (problem.empty() && has_parts) {
      const bool is_files = key_.type == KeyType::kPathList;
      value_->shown = Printable(
          is_files ? "[" + Joined(value_->shown_list) + "]" : WriteValue(key_, *value_), 200);
    }
    if (problem.empty() && key_.validate && !key_.validate(*value_)) {
      problem = "must " + key_.allowed + ": " + value_->shown;
    }
    return problem;
  }

 private:
  std::string Problem(const std::string& rule) const { return ProblemWith(rule, node_); }
  std::string ProblemWith(const std::string& rule, const YamlNode& found) const {
    return "must " + rule + ": " + ShowNode(found);
  }

  std::string TypeRule() const {
    switch (key_.type) {
      case KeyType::kBool:
        return "be true or false";
      case KeyType::kInt:
      case KeyType::kU64:
        return "be an integer";
      case KeyType::kNumber:
        return key_.null_word == "invalid" ? "be a number or invalid" : "be a number";
      case KeyType::kSize:
        return "be a size such as 512MiB";
      case KeyType::kString:
        return "be text";
      case KeyType::kEnum:
        return "be one of " + Joined(key_.values);
      case KeyType::kPath:
        return "be a path";
      case KeyType::kList:
      case KeyType::kPathList:
        return "be a list";
      case KeyType::kNumberList:
        return "be a list of numbers";
      case KeyType::kDevices:
        return "be devices such as 0-3 or [0, 2]";
      case KeyType::kMap:
        return "be a map";
    }
    return "";
  }

  std::string ReadByType() {
    switch (key_.type) {
      case KeyType::kBool:
        return ReadBool();
      case KeyType::kInt:
        return ReadInt();
      case KeyType::kU64:
        return ReadU64();
      case KeyType::kNumber:
        return ReadNumber();
      case KeyType::kSize:
        return ReadSize();
      case KeyType::kString:
        return ReadText();
      case KeyType::kEnum:
        return ReadEnum();
      case KeyType::kPath:
        return ReadPath();
      case KeyType::kList:
        return ReadList();
      case KeyType::kPathList:
        return ReadPathList();
      case KeyType::kNumberList:
        return ReadNumbers();
      case KeyType::kDevices:
        return ReadDevices();
      case KeyType::kMap:
        return ReadMap();
    }
    return "";
  }

  std::string ReadBool() {
    if (node_.kind != Kind::kScalar || (node_.text != "true" && node_.text != "false")) {
      return Problem(TypeRule());
    }
    value_->boolean = node_.text == "true";
    return "";
  }

  std::string CheckRange(double number) {
    if (key_.range.Contains(number)) return "";
    return Problem(key_.range.Rule());
  }

  std::string ReadInt() {
    constexpr int64_t kMax = (int64_t{1} << 31) - 1;
    if (node_.kind != Kind::kScalar || !IsIntegerText(node_.text)) return Problem(TypeRule());
    if (!ParseInteger(node_.text, &value_->integer)) {
      value_->integer = node_.text.starts_with('-') ? -kMax - 2 : kMax + 1;
    }
    if (std::string problem = CheckRange(static_cast<double>(value_->integer)); !problem.empty()) {
      return problem;
    }
    if (value_->integer > kMax) return Problem(Format("be at most {}", kMax));
    return "";
  }

  std::string ReadU64() {
    if (node_.kind != Kind::kScalar || !IsIntegerText(node_.text)) return Problem(TypeRule());
    if (!ParseInteger(node_.text, &value_->u64)) {
      return Problem(Format("lie in [0, {}]", UINT64_MAX));
    }
    return "";
  }

  std::string ReadNumber() {
    if (node_.kind != Kind::kScalar || !ParseNumber(node_.text, &value_->number)) {
      return Problem(TypeRule());
    }
    return CheckRange(value_->number);
  }

  std::string ReadSize() {
    if (node_.kind != Kind::kScalar || !ParseSize(node_.text, &value_->u64)) {
      return Problem(TypeRule());
    }
    return "";
  }

  std::string ReadText() {
    if (node_.kind != Kind::kScalar) return Problem(TypeRule());
    value_->text = node_.text;
    return "";
  }

  // Turns another system's word into ours and checks that it is allowed.
  std::string ReadWord(const YamlNode& node, std::string* word, const std::string& rule) {
    if (node.kind != Kind::kScalar) return ProblemWith(rule, node);
    *word = node.text;
    for (const auto& [theirs, ours] : key_.value_aliases) {
      if (theirs != *word) continue;
      *notice_ = Format("{} {} read as {}", key_.name, theirs, ours);
      *word = ours;
    }
    if (std::find(key_.values.begin(), key_.values.end(), *word) != key_.values.end()) return "";
    std::string problem = ProblemWith(rule, node);
    for (const auto& [refused, reason] : key_.refused_values) {
      if (refused == *word) return problem + "; " + reason;
    }
    return problem + DidYouMean("; ", Nearest(*word, key_.values));
  }

  std::string ReadEnum() { return ReadWord(node_, &value_->text, TypeRule()); }

  std::string ReadPath() {
    if (node_.kind != Kind::kScalar || node_.text.empty()) return Problem(TypeRule());
    value_->shown = Printable(node_.text, 200);
    const bool is_word =
        std::find(key_.values.begin(), key_.values.end(), node_.text) != key_.values.end();
    value_->text = is_word ? node_.text : Absolute(node_.text, folder_);
    return "";
  }

  std::string ReadList() {
    // The word of `all-linear` stands alone, as in PEFT.
    if (node_.kind == Kind::kScalar && node_.text == key_.default_text) {
      value_->list = {node_.text};
      return "";
    }
    if (node_.kind != Kind::kList) return Problem(TypeRule());
    for (const YamlNode& item : node_.items) {
      std::string word = item.text;
      if (!key_.values.empty()) {
        std::string problem = ReadWord(item, &word, "list only " + Joined(key_.values));
        if (!problem.empty()) return problem;
        if (std::find(value_->list.begin(), value_->list.end(), word) != value_->list.end()) {
          return ProblemWith("list each word once", item);
        }
      } else if (item.kind != Kind::kScalar) {
        return ProblemWith("be a list of words", item);
      }
      value_->list.push_back(std::move(word));
    }
    return "";
  }

  std::string ReadPathList() {
    if (node_.kind != Kind::kList) return Problem(TypeRule());
    for (const YamlNode& item : node_.items) {
      if (item.kind != Kind::kScalar || item.text.empty()) {
        return ProblemWith("be a list of paths", item);
      }
      value_->list.push_back(Absolute(item.text, folder_));
      value_->shown_list.push_back(Printable(item.text, 200));
    }
    if (key_.required && value_->list.empty()) return "must not be empty: []";
    return "";
  }

  std::string ReadNumbers() {
    if (node_.kind != Kind::kList) return Problem(TypeRule());
    for (const YamlNode& item : node_.items) {
      double number = 0;
      if (item.kind != Kind::kScalar || !ParseNumber(item.text, &number)) {
        return ProblemWith(TypeRule(), item);
      }
      value_->numbers.push_back(number);
    }
    return "";
  }

  std::string ReadDevices() {
    if (node_.kind == Kind::kScalar) {
      if (!AppendDevices(node_.text, &value_->list)) return Problem(TypeRule());
    } else if (node_.kind != Kind::kList || node_.items.empty()) {
      return Problem(TypeRule());
    }
    for (const YamlNode& item : node_.items) {
      if (item.kind != Kind::kScalar || !AppendDevices(item.text, &value_->list)) {
        return ProblemWith(TypeRule(), item);
      }
    }
    std::vector<std::string> sorted = value_->list;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
      return Problem("name each device once");
    }
    return "";
  }

  std::string ReadMap() {
    if (node_.kind != Kind::kMap) return Problem(TypeRule());
    value_->map = node_;
    return "";
  }

  const KeyDeclaration& key_;
  const YamlNode& node_;
  const std::string& folder_;
  Value* value_;
  std::string* notice_;
};

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') {
      out += Format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

bool IsPlainSafe(const std::string& text) {
  if (text.empty() || text == "null" || text == "true" || text == "false" || text == "~") {
    return false;
  }
  if (text == "Null" || text == "NULL") return false;
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '/' || c == '.' || c == '-' || c == '+';
  };
  if (!std::all_of(text.begin(), text.end(), is_word)) return false;
  double number = 0;
  return text.front() != '-' && text.front() != '+' && text.front() != '.' &&
         !ParseNumber(text, &number);
}

std::string WriteSize(uint64_t bytes) {
  for (const auto& [name, size] : kUnits) {
    if (bytes != 0 && bytes % size == 0) return Format("{}{}", bytes / size, name);
  }
  return Format("{}", bytes);
}

std::string WriteList(const std::vector<std::string>& list, bool as_strings) {
  std::string text = "[";
  for (const std::string& item : list) {
    if (text.size() > 1) text += ", ";
    text += as_strings ? WriteString(item) : item;
  }
  return text + "]";
}

}  // namespace

std::string ReadValue(const KeyDeclaration& key, const YamlNode& node, const std::string& folder,
                      Value* value, std::string* notice) {
  return Reader(key, node, folder, value, notice).Read();
}

std::string WriteValue(const KeyDeclaration& key, const Value& value) {
  if (value.is_null) return key.nullable ? key.null_word : "null";
  switch (key.type) {
    case KeyType::kBool:
      return value.boolean ? "true" : "false";
    case KeyType::kInt:
      return Format("{}", value.integer);
    case KeyType::kU64:
      return Format("{}", value.u64);
    case KeyType::kNumber:
      return WriteNumber(value.number);
    case KeyType::kSize:
      return WriteSize(value.u64);
    case KeyType::kString:
    case KeyType::kEnum:
    case KeyType::kPath: {
      // A quoted word that means null would be null again.
      return value.text == key.null_word ? Quoted(value.text) : WriteString(value.text);
    }
    case KeyType::kList:
    case KeyType::kPathList:
      return WriteList(value.list, /*as_strings=*/true);
    case KeyType::kDevices:
      return WriteList(value.list, /*as_strings=*/false);
    case KeyType::kNumberList: {
      std::vector<std::string> numbers;
      for (const double number : value.numbers) numbers.push_back(WriteNumber(number));
      return WriteList(numbers, /*as_strings=*/false);
    }
    case KeyType::kMap:
      return WriteNode(value.map);
  }
  return "";
}

std::string WriteNode(const YamlNode& node) {
  std::string text;
  switch (node.kind) {
    case Kind::kNull:
      return "null";
    case Kind::kScalar: {
      double number = 0;
      const bool is_plain = !node.quoted && (node.text == "true" || node.text == "false" ||
                                             ParseNumber(node.text, &number));
      return is_plain ? node.text : WriteString(node.text);
    }
    case Kind::kList:
      for (const YamlNode& item : node.items) text += (text.empty() ? "" : ", ") + WriteNode(item);
      return "[" + text + "]";
    case Kind::kMap:
      for (size_t i = 0; i < node.items.size(); ++i) {
        text += (i == 0 ? "" : ", ");
        // Keys are not interpolated, so `${` needs no escape in them.
        text += IsPlainSafe(node.keys[i]) ? node.keys[i] : Quoted(node.keys[i]);
        text += ": " + WriteNode(node.items[i]);
      }
      return "{" + text + "}";
  }
  return text;
}

std::string WriteString(const std::string& text) {
  if (IsPlainSafe(text)) return text;
  std::string escaped;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '{') escaped += '$';
    escaped += text[i];
  }
  return Quoted(escaped);
}

std::string WriteNumber(double number) {
  std::string text = Format("{}", number);
  const size_t exponent = text.find('e');
  if (exponent == std::string::npos) {
    return text.find('.') == std::string::npos ? text + ".0" : text;
  }
  // 1e-06 as 1e-6.
  std::string digits = text.substr(exponent + 1);
  const std::string sign = digits.front() == '-' ? "-" : "";
  digits.erase(0, digits.find_first_not_of("+-0"));
  return text.substr(0, exponent) + "e" + sign + digits;
}

std::string ShowNode(const YamlNode& node) {
  switch (node.kind) {
    case Kind::kNull:
      return "null";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
    case Kind::kScalar:
      break;
  }
  double number = 0;
  if (ParseNumber(node.text, &number) || node.text == "true" || node.text == "false") {
    return Printable(node.text);
  }
  return "\"" + Printable(node.text) + "\"";
}

bool ParseNumber(const std::string& text, double* number) {
  if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string::npos) return false;
  std::string_view view = text;
  if (view.starts_with('+')) view.remove_prefix(1);
  const auto result = std::from_chars(view.data(), view.data() + view.size(), *number);
  return result.ec == std::errc() && result.ptr == view.data() + view.size() &&
         std::isfinite(*number);
}

Value NullValue() { return Value{.shown = "null"}; }

Value BoolValue(bool value) {
  return Value{.is_null = false, .boolean = value, .shown = value ? "true" : "false"};
}

Value IntValue(int64_t value) {
  return Value{.is_null = false, .integer = value, .shown = Format("{}", value)};
}

Value NumberValue(double value) {
  return Value{.is_null = false, .number = value, .shown = WriteNumber(value)};
}

Value TextValue(std::string value) {
  Value result{.is_null = false, .text = value};
  result.shown = "\"" + Printable(value) + "\"";
  return result;
}

}  // namespace winnow::cli
