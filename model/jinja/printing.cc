#include "model/jinja/printing.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/format.h"
#include "model/jinja/error.h"
#include "model/unicode.h"

namespace winnow::model::jinja {
namespace {

using Kind = Value::Kind;

std::string ReprOfString(const std::string& text) {
  const bool has_single = text.find('\'') != std::string::npos;
  const char quote = has_single && text.find('"') == std::string::npos ? '"' : '\'';
  std::string out(1, quote);
  for (uint32_t c : CodePointsOf(text)) {
    if (c == static_cast<uint32_t>(quote) || c == '\\') {
      out += '\\';
      AppendUtf8(c, &out);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (IsPrintable(c)) {
      AppendUtf8(c, &out);
    } else if (c < 0x100) {
      out += Format("\\x{:02x}", c);
    } else if (c < 0x10000) {
      out += Format("\\u{:04x}", c);
    } else {
      out += Format("\\U{:08x}", c);
    }
  }
  return out + quote;
}

std::string JoinReprs(const std::vector<Value>& items) {
  std::string out;
  for (const Value& item : items) {
    if (!out.empty()) out += ", ";
    out += Repr(item);
  }
  return out;
}

std::string ReprOfList(const List& list) {
  switch (list.flavor) {
    case List::Flavor::kList:
      return "[" + JoinReprs(list.items) + "]";
    case List::Flavor::kTuple:
      return "(" + JoinReprs(list.items) + (list.items.size() == 1 ? ",)" : ")");
    case List::Flavor::kRange:
      return list.label;
    case List::Flavor::kView:
      return list.label + "([" + JoinReprs(list.items) + "])";
    case List::Flavor::kGenerator:
      break;
  }
  throw Error("a generator cannot be printed: put `| list` or `| join` after the filter");
}

std::string ReprOfDict(const Dict& dict) {
  std::string out;
  for (const auto& [key, value] : dict.entries()) {
    if (!out.empty()) out += ", ";
    out += Repr(key) + ": " + Repr(value);
  }
  return "{" + out + "}";
}

// Writes one value after another into a text.
class JsonWriter {
 public:
  explicit JsonWriter(const JsonStyle& style) : style_(style) {}

  void Write(const Value& value, int level) {
    switch (value.kind()) {
      case Kind::kNone:
        out_ += "null";
        return;
      case Kind::kBool:
        out_ += value.Truthy() ? "true" : "false";
        return;
      case Kind::kInt:
        out_ += Format("{}", value.integer());
        return;
      case Kind::kFloat:
        out_ += Number(value.number());
        return;
      case Kind::kString:
        WriteString(value.text());
        return;
      case Kind::kList:
        if (value.list().flavor == List::Flavor::kList ||
            value.list().flavor == List::Flavor::kTuple) {
          WriteList(value.list().items, level);
          return;
        }
        break;
      case Kind::kDict:
        WriteDict(value.dict(), level);
        return;
      default:
        break;
    }
    throw Error(Format("Object of type {} is not JSON serializable", value.TypeName()));
  }

  std::string Take() { return std::move(out_); }

 private:
  static std::string Number(double d) {
    if (std::isnan(d)) return "NaN";
    if (std::isinf(d)) return d > 0 ? "Infinity" : "-Infinity";
    return FloatText(d);
  }

  void WriteUnicodeEscape(uint32_t c) {
    if (c >= 0x10000) {
      c -= 0x10000;
      out_ += Format("\\u{:04x}\\u{:04x}", 0xD800 + (c >> 10), 0xDC00 + (c & 0x3FF));
    } else {
      out_ += Format("\\u{:04x}", c);
    }
  }

  void WriteString(const std::string& text) {
    out_ += '"';
    for (uint32_t c : CodePointsOf(text)) {
      constexpr std::string_view kShort = "\"\\\n\r\t\b\f";
      constexpr std::string_view kLetters = "\"\\nrtbf";
      const size_t at = c < 0x80 ? kShort.find(static_cast<char>(c)) : std::string_view::npos;
      if (at != std::string_view::npos && c != 0) {
        out_ += '\\';
        out_ += kLetters[at];
      } else if (c < 0x20 || (c > 0x7E && style_.ensure_ascii)) {
        WriteUnicodeEscape(c);
      } else {
        AppendUtf8(c, &out_);
      }
    }
    out_ += '"';
  }

  void NewLine(int level) {
    if (!style_.indent.has_value()) return;
    out_ += '\n';
    for (int i = 0; i < level; ++i) out_ += *style_.indent;
  }

  // With an indent, the line break takes the place of a separator's trailing space.
  void WriteList(const std::vector<Value>& items, int level) {
    if (items.empty()) {
      out_ += "[]";
      return;
    }
    out_ += '[';
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_ += style_.item_separator;
      NewLine(level + 1);
      Write(items[i], level + 1);
    }
    NewLine(level);
    out_ += ']';
  }

  void WriteKey(const Value& key) {
    switch (key.kind()) {
      case Kind::kString:
        WriteString(key.text());
        return;
      case Kind::kBool:
      case Kind::kNone:
      case Kind::kInt:
      case Kind::kFloat:
        out_ += '"';
        Write(key, 0);
        out_ += '"';
        return;
      default:
        throw Error(Format("keys must be str, int, float, bool or None, not {}", key.TypeName()));
    }
  }

  void WriteDict(const Dict& dict, int level) {
    if (dict.size() == 0) {
      out_ += "{}";
      return;
    }
    std::vector<std::pair<Value, Value>> entries = dict.entries();
    if (style_.sort_keys) SortByKey(&entries);
    out_ += '{';
    for (size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) out_ += style_.item_separator;
      NewLine(level + 1);
      WriteKey(entries[i].first);
      out_ += style_.key_separator;
      Write(entries[i].second, level + 1);
    }
    NewLine(level);
    out_ += '}';
  }

  static void SortByKey(std::vector<std::pair<Value, Value>>* entries) {
    for (const auto& [key, value] : *entries) {
      if (!key.IsString()) throw Error("sort_keys needs keys that are strings");
    }
    std::stable_sort(entries->begin(), entries->end(), [](const auto& a, const auto& b) {
      return a.first.text() < b.first.text();  // bytes of UTF-8 sort as code points do
    });
  }

  const JsonStyle& style_;
  std::string out_;
};

}  // namespace

std::string FloatText(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::scientific)
                       .ptr;
  const std::string_view text(buffer.data(), static_cast<size_t>(end - buffer.data()));
  const size_t e = text.find('e');
  int exponent = 0;
  const char* digits = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(digits, end, exponent);
  if (exponent < -4 || exponent >= 16) {  // as Python: two digits of exponent at least
    return std::string(text);
  }
  const auto fixed_end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed)
          .ptr;
  std::string fixed(buffer.data(), fixed_end);
  if (fixed.find('.') == std::string::npos) fixed += ".0";
  return fixed;
}

std::string Str(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return "";
    case Kind::kString:
    case Kind::kMarkup:
      return value.text();
    default:
      return Repr(value);
  }
}

std::string Repr(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return "Undefined";
    case Kind::kNone:
      return "None";
    case Kind::kBool:
      return value.Truthy() ? "True" : "False";
    case Kind::kInt:
      return Format("{}", value.integer());
    case Kind::kFloat:
      return FloatText(value.number());
    case Kind::kString:
      return ReprOfString(value.text());
    case Kind::kList:
      return ReprOfList(value.list());
    case Kind::kDict:
      return ReprOfDict(value.dict());
    default:
      break;
  }
  throw Error(Format("a value of type '{}' cannot be printed", value.TypeName()));
}

std::string ToJson(const Value& value, const JsonStyle& style) {
  JsonWriter writer(style);
  writer.Write(value, 0);
  return writer.Take();
}

}  // namespace winnow::model::jinja
