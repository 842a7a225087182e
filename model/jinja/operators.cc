#include "model/jinja/operators.h"

#include <algorithm>
#include <cmath>

#include "base/format.h"
#include "model/jinja/error.h"
#include "model/jinja/percent_format.h"
#include "model/unicode.h"

namespace winnow::model::jinja {
namespace {

using Kind = Value::Kind;

[[noreturn]] void RefuseOperands(Operator op, const Value& left, const Value& right) {
  throw Error(Format("unsupported operand types for {}: '{}' and '{}'", OperatorSign(op),
                     left.TypeName(), right.TypeName()));
}

[[noreturn]] void RefuseOverflow(Operator op) {
  throw Error(Format("result of {} does not fit 64 bits", OperatorSign(op)));
}

int64_t FloorDivide(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return quotient - static_cast<int64_t>(a % b != 0 && (a < 0) != (b < 0));
}

double FloatModulo(double a, double b) {
  double rest = std::fmod(a, b);
  if (rest != 0 && (rest < 0) != (b < 0)) rest += b;
  return rest != 0 ? rest : std::copysign(0.0, b);
}

Value IntegerPower(int64_t base, int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) throw Error("0.0 cannot be raised to a negative power");
    return Value::Float(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  int64_t result = 1;
  if (base == 0 || base == 1) return Value::Int(exponent == 0 ? 1 : base);
  if (base == -1) return Value::Int(exponent % 2 == 0 ? 1 : -1);
  for (int64_t i = 0; i < exponent; ++i) {  // ends by overflow within 63 rounds
    if (__builtin_mul_overflow(result, base, &result)) RefuseOverflow(Operator::kPower);
  }
  return Value::Int(result);
}

Value IntegerArithmetic(Operator op, int64_t a, int64_t b) {
  int64_t result = 0;
  bool overflow = false;
  switch (op) {
    case Operator::kAdd:
      overflow = __builtin_add_overflow(a, b, &result);
      break;
    case Operator::kSubtract:
      overflow = __builtin_sub_overflow(a, b, &result);
      break;
    case Operator::kMultiply:
      overflow = __builtin_mul_overflow(a, b, &result);
      break;
    case Operator::kPower:
      return IntegerPower(a, b);
    default: {
      if (b == 0) throw Error("division by zero");
      if (op == Operator::kDivide) {
        return Value::Float(static_cast<double>(a) / static_cast<double>(b));
      }
      if (b == -1) {  // the one quotient that may overflow
        overflow = op == Operator::kFloorDivide && __builtin_sub_overflow(int64_t{0}, a, &result);
      } else {
        result = op == Operator::kFloorDivide ? FloorDivide(a, b) : a - FloorDivide(a, b) * b;
      }
      break;
    }
  }
  if (overflow) RefuseOverflow(op);
  return Value::Int(result);
}

Value FloatArithmetic(Operator op, double a, double b) {
  switch (op) {
    case Operator::kAdd:
      return Value::Float(a + b);
    case Operator::kSubtract:
      return Value::Float(a - b);
    case Operator::kMultiply:
      return Value::Float(a * b);
    case Operator::kPower:
      if (a == 0 && b < 0) throw Error("0.0 cannot be raised to a negative power");
      if (a < 0 && b != std::floor(b)) throw Error("complex numbers are not supported");
      return Value::Float(std::pow(a, b));
    default:
      break;
  }
  if (b == 0) throw Error("float division by zero");
  if (op == Operator::kDivide) return Value::Float(a / b);
  const double modulo = FloatModulo(a, b);
  if (op == Operator::kModulo) return Value::Float(modulo);
  return Value::Float(std::nearbyint((a - modulo) / b));
}

void CheckSize(size_t unit, int64_t count, size_t limit) {
  if (count > 0 && unit > limit / static_cast<size_t>(count)) {
    throw Error("a text or list is larger than allowed");
  }
}

Value Repeat(const Value& sequence, int64_t count, const SizeLimits& limits) {
  count = std::max<int64_t>(count, 0);
  if (sequence.IsString()) {
    CheckSize(sequence.text().size(), count, limits.max_bytes);
    std::string text;
    for (int64_t i = 0; i < count && !sequence.text().empty(); ++i) text += sequence.text();
    return Value::String(std::move(text));
  }
  const std::vector<Value>& items = sequence.list().items;
  CheckSize(items.size(), count, limits.max_items);
  std::vector<Value> repeated;
  for (int64_t i = 0; i < count && !items.empty(); ++i) {
    repeated.insert(repeated.end(), items.begin(), items.end());
  }
  return Value::MakeList(std::move(repeated), sequence.list().flavor);
}

bool IsPlainSequence(const Value& value) {
  return value.IsString() || value.IsList(List::Flavor::kList) ||
         value.IsList(List::Flavor::kTuple);
}

Value Concatenate(const Value& left, const Value& right, const SizeLimits& limits) {
  if (left.IsString()) {
    CheckSize(left.text().size() + right.text().size(), 1, limits.max_bytes);
    return Value::String(left.text() + right.text());
  }
  std::vector<Value> items = left.list().items;
  items.insert(items.end(), right.list().items.begin(), right.list().items.end());
  CheckSize(items.size(), 1, limits.max_items);
  return Value::MakeList(std::move(items), left.list().flavor);
}

bool EqualItems(const std::vector<Value>& left, const std::vector<Value>& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), Equal);
}

bool EqualDicts(const Dict& left, const Dict& right) {
  if (left.size() != right.size()) return false;
  for (const auto& [key, value] : left.entries()) {
    const Value* other = right.Find(key);
    if (other == nullptr || !Equal(value, *other)) return false;
  }
  return true;
}

// -1, 0 or 1; nothing for numbers without an order (NaN).
std::optional<int> Order(Operator op, const Value& left, const Value& right) {
  if (left.IsInteger() && right.IsInteger()) {
    return left.integer() < right.integer() ? -1 : left.integer() > right.integer() ? 1 : 0;
  }
  if (left.IsNumber() && right.IsNumber()) {
    const double a = left.number();
    const double b = right.number();
    if (std::isnan(a) || std::isnan(b)) return std::nullopt;
    return a < b ? -1 : a > b ? 1 : 0;
  }
  if (left.IsString() && right.IsString()) {
    const int order = left.text().compare(right.text());  // UTF-8 sorts as code points do
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  const bool both_lists = left.Is(Kind::kList) && right.Is(Kind::kList) && IsPlainSequence(left) &&
                          left.list().flavor == right.list().flavor;
  if (!both_lists) {
    RequireDefined(left);
    RequireDefined(right);
    throw Error(Format("'{}' not supported between instances of '{}' and '{}'", OperatorSign(op),
                       left.TypeName(), right.TypeName()));
  }
  const auto& a = left.list().items;
  const auto& b = right.list().items;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (!Equal(a[i], b[i])) return Order(op, a[i], b[i]);
  }
  return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

// Position of `key` in a sequence of `size`, negative ones from the end.
std::optional<size_t> IndexOf(const Value& key, size_t size) {
  if (!key.IsInteger()) return std::nullopt;
  int64_t index = key.integer();
  if (index < 0) index += static_cast<int64_t>(size);
  if (index < 0 || index >= static_cast<int64_t>(size)) return std::nullopt;
  return static_cast<size_t>(index);
}

// The positions that [start:stop:step] picks (PySlice_AdjustIndices).
std::vector<size_t> SlicePositions(const Value& start, const Value& stop, const Value& step,
                                   size_t size) {
  const auto integer = [](const Value& value, int64_t otherwise) {
    if (value.Is(Kind::kNone)) return otherwise;
    RequireDefined(value);
    if (!value.IsInteger()) throw Error("slice indices must be integers or None");
    return value.integer();
  };
  const auto length = static_cast<int64_t>(size);
  const int64_t stride =
      std::clamp<int64_t>(integer(step, 1), -length - 1, length + 1);  // farther reaches nothing
  if (stride == 0) throw Error("slice step cannot be zero");
  const int64_t lowest = stride < 0 ? -1 : 0;
  const int64_t highest = stride < 0 ? length - 1 : length;
  const auto bound = [&](const Value& value, int64_t otherwise) {
    int64_t at = integer(value, otherwise);
    if (value.Is(Kind::kNone)) return otherwise;
    if (at < 0) at += length;
    return std::clamp(at, lowest, highest);
  };
  const int64_t from = bound(start, stride < 0 ? highest : lowest);
  const int64_t to = bound(stop, stride < 0 ? lowest : highest);
  std::vector<size_t> positions;
  for (int64_t at = from; stride < 0 ? at > to : at < to; at += stride) {
    positions.push_back(static_cast<size_t>(at));
  }
  return positions;
}

}  // namespace

std::string_view OperatorSign(Operator op) {
  constexpr std::string_view kSigns[] = {
      "+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">=", "in", "not in"};
  return kSigns[static_cast<size_t>(op)];
}

void RequireDefined(const Value& value) {
  if (value.IsUndefined()) throw Error(value.text());
}

Value Arithmetic(Operator op, const Value& left, const Value& right, const SizeLimits& limits) {
  RequireDefined(left);
  RequireDefined(right);
  if (left.IsInteger() && right.IsInteger()) {
    return IntegerArithmetic(op, left.integer(), right.integer());
  }
  if (left.IsNumber() && right.IsNumber()) {
    return FloatArithmetic(op, left.number(), right.number());
  }
  if (op == Operator::kModulo && left.IsString()) {
    return Value::String(PercentFormat(left.text(), right, limits.max_bytes));
  }
  if (op == Operator::kMultiply && IsPlainSequence(left) && right.IsInteger()) {
    return Repeat(left, right.integer(), limits);
  }
  if (op == Operator::kMultiply && left.IsInteger() && IsPlainSequence(right)) {
    return Repeat(right, left.integer(), limits);
  }
  const bool same_sequence = IsPlainSequence(left) && IsPlainSequence(right) &&
                             left.kind() == right.kind() &&
                             (left.IsString() || left.list().flavor == right.list().flavor);
  if (op == Operator::kAdd && same_sequence) return Concatenate(left, right, limits);
  RefuseOperands(op, left, right);
}

Value Negate(const Value& value) {
  RequireDefined(value);
  if (value.Is(Kind::kFloat)) return Value::Float(-value.number());
  if (value.IsInteger()) {
    return IntegerArithmetic(Operator::kSubtract, 0, value.integer());
  }
  throw Error(Format("bad operand type for unary -: '{}'", value.TypeName()));
}

bool Equal(const Value& left, const Value& right) {
  if (left.IsInteger() && right.IsInteger()) return left.integer() == right.integer();
  if (left.IsNumber() && right.IsNumber()) return left.number() == right.number();
  const bool texts =
      (left.IsString() || left.Is(Kind::kMarkup)) && (right.IsString() || right.Is(Kind::kMarkup));
  if (texts) return left.text() == right.text();
  if (left.kind() != right.kind()) return false;
  if (left.Is(Kind::kList) && IsPlainSequence(left)) {
    return left.list().flavor == right.list().flavor &&
           EqualItems(left.list().items, right.list().items);
  }
  if (left.IsList(List::Flavor::kRange) && right.IsList(List::Flavor::kRange)) {
    return EqualItems(left.list().items, right.list().items);
  }
  if (left.Is(Kind::kDict)) return EqualDicts(left.dict(), right.dict());
  return left.SameAs(right);
}

bool Compare(Operator op, const Value& left, const Value& right) {
  switch (op) {
    case Operator::kEqual:
      return Equal(left, right);
    case Operator::kNotEqual:
      return !Equal(left, right);
    case Operator::kIn:
      return Contains(right, left);
    case Operator::kNotIn:
      return !Contains(right, left);
    default:
      break;
  }
  const std::optional<int> order = Order(op, left, right);
  if (!order.has_value()) return false;
  switch (op) {
    case Operator::kLess:
      return *order < 0;
    case Operator::kLessEqual:
      return *order <= 0;
    case Operator::kGreater:
      return *order > 0;
    default:
      return *order >= 0;
  }
}

bool Contains(const Value& container, const Value& item) {
  switch (container.kind()) {
    case Kind::kUndefined:
      return false;
    case Kind::kString:
      if (!item.IsString()) {
        RequireDefined(item);
        throw Error(
            Format("'in <string>' requires string as left operand, not {}", item.TypeName()));
      }
      return container.text().find(item.text()) != std::string::npos;
    case Kind::kDict:
      return container.dict().Find(item) != nullptr;
    case Kind::kList: {
      const std::vector<Value> items = Iterate(container);
      return std::any_of(items.begin(), items.end(),
                         [&](const Value& each) { return Equal(each, item); });
    }
    default:
      throw Error(Format("argument of type '{}' is not iterable", container.TypeName()));
  }
}

std::vector<Value> Iterate(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return {};
    case Kind::kString: {
      std::vector<Value> characters;
      const std::string& text = value.text();
      for (size_t at = 0; at < text.size();) {
        const size_t size = DecodeUtf8(text, at).size_bytes;
        characters.push_back(Value::String(text.substr(at, size)));
        at += size;
      }
      return characters;
    }
    case Kind::kDict: {
      std::vector<Value> keys;
      for (const auto& [key, entry] : value.dict().entries()) keys.push_back(key);
      return keys;
    }
    case Kind::kList:
      if (value.list().flavor == List::Flavor::kGenerator) {
        if (value.list().is_consumed) return {};
        value.mutable_list().is_consumed = true;
      }
      return value.list().items;
    default:
      throw Error(Format("'{}' object is not iterable", value.TypeName()));
  }
}

int64_t Length(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return 0;
    case Kind::kString:
    case Kind::kMarkup:
      return static_cast<int64_t>(CountCodePoints(value.text()));
    case Kind::kDict:
      return static_cast<int64_t>(value.dict().size());
    case Kind::kList:
      if (value.list().flavor != List::Flavor::kGenerator) {
        return static_cast<int64_t>(value.list().items.size());
      }
      break;
    default:
      break;
  }
  throw Error(Format("object of type '{}' has no len()", value.TypeName()));
}

Value ItemOf(const Value& value, const Value& key) {
  RequireDefined(value);
  const auto missing = [&] {
    return Value::Undefined(Format("'{} object' has no such item", value.TypeName()));
  };
  switch (value.kind()) {
    case Kind::kDict: {
      if (key.Is(Kind::kList) || key.Is(Kind::kDict) || key.IsUndefined()) return missing();
      const Value* found = value.dict().Find(key);
      if (found != nullptr) return *found;
      if (!key.IsString()) return missing();
      return Value::Undefined(Format("'dict object' has no attribute '{}'", key.text()));
    }
    case Kind::kString: {
      const std::vector<uint32_t> points = CodePointsOf(value.text());
      const std::optional<size_t> index = IndexOf(key, points.size());
      return index.has_value() ? Value::String(Utf8Of({points[*index]})) : missing();
    }
    case Kind::kList: {
      const List& list = value.list();
      if (list.flavor == List::Flavor::kView || list.flavor == List::Flavor::kGenerator) {
        return missing();
      }
      const std::optional<size_t> index = IndexOf(key, list.items.size());
      return index.has_value() ? list.items[*index] : missing();
    }
    default:
      return missing();
  }
}

Value SliceOf(const Value& value, const Value& start, const Value& stop, const Value& step) {
  RequireDefined(value);
  if (value.IsString()) {
    const std::vector<uint32_t> points = CodePointsOf(value.text());
    std::string text;
    for (size_t at : SlicePositions(start, stop, step, points.size())) {
      AppendUtf8(points[at], &text);
    }
    return Value::String(std::move(text));
  }
  if (!IsPlainSequence(value)) {
    throw Error(Format("'{}' object cannot be sliced", value.TypeName()));
  }
  const std::vector<Value>& items = value.list().items;
  std::vector<Value> picked;
  for (size_t at : SlicePositions(start, stop, step, items.size())) picked.push_back(items[at]);
  return Value::MakeList(std::move(picked), value.list().flavor);
}

}  // namespace winnow::model::jinja
