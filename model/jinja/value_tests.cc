#include "model/jinja/value_tests.h"

#include <algorithm>
#include <cmath>

#include "base/format.h"
#include "model/jinja/error.h"
#include "model/jinja/filters.h"
#include "model/jinja/operators.h"
#include "model/jinja/parameters.h"
#include "model/jinja/printing.h"
#include "model/unicode_case.h"

namespace winnow::model::jinja {
namespace {

using Kind = Value::Kind;

void TakesNothing(const Arguments& arguments) { const Parameters none("test", arguments, {}); }

template <Kind kind>
bool IsKind(Runtime&, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  return value.Is(kind);
}

template <Operator op>
bool Compares(Runtime&, const Value& value, const Arguments& arguments) {
  const Parameters parameters("test", arguments, {"other"}, 1);
  return Compare(op, value, parameters.At(0));
}

bool IsDefined(Runtime&, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  return !value.IsUndefined();
}

template <bool wanted>
bool IsBool(Runtime&, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  return value.Is(Kind::kBool) && value.Truthy() == wanted;
}

bool IsText(Runtime&, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  return value.IsString() || value.Is(Kind::kMarkup);
}

bool IsNumber(Runtime&, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  return value.IsNumber();
}

bool IsIterable(Runtime&, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  return value.IsString() || value.Is(Kind::kMarkup) || value.Is(Kind::kList) ||
         value.Is(Kind::kDict) || value.IsUndefined() || value.Is(Kind::kLoop);
}

// Has a length and items by key.
bool IsSequence(Runtime&, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  const bool is_list = value.Is(Kind::kList) && !value.IsList(List::Flavor::kGenerator) &&
                       !value.IsList(List::Flavor::kView);
  return is_list || value.IsString() || value.Is(Kind::kMarkup) || value.Is(Kind::kDict) ||
         value.IsUndefined();
}

template <int rest>
bool HasRest(Runtime& runtime, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  return Equal(Arithmetic(Operator::kModulo, value, Value::Int(2), runtime.sizes()),
               Value::Int(rest));
}

bool IsDivisible(Runtime& runtime, const Value& value, const Arguments& arguments) {
  const Parameters parameters("divisibleby", arguments, {"num"}, 1);
  return Equal(Arithmetic(Operator::kModulo, value, parameters.At(0), runtime.sizes()),
               Value::Int(0));
}

bool IsSame(Runtime&, const Value& value, const Arguments& arguments) {
  const Parameters parameters("sameas", arguments, {"other"}, 1);
  return value.SameAs(parameters.At(0));
}

template <bool (*is)(std::string_view)>
bool HasCase(Runtime&, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  return is(Str(value));
}

bool IsFilterName(Runtime&, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  return value.IsString() && FindFilter(value.text()) != nullptr;
}

bool IsTestName(Runtime&, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  return value.IsString() && FindTest(value.text()) != nullptr;
}

struct Entry {
  std::string_view name;
  ValueTest test;
};

constexpr Entry kTests[] = {
    {"odd", HasRest<1>},
    {"even", HasRest<0>},
    {"divisibleby", IsDivisible},
    {"defined", IsDefined},
    {"undefined", IsKind<Kind::kUndefined>},
    {"none", IsKind<Kind::kNone>},
    {"boolean", IsKind<Kind::kBool>},
    {"false", IsBool<false>},
    {"true", IsBool<true>},
    {"integer", IsKind<Kind::kInt>},
    {"float", IsKind<Kind::kFloat>},
    {"number", IsNumber},
    {"lower", HasCase<IsLowerText>},
    {"upper", HasCase<IsUpperText>},
    {"string", IsText},
    {"mapping", IsKind<Kind::kDict>},
    {"sequence", IsSequence},
    {"iterable", IsIterable},
    {"callable", IsKind<Kind::kCallable>},
    {"sameas", IsSame},
    {"escaped", IsKind<Kind::kMarkup>},
    {"filter", IsFilterName},
    {"test", IsTestName},
    {"in", Compares<Operator::kIn>},
    {"==", Compares<Operator::kEqual>},
    {"eq", Compares<Operator::kEqual>},
    {"equalto", Compares<Operator::kEqual>},
    {"!=", Compares<Operator::kNotEqual>},
    {"ne", Compares<Operator::kNotEqual>},
    {">", Compares<Operator::kGreater>},
    {"gt", Compares<Operator::kGreater>},
    {"greaterthan", Compares<Operator::kGreater>},
    {">=", Compares<Operator::kGreaterEqual>},
    {"ge", Compares<Operator::kGreaterEqual>},
    {"<", Compares<Operator::kLess>},
    {"lt", Compares<Operator::kLess>},
    {"lessthan", Compares<Operator::kLess>},
    {"<=", Compares<Operator::kLessEqual>},
    {"le", Compares<Operator::kLessEqual>},
};

}  // namespace

ValueTest FindTest(std::string_view name) {
  const auto found = std::find_if(std::begin(kTests), std::end(kTests),
                                  [&](const Entry& entry) { return entry.name == name; });
  return found == std::end(kTests) ? nullptr : found->test;
}

}  // namespace winnow::model::jinja
