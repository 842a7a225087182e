// upper, lower, trim, replace, indent, tojson and other filters that make a text of their input.
#include <algorithm>
#include <string>
#include <utility>

#include "base/format.h"
#include "model/jinja/error.h"
#include "model/jinja/filters.h"
#include "model/jinja/operators.h"
#include "model/jinja/parameters.h"
#include "model/jinja/percent_format.h"
#include "model/jinja/printing.h"
#include "model/jinja/text_cutting.h"
#include "model/unicode.h"
#include "model/unicode_case.h"

namespace winnow::model::jinja {
namespace {

using Kind = Value::Kind;

// The text of an input. Of markup Jinja makes markup again, which would escape what it meets.
std::string TextOf(const Value& input) {
  if (input.Is(Kind::kMarkup)) throw Error("text of `safe` or `escape` can only be printed");
  return Str(input);
}

template <std::string (*map)(std::string_view)>
Value Mapped(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters none("filter", arguments, {});
  return runtime.MakeText(map(TextOf(input)));
}

std::string Unchanged(std::string_view text) { return std::string(text); }

// Every word that follows white space, a dash or an opening bracket starts with a capital.
std::string TitleWords(std::string_view text) {
  std::string out;
  std::string word;
  const auto flush = [&] {
    if (word.empty()) return;
    const size_t first = DecodeUtf8(word, 0).size_bytes;
    out += ToUpper(std::string_view(word).substr(0, first));
    out += ToLower(std::string_view(word).substr(first));
    word.clear();
  };
  for (size_t at = 0; at < text.size();) {
    const DecodedChar next = DecodeUtf8(text, at);
    const std::string_view piece = text.substr(at, next.size_bytes);
    constexpr std::string_view kBreaks = "-({[<";
    const bool breaks =
        IsPythonSpace(next.code_point) || kBreaks.find(piece) != std::string_view::npos;
    if (breaks) {
      flush();
      out += piece;
    } else {
      word += piece;
    }
    at += next.size_bytes;
  }
  flush();
  return out;
}

Value Trim(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters parameters("trim", arguments, {"chars"});
  std::optional<std::string> characters;
  if (parameters.Has(0) && !parameters.At(0).Is(Kind::kNone)) characters = parameters.Text(0, "");
  return runtime.MakeText(Strip(TextOf(input), characters, StripSide::kBoth));
}

Value Replace(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters parameters("replace", arguments, {"old", "new", "count"}, 2);
  const Value count = parameters.Or(2, Value::None());
  const int64_t limit = count.Is(Kind::kNone) ? -1 : parameters.Integer(2, -1);
  return runtime.MakeText(ReplaceText(TextOf(input), Str(parameters.At(0)), Str(parameters.At(1)),
                                      limit, runtime.sizes().max_bytes));
}

Value Centre(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters parameters("center", arguments, {"width"});
  const int64_t width = parameters.Integer(0, 80);
  runtime.Charge(static_cast<size_t>(std::clamp<int64_t>(width, 0, 1 << 30)) / 16);
  return runtime.MakeText(jinja::Centre(TextOf(input), width, " "));
}

// Spaces, or the text itself, for the width of an indentation.
std::string IndentUnit(const Value& width) {
  if (width.IsString()) return width.text();
  if (!width.IsInteger() || width.integer() > 1000) {
    throw Error("indent must be a text or a number up to 1000");
  }
  return std::string(static_cast<size_t>(std::max<int64_t>(width.integer(), 0)), ' ');
}

Value Indent(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters parameters("indent", arguments, {"width", "first", "blank"});
  const std::string unit = IndentUnit(parameters.Or(0, Value::Int(4)));
  const bool blank = parameters.Bool(2, false);
  const std::vector<std::string> lines = SplitLines(TextOf(input) + "\n", /*keep_ends=*/false);
  std::string out = parameters.Bool(1, false) ? unit : "";
  runtime.Charge(lines.size() * (1 + unit.size() / 64));
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += "\n";
    if (i > 0 && (blank || !lines[i].empty())) out += unit;
    out += lines[i];
    if (out.size() > runtime.sizes().max_bytes) throw Error("a text is larger than allowed");
  }
  return runtime.MakeText(std::move(out));
}

Value Truncate(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters parameters("truncate", arguments, {"length", "killwords", "end", "leeway"});
  const int64_t length = parameters.Integer(0, 255);
  const std::string end = parameters.Text(2, "...");
  const int64_t leeway =
      parameters.Or(3, Value::None()).Is(Kind::kNone) ? 5 : parameters.Integer(3, 5);
  const Value text = Value::String(TextOf(input));
  const int64_t end_length = Length(Value::String(end));
  if (length < end_length || leeway < 0) throw Error("truncate: length or leeway is too small");
  if (Length(text) <= length + leeway) return text;
  const Value cut = SliceOf(text, Value::None(), Value::Int(length - end_length), Value::None());
  if (parameters.Bool(1, false)) return runtime.MakeText(cut.text() + end);
  return runtime.MakeText(SplitAtFromRight(cut.text(), " ", 1).front() + end);
}

Value WordCount(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters none("wordcount", arguments, {});
  const std::vector<uint32_t> points = CodePointsOf(TextOf(input));
  runtime.Charge(points.size() / 16);
  int64_t count = 0;
  bool in_word = false;
  for (uint32_t c : points) {
    const bool is_word = IsWordCharacter(c);
    count += static_cast<int64_t>(is_word && !in_word);
    in_word = is_word;
  }
  return Value::Int(count);
}

Value ToJsonFilter(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters parameters("tojson", arguments,
                              {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ensure_ascii = parameters.Bool(0, false);
  style.sort_keys = parameters.Bool(3, false);
  const Value indent = parameters.Or(1, Value::None());
  if (!indent.Is(Kind::kNone)) {
    style.indent = IndentUnit(indent);
    style.item_separator = std::string(1, ',');
  }
  const Value separators = parameters.Or(2, Value::None());
  if (!separators.Is(Kind::kNone)) {
    const std::vector<Value> pair = runtime.Items(separators);
    if (pair.size() != 2 || !pair[0].IsString() || !pair[1].IsString()) {
      throw Error("tojson: separators must be two strings");
    }
    style.item_separator = pair[0].text();
    style.key_separator = pair[1].text();
  }
  return runtime.MakeText(ToJson(input, style));
}

// The filter "format": positional arguments, or named ones.
Value PercentFormatFilter(Runtime& runtime, const Value& input, const Arguments& arguments) {
  if (!arguments.positional.empty() && !arguments.named.empty()) {
    throw Error("format takes positional or named arguments, not both");
  }
  Value values = Value::MakeList(arguments.positional, List::Flavor::kTuple);
  if (!arguments.named.empty()) {
    Dict dict;
    for (const auto& [name, value] : arguments.named) dict.Set(Value::String(name), value);
    values = Value::MakeDict(std::move(dict));
  }
  return runtime.MakeText(PercentFormat(TextOf(input), values, runtime.sizes().max_bytes));
}

Value Safe(Runtime&, const Value& input, const Arguments& arguments) {
  const Parameters none("safe", arguments, {});
  return Value::Markup(Str(input));
}

// &, <, >, ' and " as MarkupSafe writes them.
Value Escape(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters none("escape", arguments, {});
  if (input.Is(Kind::kMarkup)) return input;
  std::string out;
  for (char c : Str(input)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  runtime.Charge(out.size() / 64);
  return Value::Markup(std::move(out));
}

constexpr FilterEntry kFilters[] = {
    {"capitalize", Mapped<Capitalize>},
    {"center", Centre},
    {"e", Escape},
    {"escape", Escape},
    {"format", PercentFormatFilter},
    {"indent", Indent},
    {"lower", Mapped<ToLower>},
    {"replace", Replace},
    {"safe", Safe},
    {"string", Mapped<Unchanged>},
    {"title", Mapped<TitleWords>},
    {"tojson", ToJsonFilter},
    {"trim", Trim},
    {"truncate", Truncate},
    {"upper", Mapped<ToUpper>},
    {"wordcount", WordCount},
};

}  // namespace

std::span<const FilterEntry> TextFilters() { return kFilters; }

}  // namespace winnow::model::jinja
