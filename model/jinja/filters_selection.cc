// map, select, reject, sort, unique, groupby, min, max, sum: filters that look at each item.
#include <algorithm>
#include <string>
#include <utility>

#include "base/format.h"
#include "model/jinja/attributes.h"
#include "model/jinja/error.h"
#include "model/jinja/filters.h"
#include "model/jinja/operators.h"
#include "model/jinja/parameters.h"
#include "model/jinja/value_tests.h"
#include "model/unicode_case.h"

namespace winnow::model::jinja {
namespace {

using Kind = Value::Kind;

Value Generator(std::vector<Value> items) {
  return Value::MakeList(std::move(items), List::Flavor::kGenerator);
}

// Splits off the first `count` positional arguments.
Arguments Without(const Arguments& arguments, size_t count) {
  Arguments rest = arguments;
  rest.positional.erase(rest.positional.begin(),
                        rest.positional.begin() + static_cast<std::ptrdiff_t>(count));
  return rest;
}

std::string NameAt(const Arguments& arguments, size_t index, std::string_view what) {
  if (arguments.positional.size() <= index || !arguments.positional[index].IsString()) {
    throw Error(Format("expected the name of a {}", what));
  }
  return arguments.positional[index].text();
}

Value MapAttribute(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters parameters("map", arguments, {"attribute", "default"});
  std::vector<Value> mapped;
  for (const Value& item : runtime.Items(input)) {
    Value value = PathOf(item, parameters.At(0));
    if (value.IsUndefined() && parameters.Has(1)) value = parameters.At(1);
    mapped.push_back(std::move(value));
  }
  return Generator(std::move(mapped));
}

Value Map(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const bool by_attribute =
      arguments.positional.empty() &&
      std::any_of(arguments.named.begin(), arguments.named.end(),
                  [](const auto& argument) { return argument.first == "attribute"; });
  if (by_attribute) return MapAttribute(runtime, input, arguments);
  const std::string name = NameAt(arguments, 0, "filter");
  const Filter filter = FindFilter(name);
  if (filter == nullptr) throw Error(Format("filter `{}` is not supported", name));
  const Arguments rest = Without(arguments, 1);
  std::vector<Value> mapped;
  for (const Value& item : runtime.Items(input)) mapped.push_back(filter(runtime, item, rest));
  return Generator(std::move(mapped));
}

// select, reject, selectattr and rejectattr: items whose value, or a value in them, passes a test.
template <bool by_attribute, bool wanted>
Value Select(Runtime& runtime, const Value& input, const Arguments& arguments) {
  constexpr size_t kTestAt = by_attribute ? 1 : 0;
  if (by_attribute && arguments.positional.empty()) throw Error("missing the attribute's name");
  const bool has_test = arguments.positional.size() > kTestAt;
  ValueTest test = nullptr;
  if (has_test) {
    const std::string name = NameAt(arguments, kTestAt, "test");
    test = FindTest(name);
    if (test == nullptr) throw Error(Format("test `{}` is not supported", name));
  }
  const Arguments rest = Without(arguments, has_test ? kTestAt + 1 : kTestAt);
  std::vector<Value> selected;
  for (const Value& item : runtime.Items(input)) {
    const Value value = by_attribute ? PathOf(item, arguments.positional[0]) : item;
    const bool passes = has_test ? test(runtime, value, rest) : value.Truthy();
    if (passes == wanted) selected.push_back(item);
  }
  return Generator(std::move(selected));
}

// What items are compared by: the item or values in it, in lower case unless that matters.
class SortKey {
 public:
  SortKey(const Value& attribute, bool case_sensitive, bool allows_several)
      : case_sensitive_(case_sensitive) {
    if (attribute.Is(Kind::kNone)) return;
    if (!attribute.IsString() || !allows_several) {
      paths_.push_back(attribute);
      return;
    }
    const std::string& text = attribute.text();
    for (size_t at = 0; at <= text.size();) {
      const size_t comma = std::min(text.find(',', at), text.size());
      paths_.push_back(Value::String(text.substr(at, comma - at)));
      at = comma + 1;
    }
  }

  Value Of(const Value& item) const {
    if (paths_.empty()) return Folded(item);
    if (paths_.size() == 1) return Folded(PathOf(item, paths_[0]));
    std::vector<Value> parts;
    for (const Value& path : paths_) parts.push_back(Folded(PathOf(item, path)));
    return Value::MakeList(std::move(parts));
  }

 private:
  Value Folded(Value value) const {
    if (case_sensitive_ || !value.IsString()) return value;
    return Value::String(ToLower(value.text()));
  }

  std::vector<Value> paths_;
  bool case_sensitive_;
};

struct Keyed {
  Value key;
  Value item;
};

std::vector<Keyed> WithKeys(Runtime& runtime, const Value& input, const SortKey& key) {
  std::vector<Keyed> keyed;
  for (const Value& item : runtime.Items(input)) keyed.push_back({key.Of(item), item});
  return keyed;
}

// Merge sort: stable, and safe whatever the order of values is.
void SortKeyed(Runtime& runtime, std::vector<Keyed>* keyed, bool reverse) {
  std::stable_sort(keyed->begin(), keyed->end(), [&](const Keyed& a, const Keyed& b) {
    runtime.Charge(1);
    return Compare(Operator::kLess, reverse ? b.key : a.key, reverse ? a.key : b.key);
  });
}

Value Sort(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters parameters("sort", arguments, {"reverse", "case_sensitive", "attribute"});
  const SortKey key(parameters.Or(2, Value::None()), parameters.Bool(1, false),
                    /*allows_several=*/true);
  std::vector<Keyed> keyed = WithKeys(runtime, input, key);
  SortKeyed(runtime, &keyed, parameters.Bool(0, false));
  std::vector<Value> sorted;
  for (Keyed& entry : keyed) sorted.push_back(std::move(entry.item));
  return Value::MakeList(std::move(sorted));
}

Value DictSort(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters parameters("dictsort", arguments, {"case_sensitive", "by", "reverse"});
  const std::string by = parameters.Text(1, "key");
  if (by != "key" && by != "value") throw Error("dictsort: by must be key or value");
  if (!input.Is(Kind::kDict)) throw Error(Format("dictsort of '{}'", input.TypeName()));
  const SortKey key(Value::Int(by == "key" ? 0 : 1), parameters.Bool(0, false),
                    /*allows_several=*/false);
  std::vector<Value> pairs;
  for (const auto& [name, value] : input.dict().entries()) {
    pairs.push_back(Value::MakeList({name, value}, List::Flavor::kTuple));
  }
  std::vector<Keyed> keyed = WithKeys(runtime, Value::MakeList(std::move(pairs)), key);
  SortKeyed(runtime, &keyed, parameters.Bool(2, false));
  std::vector<Value> sorted;
  for (Keyed& entry : keyed) sorted.push_back(std::move(entry.item));
  return Value::MakeList(std::move(sorted));
}

Value Unique(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters parameters("unique", arguments, {"case_sensitive", "attribute"});
  const SortKey key(parameters.Or(1, Value::None()), parameters.Bool(0, false),
                    /*allows_several=*/false);
  Dict seen;
  std::vector<Value> unique;
  for (const Value& item : runtime.Items(input)) {
    const Value of_item = key.Of(item);
    if (seen.Find(of_item) != nullptr) continue;
    seen.Set(of_item, Value::None());
    unique.push_back(item);
  }
  return Generator(std::move(unique));
}

// The least (or, reversed, the greatest) item; the first of equal ones.
template <Operator is_better>
Value Extreme(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters parameters("min or max", arguments, {"case_sensitive", "attribute"});
  const SortKey key(parameters.Or(1, Value::None()), parameters.Bool(0, false),
                    /*allows_several=*/false);
  const std::vector<Keyed> keyed = WithKeys(runtime, input, key);
  if (keyed.empty()) return Value::Undefined("No aggregated item, sequence was empty.");
  const Keyed* best = &keyed[0];
  for (const Keyed& entry : keyed) {
    if (Compare(is_better, entry.key, best->key)) best = &entry;
  }
  return best->item;
}

Value Sum(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters parameters("sum", arguments, {"attribute", "start"});
  const Value path = parameters.Or(0, Value::None());
  Value total = parameters.Or(1, Value::Int(0));
  for (const Value& item : runtime.Items(input)) {
    const Value value = path.Is(Kind::kNone) ? item : PathOf(item, path);
    if (total.IsString()) throw Error("sum() can't sum strings");
    total = Arithmetic(Operator::kAdd, total, value, runtime.sizes());
    if (total.Is(Kind::kList)) runtime.Charge(total.list().items.size());
  }
  return total;
}

// Pairs (grouper, list), sorted by the grouper; unpacked in a loop or read as .grouper and .list.
Value GroupBy(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters parameters("groupby", arguments, {"attribute", "default", "case_sensitive"}, 1);
  if (parameters.Has(1)) throw Error("groupby: argument 'default' is not supported");
  const bool case_sensitive = parameters.Bool(2, false);
  const SortKey key(parameters.At(0), case_sensitive, /*allows_several=*/false);
  std::vector<Keyed> keyed = WithKeys(runtime, input, key);
  SortKeyed(runtime, &keyed, /*reverse=*/false);
  std::vector<Value> groups;
  for (size_t begin = 0; begin < keyed.size();) {
    size_t end = begin;
    std::vector<Value> members;
    while (end < keyed.size() && Equal(keyed[end].key, keyed[begin].key)) {
      members.push_back(keyed[end++].item);
    }
    const Value grouper =
        case_sensitive ? keyed[begin].key : PathOf(keyed[begin].item, parameters.At(0));
    groups.push_back(Value::MakeList({grouper, Value::MakeList(std::move(members))},
                                     List::Flavor::kTuple, "group"));
    begin = end;
  }
  return Value::MakeList(std::move(groups));
}

constexpr FilterEntry kFilters[] = {
    {"dictsort", DictSort},
    {"groupby", GroupBy},
    {"map", Map},
    {"max", Extreme<Operator::kGreater>},
    {"min", Extreme<Operator::kLess>},
    {"reject", Select<false, false>},
    {"rejectattr", Select<true, false>},
    {"select", Select<false, true>},
    {"selectattr", Select<true, true>},
    {"sort", Sort},
    {"sum", Sum},
    {"unique", Unique},
};

}  // namespace

std::span<const FilterEntry> SelectionFilters() { return kFilters; }

}  // namespace winnow::model::jinja
