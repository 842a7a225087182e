#include "model/jinja/value.h"

#include <algorithm>
#include <cmath>

#include "base/format.h"
#include "model/jinja/error.h"
#include "model/jinja/loop.h"

namespace winnow::model::jinja {
namespace {

void CheckDepth(int depth) {
  if (depth > Value::kMaxDepth) {
    throw Error(Format("values may be nested at most {} deep", Value::kMaxDepth));
  }
}

}  // namespace

std::string HashText(const Value& key) {
  using Kind = Value::Kind;
  switch (key.kind()) {
    case Kind::kNone:
      return "N";
    case Kind::kBool:
    case Kind::kInt:
      return Format("i{}", key.integer());
    case Kind::kFloat: {
      const double d = key.number();
      const bool is_integer = d == std::floor(d) && std::abs(d) < 9e15;
      return is_integer ? Format("i{}", static_cast<int64_t>(d)) : Format("f{}", d);
    }
    case Kind::kString:
      return "s" + key.text();
    case Kind::kList:
      if (key.IsList(List::Flavor::kTuple)) {
        std::string text = "t";
        for (const Value& item : key.list().items) {
          const std::string part = HashText(item);
          text += Format("{}:", part.size()) + part;
        }
        return text;
      }
      break;
    default:
      break;
  }
  throw Error(Format("unhashable type: '{}'", key.TypeName()));
}

void Dict::Set(const Value& key, Value value) {
  const auto [found, is_new] = index_.emplace(HashText(key), entries_.size());
  depth_ = std::max({depth_, key.Depth() + 1, value.Depth() + 1});
  CheckDepth(depth_);
  if (is_new) {
    entries_.emplace_back(key, std::move(value));
  } else {
    entries_[found->second].second = std::move(value);
  }
}

const Value* Dict::Find(const Value& key) const {
  const auto found = index_.find(HashText(key));
  return found == index_.end() ? nullptr : &entries_[found->second].second;
}

const Value* Dict::Find(std::string_view key) const {
  const auto found = index_.find("s" + std::string(key));
  return found == index_.end() ? nullptr : &entries_[found->second].second;
}

void Dict::Clear() {
  entries_.clear();
  index_.clear();
}

Value Value::Undefined(std::string hint) {
  return Value(Data(std::in_place_index<0>, std::make_shared<const std::string>(std::move(hint))));
}

Value Value::String(std::string text) {
  return Value(Data(std::in_place_index<5>, std::make_shared<const std::string>(std::move(text))));
}

Value Value::Markup(std::string text) {
  return Value(Data(std::in_place_index<6>,
                    std::make_shared<const MarkupText>(MarkupText{std::move(text)})));
}

Value Value::MakeList(std::vector<Value> items, List::Flavor flavor, std::string label) {
  auto list = std::make_shared<List>();
  for (const Value& item : items) list->depth = std::max(list->depth, item.Depth() + 1);
  CheckDepth(list->depth);
  list->items = std::move(items);
  list->flavor = flavor;
  list->label = std::move(label);
  return Value(Data(std::in_place_index<7>, std::move(list)));
}

Value Value::MakeDict(Dict dict) {
  return Value(Data(std::in_place_index<8>, std::make_shared<const Dict>(std::move(dict))));
}

Value Value::MakeCallable(Callable callable) {
  CheckDepth(callable.depth);
  return Value(
      Data(std::in_place_index<10>, std::make_shared<const Callable>(std::move(callable))));
}

Value Value::OfNamespace(std::shared_ptr<Namespace> space) {
  return Value(Data(std::in_place_index<9>, std::move(space)));
}

Value Value::OfLoop(std::shared_ptr<LoopState> loop) {
  return Value(Data(std::in_place_index<11>, std::move(loop)));
}

bool Value::IsList(List::Flavor flavor) const { return Is(Kind::kList) && list().flavor == flavor; }

const std::string& Value::text() const {
  switch (kind()) {
    case Kind::kUndefined:
      return *std::get<0>(data_);
    case Kind::kMarkup:
      return std::get<6>(data_)->text;
    default:
      return *std::get<5>(data_);
  }
}

int64_t Value::integer() const {
  return Is(Kind::kBool) ? static_cast<int64_t>(std::get<2>(data_)) : std::get<3>(data_);
}

double Value::number() const {
  return Is(Kind::kFloat) ? std::get<4>(data_) : static_cast<double>(integer());
}

std::string Value::TypeName() const {
  switch (kind()) {
    case Kind::kUndefined:
      return "Undefined";
    case Kind::kNone:
      return "NoneType";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kString:
      return "str";
    case Kind::kMarkup:
      return "Markup";
    case Kind::kDict:
      return "dict";
    case Kind::kNamespace:
      return "Namespace";
    case Kind::kCallable:
      return "function";
    case Kind::kLoop:
      return "LoopContext";
    case Kind::kList:
      break;
  }
  switch (list().flavor) {
    case List::Flavor::kList:
      return "list";
    case List::Flavor::kTuple:
      return "tuple";
    case List::Flavor::kRange:
      return "range";
    case List::Flavor::kView:
      return "dict view";
    case List::Flavor::kGenerator:
      return "generator";
  }
  return "";
}

int Value::Depth() const {
  switch (kind()) {
    case Kind::kList:
      return list().depth;
    case Kind::kDict:
      return dict().depth();
    case Kind::kNamespace:
      return space().fields.depth();
    case Kind::kCallable:
      return callable().depth;
    case Kind::kLoop:
      return loop()->depth();
    default:
      return 0;
  }
}

bool Value::Truthy() const {
  switch (kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBool:
    case Kind::kInt:
      return integer() != 0;
    case Kind::kFloat:
      return number() != 0;
    case Kind::kString:
    case Kind::kMarkup:
      return !text().empty();
    case Kind::kList:
      return list().flavor == List::Flavor::kGenerator || !list().items.empty();
    case Kind::kDict:
      return dict().size() > 0;
    default:
      return true;
  }
}

bool Value::SameAs(const Value& other) const {
  if (kind() != other.kind()) return false;
  switch (kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return true;
    case Kind::kString:
    case Kind::kMarkup:
      return text() == other.text();
    default:
      return data_ == other.data_;
  }
}

}  // namespace winnow::model::jinja
