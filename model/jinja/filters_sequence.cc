// first, last, length, list, join, reverse, batch, slice and other filters over items.
#include <algorithm>
#include <string>
#include <utility>

#include "base/format.h"
#include "model/jinja/attributes.h"
#include "model/jinja/error.h"
#include "model/jinja/filters.h"
#include "model/jinja/operators.h"
#include "model/jinja/parameters.h"
#include "model/jinja/printing.h"
#include "model/unicode.h"

namespace winnow::model::jinja {
namespace {

using Kind = Value::Kind;

Value Generator(std::vector<Value> items) {
  return Value::MakeList(std::move(items), List::Flavor::kGenerator);
}

Value CountItems(Runtime&, const Value& input, const Arguments& arguments) {
  const Parameters none("length", arguments, {});
  return Value::Int(Length(input));
}

Value First(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters none("first", arguments, {});
  const std::vector<Value> items = runtime.Items(input);
  if (items.empty()) return Value::Undefined("No first item, sequence was empty.");
  return items.front();
}

Value Last(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters none("last", arguments, {});
  if (input.IsList(List::Flavor::kGenerator)) throw Error("'generator' object is not reversible");
  const std::vector<Value> items = runtime.Items(input);
  if (items.empty()) return Value::Undefined("No last item, sequence was empty.");
  return items.back();
}

Value ListItems(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters none("list", arguments, {});
  return Value::MakeList(runtime.Items(input));
}

Value Items(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters none("items", arguments, {});
  if (input.IsUndefined()) return Generator({});
  if (!input.Is(Kind::kDict)) throw Error("Can only get item pairs from a mapping.");
  runtime.Charge(input.dict().size());
  std::vector<Value> pairs;
  for (const auto& [key, value] : input.dict().entries()) {
    pairs.push_back(Value::MakeList({key, value}, List::Flavor::kTuple));
  }
  return Generator(std::move(pairs));
}

Value Join(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters parameters("join", arguments, {"d", "attribute"});
  const std::string between = Str(parameters.Or(0, Value::String("")));
  const Value path = parameters.Or(1, Value::None());
  std::string joined;
  bool is_first = true;
  for (const Value& item : runtime.Items(input)) {
    if (!is_first) joined += between;
    is_first = false;
    joined += Str(path.Is(Kind::kNone) ? item : PathOf(item, path));
    if (joined.size() > runtime.sizes().max_bytes) throw Error("a text is larger than allowed");
  }
  return runtime.MakeText(std::move(joined));
}

Value Reverse(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters none("reverse", arguments, {});
  if (input.IsString()) {
    std::vector<uint32_t> points = CodePointsOf(input.text());
    std::reverse(points.begin(), points.end());
    return runtime.MakeText(Utf8Of(points));
  }
  std::vector<Value> items = runtime.Items(input);
  std::reverse(items.begin(), items.end());
  return Generator(std::move(items));
}

// Rows of `linecount` items; the last is filled up with `fill_with`, if given.
Value Batch(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters parameters("batch", arguments, {"linecount", "fill_with"}, 1);
  const int64_t size = parameters.Integer(0, 1);
  const Value fill = parameters.Or(1, Value::None());
  if (size < 1 || size > 1'000'000) throw Error("batch: linecount must be in 1..1000000");
  std::vector<Value> rows;
  std::vector<Value> row;
  for (const Value& item : runtime.Items(input)) {
    if (row.size() == static_cast<size_t>(size)) {
      rows.push_back(Value::MakeList(std::exchange(row, {})));
    }
    row.push_back(item);
  }
  if (!row.empty()) {
    if (!fill.Is(Kind::kNone)) {
      runtime.Charge(static_cast<size_t>(size));
      row.resize(static_cast<size_t>(size), fill);
    }
    rows.push_back(Value::MakeList(std::move(row)));
  }
  return Generator(std::move(rows));
}

// `slices` columns of nearly equal length; short ones are filled up with `fill_with`, if given.
Value Slice(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Parameters parameters("slice", arguments, {"slices", "fill_with"}, 1);
  const int64_t count = parameters.Integer(0, 1);
  const Value fill = parameters.Or(1, Value::None());
  if (count < 1 || count > 1'000'000) throw Error("slice: slices must be in 1..1000000");
  const std::vector<Value> items = runtime.Items(input);
  runtime.Charge(static_cast<size_t>(count));
  const auto total = static_cast<int64_t>(items.size());
  std::vector<Value> columns;
  auto next = items.begin();
  for (int64_t i = 0; i < count; ++i) {
    const int64_t size = total / count + static_cast<int64_t>(i < total % count);
    std::vector<Value> column(next, next + size);
    next += size;
    if (!fill.Is(Kind::kNone) && i >= total % count) column.push_back(fill);
    columns.push_back(Value::MakeList(std::move(column)));
  }
  return Generator(std::move(columns));
}

Value Attribute(Runtime&, const Value& input, const Arguments& arguments) {
  const Parameters parameters("attr", arguments, {"name"}, 1);
  if (input.Is(Kind::kDict)) throw Error("attr of a dict is not supported: use its key");
  return AttributeOf(input, parameters.Text(0, ""));
}

constexpr FilterEntry kFilters[] = {
    {"attr", Attribute}, {"batch", Batch},     {"count", CountItems}, {"first", First},
    {"items", Items},    {"join", Join},       {"last", Last},        {"length", CountItems},
    {"list", ListItems}, {"reverse", Reverse}, {"slice", Slice},
};

}  // namespace

std::span<const FilterEntry> SequenceFilters() { return kFilters; }

}  // namespace winnow::model::jinja
