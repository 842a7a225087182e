#include "model/jinja/string_methods.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/format.h"
#include "model/jinja/error.h"
#include "model/jinja/operators.h"
#include "model/jinja/parameters.h"
#include "model/jinja/printing.h"
#include "model/jinja/runtime.h"
#include "model/jinja/text_cutting.h"
#include "model/unicode.h"
#include "model/unicode_case.h"

namespace winnow::model::jinja {
namespace {

// What a method is called with.
struct Call {
  Runtime& runtime;
  const std::string& self;
  const std::string& name;
  const Arguments& arguments;
};
using Method = Value (*)(const Call&);

Value Text(const Call& call, std::string text) { return call.runtime.MakeText(std::move(text)); }

Value ListOfTexts(const Call& call, std::vector<std::string> parts, List::Flavor flavor) {
  call.runtime.Charge(parts.size());
  std::vector<Value> items;
  items.reserve(parts.size());
  for (std::string& part : parts) items.push_back(Text(call, std::move(part)));
  return Value::MakeList(std::move(items), flavor);
}

// Methods without arguments that give a text.
template <std::string (*map)(std::string_view)>
Value Mapped(const Call& call) {
  const Parameters none(call.name, call.arguments, {});
  return Text(call, map(call.self));
}

template <StripSide side>
Value Stripped(const Call& call) {
  const Parameters parameters(call.name, call.arguments, {"chars"});
  std::optional<std::string> characters;
  if (parameters.Has(0) && !parameters.At(0).Is(Value::Kind::kNone)) {
    characters = parameters.Text(0, "");
  }
  return Text(call, Strip(call.self, characters, side));
}

template <bool from_right>
Value Split(const Call& call) {
  const Parameters parameters(call.name, call.arguments, {"sep", "maxsplit"});
  const int64_t limit = parameters.Integer(1, -1);
  const bool by_space = !parameters.Has(0) || parameters.At(0).Is(Value::Kind::kNone);
  std::vector<std::string> parts;
  if (by_space) {
    parts = from_right ? SplitAtSpaceFromRight(call.self, limit) : SplitAtSpace(call.self, limit);
  } else {
    const std::string separator = parameters.Text(0, "");
    if (separator.empty()) throw Error("empty separator");
    parts = from_right ? SplitAtFromRight(call.self, separator, limit)
                       : SplitAt(call.self, separator, limit);
  }
  return ListOfTexts(call, std::move(parts), List::Flavor::kList);
}

Value Lines(const Call& call) {
  const Parameters parameters(call.name, call.arguments, {"keepends"});
  return ListOfTexts(call, SplitLines(call.self, parameters.Bool(0, false)), List::Flavor::kList);
}

template <bool from_right>
Value Partition(const Call& call) {
  const Parameters parameters(call.name, call.arguments, {"sep"}, 1);
  const std::string separator = parameters.Text(0, "");
  if (separator.empty()) throw Error("empty separator");
  const size_t at = from_right ? call.self.rfind(separator) : call.self.find(separator);
  std::vector<std::string> parts;
  if (at != std::string::npos) {
    parts = {call.self.substr(0, at), separator, call.self.substr(at + separator.size())};
  } else if (from_right) {
    parts = {"", "", call.self};
  } else {
    parts = {call.self, "", ""};
  }
  return ListOfTexts(call, std::move(parts), List::Flavor::kTuple);
}

// The part of self that [start:end] names; `offset` becomes the characters before it.
std::string Window(const Call& call, const Parameters& parameters, int64_t* offset) {
  const Value start = parameters.Or(1, Value::None());
  const Value end = parameters.Or(2, Value::None());
  const Value self = Value::String(call.self);
  *offset = Length(SliceOf(self, Value::None(),
                           start.Is(Value::Kind::kNone) ? Value::Int(0) : start, Value::None()));
  return SliceOf(self, start, end, Value::None()).text();
}

template <bool is_prefix>
Value HasAffix(const Call& call) {
  const Parameters parameters(call.name, call.arguments,
                              {is_prefix ? "prefix" : "suffix", "start", "end"}, 1);
  int64_t offset = 0;
  const std::string window =
      parameters.Has(1) || parameters.Has(2) ? Window(call, parameters, &offset) : call.self;
  const auto matches = [&](const Value& affix) {
    RequireDefined(affix);
    if (!affix.IsString()) {
      throw Error(Format("{} needs a str or a tuple of str, not {}", call.name, affix.TypeName()));
    }
    return is_prefix ? window.starts_with(affix.text()) : window.ends_with(affix.text());
  };
  const Value& affix = parameters.At(0);
  if (!affix.IsList(List::Flavor::kTuple)) return Value::Bool(matches(affix));
  const auto& choices = affix.list().items;
  return Value::Bool(std::any_of(choices.begin(), choices.end(), matches));
}

template <bool from_right, bool must_find>
Value Find(const Call& call) {
  const Parameters parameters(call.name, call.arguments, {"sub", "start", "end"}, 1);
  int64_t offset = 0;
  const std::string window = Window(call, parameters, &offset);
  const std::string sub = parameters.Text(0, "");
  const size_t at = from_right ? window.rfind(sub) : window.find(sub);
  if (at != std::string::npos) {
    return Value::Int(offset + static_cast<int64_t>(CountCodePoints(window.substr(0, at))));
  }
  if (must_find) throw Error("substring not found");
  return Value::Int(-1);
}

Value Count(const Call& call) {
  const Parameters parameters(call.name, call.arguments, {"sub", "start", "end"}, 1);
  int64_t offset = 0;
  const std::string window = Window(call, parameters, &offset);
  const std::string sub = parameters.Text(0, "");
  if (sub.empty()) return Value::Int(static_cast<int64_t>(CountCodePoints(window)) + 1);
  int64_t count = 0;
  for (size_t at = window.find(sub); at != std::string::npos;
       at = window.find(sub, at + sub.size())) {
    ++count;
  }
  return Value::Int(count);
}

Value Replace(const Call& call) {
  const Parameters parameters(call.name, call.arguments, {"old", "new", "count"}, 2);
  return Text(call, ReplaceText(call.self, parameters.Text(0, ""), parameters.Text(1, ""),
                                parameters.Integer(2, -1), call.runtime.sizes().max_bytes));
}

Value Join(const Call& call) {
  const Parameters parameters(call.name, call.arguments, {"iterable"}, 1);
  std::string joined;
  bool is_first = true;
  for (const Value& item : call.runtime.Items(parameters.At(0))) {
    RequireDefined(item);
    if (!item.IsString()) {
      throw Error(Format("join needs strings, found {}", item.TypeName()));
    }
    if (!is_first) joined += call.self;
    is_first = false;
    joined += item.text();
    if (joined.size() > call.runtime.sizes().max_bytes)
      throw Error("a text is larger than allowed");
  }
  return Text(call, std::move(joined));
}

template <bool is_prefix>
Value RemoveAffix(const Call& call) {
  const Parameters parameters(call.name, call.arguments, {is_prefix ? "prefix" : "suffix"}, 1);
  const std::string affix = parameters.Text(0, "");
  std::string text = call.self;
  if (is_prefix && text.starts_with(affix)) text.erase(0, affix.size());
  if (!is_prefix && text.ends_with(affix)) text.resize(text.size() - affix.size());
  return Text(call, std::move(text));
}

enum class Alignment : uint8_t { kLeft, kRight, kCentre };

template <Alignment alignment>
Value Align(const Call& call) {
  const Parameters parameters(call.name, call.arguments, {"width", "fillchar"}, 1);
  const std::string fill = parameters.Text(1, " ");
  if (CountCodePoints(fill) != 1) throw Error("the fill character must be one character");
  const int64_t width = parameters.Integer(0, 0);
  call.runtime.Charge(static_cast<size_t>(std::clamp<int64_t>(width, 0, 1 << 30)) / 16);
  if (alignment == Alignment::kCentre) return Text(call, Centre(call.self, width, fill));
  std::string padding;
  for (int64_t i = Length(Value::String(call.self)); i < width; ++i) padding += fill;
  return Text(call, alignment == Alignment::kLeft ? call.self + padding : padding + call.self);
}

Value ZeroFill(const Call& call) {
  const Parameters parameters(call.name, call.arguments, {"width"}, 1);
  const int64_t width = parameters.Integer(0, 0);
  call.runtime.Charge(static_cast<size_t>(std::clamp<int64_t>(width, 0, 1 << 30)) / 16);
  const int64_t missing = width - Length(Value::String(call.self));
  if (missing <= 0) return Text(call, call.self);
  const bool has_sign = !call.self.empty() && (call.self[0] == '-' || call.self[0] == '+');
  std::string text = call.self;
  text.insert(has_sign ? 1 : 0, static_cast<size_t>(missing), '0');
  return Text(call, std::move(text));
}

// True if there are characters and all fulfil `is`.
template <bool (*is)(uint32_t)>
Value All(const Call& call) {
  const Parameters none(call.name, call.arguments, {});
  const std::vector<uint32_t> points = CodePointsOf(call.self);
  return Value::Bool(!points.empty() && std::all_of(points.begin(), points.end(), is));
}

template <bool (*is)(std::string_view)>
Value Whole(const Call& call) {
  const Parameters none(call.name, call.arguments, {});
  return Value::Bool(is(call.self));
}

bool IsAsciiText(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<uint8_t>(c) < 0x80; });
}

bool IsAlphanumeric(uint32_t c) { return IsAlphabetic(c) || IsNumeric(c); }

// Python also knows digits that are no decimals, such as superscripts; those are refused.
Value IsDigit(const Call& call) {
  const Parameters none(call.name, call.arguments, {});
  const std::vector<uint32_t> points = CodePointsOf(call.self);
  for (uint32_t c : points) {
    if (c >= 0x80 && IsNumeric(c) && !IsDecimal(c)) {
      throw Error(Format("{} of numbers that are no decimals is not supported", call.name));
    }
  }
  return Value::Bool(!points.empty() && std::all_of(points.begin(), points.end(), IsDecimal));
}

// The value that {field} of a format names; `next` counts the fields without a name.
Value FormatField(const std::string& field, const Arguments& arguments, size_t* next) {
  const bool is_index = field.find_first_not_of("0123456789") == std::string::npos;
  if (is_index && field.size() < 6) {
    const size_t index = field.empty() ? (*next)++ : std::stoul(field);
    if (index < arguments.positional.size()) return arguments.positional[index];
    throw Error("replacement index out of range for positional arguments");
  }
  if (field.find_first_of("!:.[{") != std::string::npos) {
    throw Error(Format("format field is not supported: `{{{}}}`", field));
  }
  for (const auto& [name, value] : arguments.named) {
    if (name == field) return value;
  }
  throw Error(Format("format field is missing: `{}`", field));
}

// str.format, with {} and {0} and {name}; no conversions, formats or paths.
Value FormatMethod(const Call& call) {
  std::string out;
  size_t next = 0;
  const std::string& self = call.self;
  for (size_t at = 0; at < self.size(); ++at) {
    const char c = self[at];
    if ((c == '{' || c == '}') && at + 1 < self.size() && self[at + 1] == c) {
      out += self[at++];
    } else if (c == '}') {
      throw Error("single '}' in a format");
    } else if (c != '{') {
      out += c;
    } else {
      const size_t close = self.find('}', at);
      if (close == std::string::npos) throw Error("single '{' in a format");
      out += Str(FormatField(self.substr(at + 1, close - at - 1), call.arguments, &next));
      at = close;
    }
    if (out.size() > call.runtime.sizes().max_bytes) throw Error("a text is larger than allowed");
  }
  return Text(call, std::move(out));
}

struct Entry {
  std::string_view name;
  Method method;
};

constexpr Entry kMethods[] = {
    {"capitalize", Mapped<Capitalize>},
    {"casefold", nullptr},
    {"center", Align<Alignment::kCentre>},
    {"count", Count},
    {"encode", nullptr},
    {"endswith", HasAffix<false>},
    {"expandtabs", nullptr},
    {"find", Find<false, false>},
    {"format", FormatMethod},
    {"format_map", nullptr},
    {"index", Find<false, true>},
    {"isalnum", All<IsAlphanumeric>},
    {"isalpha", All<IsAlphabetic>},
    {"isascii", Whole<IsAsciiText>},
    {"isdecimal", All<IsDecimal>},
    {"isdigit", IsDigit},
    {"isidentifier", nullptr},
    {"islower", Whole<IsLowerText>},
    {"isnumeric", nullptr},
    {"isprintable", nullptr},
    {"isspace", All<IsPythonSpace>},
    {"istitle", nullptr},
    {"isupper", Whole<IsUpperText>},
    {"join", Join},
    {"ljust", Align<Alignment::kLeft>},
    {"lower", Mapped<ToLower>},
    {"lstrip", Stripped<StripSide::kLeft>},
    {"maketrans", nullptr},
    {"partition", Partition<false>},
    {"removeprefix", RemoveAffix<true>},
    {"removesuffix", RemoveAffix<false>},
    {"replace", Replace},
    {"rfind", Find<true, false>},
    {"rindex", Find<true, true>},
    {"rjust", Align<Alignment::kRight>},
    {"rpartition", Partition<true>},
    {"rsplit", Split<true>},
    {"rstrip", Stripped<StripSide::kRight>},
    {"split", Split<false>},
    {"splitlines", Lines},
    {"startswith", HasAffix<true>},
    {"strip", Stripped<StripSide::kBoth>},
    {"swapcase", Mapped<SwapCase>},
    {"title", Mapped<ToTitle>},
    {"translate", nullptr},
    {"upper", Mapped<ToUpper>},
    {"zfill", ZeroFill},
};

}  // namespace

std::optional<Value> StringMethod(const Value& self, std::string_view name) {
  const auto found = std::find_if(std::begin(kMethods), std::end(kMethods),
                                  [&](const Entry& entry) { return entry.name == name; });
  if (found == std::end(kMethods)) return std::nullopt;
  if (found->method == nullptr) {
    throw Error(Format("method `{}` of 'str' is not supported", name));
  }
  return Value::MakeCallable({std::string(name),
                              [self, entry = *found, name = std::string(name)](
                                  Runtime& runtime, const Arguments& arguments) {
                                runtime.Charge(self.text().size() / 64);
                                return entry.method(Call{runtime, self.text(), name, arguments});
                              },
                              1});
}

}  // namespace winnow::model::jinja
