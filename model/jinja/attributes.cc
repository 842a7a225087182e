#include "model/jinja/attributes.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "base/format.h"
#include "model/jinja/error.h"
#include "model/jinja/loop.h"
#include "model/jinja/operators.h"
#include "model/jinja/parameters.h"
#include "model/jinja/runtime.h"
#include "model/jinja/string_methods.h"

namespace winnow::model::jinja {
namespace {

using Kind = Value::Kind;

constexpr std::string_view kDictNames[] = {"clear",      "copy",   "fromkeys", "get",
                                           "items",      "keys",   "pop",      "popitem",
                                           "setdefault", "update", "values"};
constexpr std::string_view kListNames[] = {"append", "clear",   "copy",   "count",
                                           "extend", "index",   "insert", "pop",
                                           "remove", "reverse", "sort"};

constexpr std::string_view kNumberNames[] = {
    "real",     "imag", "numerator",  "denominator", "conjugate",        "bit_length", "bit_count",
    "to_bytes", "hex",  "from_bytes", "fromhex",     "as_integer_ratio", "is_integer"};

template <size_t n>
bool IsOneOf(const std::string_view (&names)[n], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

Value View(std::string label, std::vector<Value> items) {
  return Value::MakeList(std::move(items), List::Flavor::kView, std::move(label));
}

Value ItemsView(const Dict& dict) {
  std::vector<Value> items;
  for (const auto& [key, value] : dict.entries()) {
    items.push_back(Value::MakeList({key, value}, List::Flavor::kTuple));
  }
  return View("dict_items", std::move(items));
}

Value CallDictMethod(Runtime& runtime, const Value& self, const std::string& name,
                     const Arguments& arguments) {
  const Dict& dict = self.dict();
  runtime.Charge(dict.size());
  if (name == "get") {
    const Parameters parameters("dict.get", arguments, {"key", "default"}, 1);
    const Value* found = dict.Find(parameters.At(0));
    return found != nullptr ? *found : parameters.Or(1, Value::None());
  }
  const Parameters none("dict." + name, arguments, {});
  if (name == "copy") return self;  // nothing can change it
  if (name == "items") return ItemsView(dict);
  std::vector<Value> parts;
  for (const auto& [key, value] : dict.entries()) parts.push_back(name == "keys" ? key : value);
  return View("dict_" + name, std::move(parts));
}

Value CallListMethod(Runtime& runtime, const Value& self, const std::string& name,
                     const Arguments& arguments) {
  const std::vector<Value>& items = self.list().items;
  runtime.Charge(items.size());
  if (name == "copy") {
    const Parameters none("list.copy", arguments, {});
    return self;
  }
  const Parameters parameters("list." + name, arguments, {"value"}, 1);
  const auto matches = [&](const Value& item) { return Equal(item, parameters.At(0)); };
  if (name == "count") {
    return Value::Int(std::count_if(items.begin(), items.end(), matches));
  }
  const auto found = std::find_if(items.begin(), items.end(), matches);
  if (found == items.end()) throw Error("value is not in list");
  return Value::Int(found - items.begin());
}

using Method = Value (*)(Runtime&, const Value&, const std::string&, const Arguments&);

Value Bind(const Value& self, std::string_view name, Method method) {
  return Value::MakeCallable(
      {std::string(name),
       [self, method, name = std::string(name)](Runtime& runtime, const Arguments& arguments) {
         return method(runtime, self, name, arguments);
       },
       self.Depth() + 1});
}

[[noreturn]] void RefuseMethod(const Value& value, std::string_view name) {
  throw Error(Format("method `{}` of '{}' is not supported", name, value.TypeName()));
}

// A method or attribute of Python's object itself; nothing if it has none of that name.
std::optional<Value> ObjectAttribute(const Value& value, std::string_view name) {
  if (name.starts_with("__") && name.ends_with("__") && name.size() > 4) {
    throw Error(Format("access to attribute `{}` is unsafe", name));
  }
  switch (value.kind()) {
    case Kind::kDict:
      if (!IsOneOf(kDictNames, name)) return std::nullopt;
      if (name != "get" && name != "items" && name != "keys" && name != "values" &&
          name != "copy") {
        RefuseMethod(value, name);
      }
      return Bind(value, name, CallDictMethod);
    case Kind::kList: {
      const bool is_plain = value.IsList(List::Flavor::kList);
      const bool is_tuple = value.IsList(List::Flavor::kTuple);
      const bool known = name == "count" || name == "index" || (is_plain && name == "copy");
      if (is_tuple && value.list().label == "group") {  // of groupby
        if (name == "grouper") return value.list().items[0];
        if (name == "list") return value.list().items[1];
      }
      if ((is_plain || is_tuple) && known) return Bind(value, name, CallListMethod);
      if (is_plain && IsOneOf(kListNames, name)) RefuseMethod(value, name);
      if (!is_plain && !is_tuple) RefuseMethod(value, name);
      return std::nullopt;
    }
    case Kind::kString:
      return StringMethod(value, name);
    case Kind::kLoop:
      return LoopState::Attribute(value, name);
    case Kind::kNamespace: {
      const Value* found = value.space().fields.Find(name);
      if (found == nullptr) return std::nullopt;
      return *found;
    }
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kFloat:
      if (IsOneOf(kNumberNames, name)) RefuseMethod(value, name);
      return std::nullopt;
    case Kind::kUndefined:
    case Kind::kNone:
      return std::nullopt;
    case Kind::kMarkup:
    case Kind::kCallable:
      break;
  }
  RefuseMethod(value, name);
}

Value MissingAttribute(const Value& value, std::string_view name) {
  return Value::Undefined(Format("'{} object' has no attribute '{}'", value.TypeName(), name));
}

}  // namespace

Value AttributeOf(const Value& value, std::string_view name) {
  RequireDefined(value);
  if (std::optional<Value> found = ObjectAttribute(value, name); found.has_value()) return *found;
  if (value.Is(Kind::kDict)) {
    if (const Value* found = value.dict().Find(name); found != nullptr) return *found;
  }
  return MissingAttribute(value, name);
}

Value SubscriptOf(const Value& value, const Value& key) {
  Value item = ItemOf(value, key);
  if (!item.IsUndefined() || !key.IsString()) return item;
  const bool has_entry = value.Is(Kind::kDict) && value.dict().Find(key) != nullptr;
  if (has_entry) return item;  // an entry that is itself undefined
  if (std::optional<Value> found = ObjectAttribute(value, key.text()); found.has_value()) {
    return *found;
  }
  return MissingAttribute(value, key.text());
}

Value PathOf(const Value& value, const Value& path) {
  if (!path.IsString()) return SubscriptOf(value, path);
  Value current = value;
  const std::string& text = path.text();
  for (size_t at = 0; at <= text.size();) {
    const size_t dot = std::min(text.find('.', at), text.size());
    const std::string part = text.substr(at, dot - at);
    int64_t index = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
    const bool is_index =
        !part.empty() && part[0] != '-' && error == std::errc() && end == part.data() + part.size();
    current = SubscriptOf(current, is_index ? Value::Int(index) : Value::String(part));
    at = dot + 1;
  }
  return current;
}

}  // namespace winnow::model::jinja
