#include "model/jinja/expression_evaluator.h"

#include <utility>

#include "base/format.h"
#include "model/jinja/attributes.h"
#include "model/jinja/error.h"
#include "model/jinja/filters.h"
#include "model/jinja/operators.h"
#include "model/jinja/printing.h"
#include "model/jinja/value_tests.h"

namespace winnow::model::jinja {

using Kind = Value::Kind;

ExpressionEvaluator::Nesting::Nesting(ExpressionEvaluator* evaluator) : evaluator_(evaluator) {
  if (evaluator_->depth_ >= evaluator_->limits().max_depth) {
    throw Error(Format("template nests more than {} deep", evaluator_->limits().max_depth));
  }
  ++evaluator_->depth_;
}

Value ExpressionEvaluator::Evaluate(const Expression& expression, Scope* scope) {
  try {
    const Nesting nesting(this);
    Charge(1);
    return Dispatch(expression, scope);
  } catch (Error& error) {
    if (error.line == 0) error.line = expression.line;
    throw;
  }
}

Value ExpressionEvaluator::Dispatch(const Expression& expression, Scope* scope) {
  const auto operand = [&](size_t index) { return Evaluate(*expression.operands[index], scope); };
  switch (expression.kind) {
    case ExpressionKind::kConstant:
      return expression.value;
    case ExpressionKind::kName:
      return EvaluateName(expression, scope);
    case ExpressionKind::kList:
      return EvaluateItems(expression, List::Flavor::kList, scope);
    case ExpressionKind::kTuple:
      return EvaluateItems(expression, List::Flavor::kTuple, scope);
    case ExpressionKind::kDict:
      return EvaluateDict(expression, scope);
    case ExpressionKind::kAttribute:
      return AttributeOf(operand(0), expression.name);
    case ExpressionKind::kItem: {
      const Value container = operand(0);
      return SubscriptOf(container, operand(1));
    }
    case ExpressionKind::kSlice:
      return EvaluateSlice(expression, scope);
    case ExpressionKind::kCall: {
      const Value callee = operand(0);
      return Call(callee, EvaluateArguments(expression.arguments, scope));
    }
    case ExpressionKind::kFilter: {
      const Value input = operand(0);
      return FindFilter(expression.name)(*this, input,
                                         EvaluateArguments(expression.arguments, scope));
    }
    case ExpressionKind::kTest:
      return EvaluateTest(expression, scope);
    case ExpressionKind::kNot:
      return Value::Bool(!operand(0).Truthy());
    case ExpressionKind::kNegate:
      return Negate(operand(0));
    case ExpressionKind::kPlus: {
      const Value value = operand(0);
      Negate(value);  // refuses what is no number
      return value.Is(Kind::kBool) ? Value::Int(value.integer()) : value;
    }
    case ExpressionKind::kArithmetic: {
      const Value left = operand(0);
      return Charged(Arithmetic(expression.operators[0], left, operand(1), sizes()));
    }
    case ExpressionKind::kComparison:
      return EvaluateComparison(expression, scope);
    case ExpressionKind::kAnd: {
      Value left = operand(0);
      return left.Truthy() ? operand(1) : left;
    }
    case ExpressionKind::kOr: {
      Value left = operand(0);
      return left.Truthy() ? left : operand(1);
    }
    case ExpressionKind::kConcatenate:
      return EvaluateConcatenation(expression, scope);
    case ExpressionKind::kConditional:
      return EvaluateConditional(expression, scope);
  }
  throw Error("unknown expression");
}

Value ExpressionEvaluator::Charged(Value value) {
  if (value.IsString()) Charge(value.text().size() / 64);
  if (value.Is(Kind::kList)) Charge(value.list().items.size());
  return value;
}

Value ExpressionEvaluator::EvaluateName(const Expression& expression, Scope* scope) {
  const Value* found = scope->Find(expression.name);
  if (found != nullptr) return *found;
  for (std::string_view special : {"self", "lipsum", "cycler", "joiner"}) {
    if (expression.name == special) throw Error(Format("`{}` is not supported", special));
  }
  return Value::Undefined(Format("'{}' is undefined", expression.name));
}

Value ExpressionEvaluator::EvaluateItems(const Expression& expression, List::Flavor flavor,
                                         Scope* scope) {
  std::vector<Value> items;
  for (const ExpressionPtr& item : expression.operands) items.push_back(Evaluate(*item, scope));
  return Value::MakeList(std::move(items), flavor);
}

Value ExpressionEvaluator::EvaluateDict(const Expression& expression, Scope* scope) {
  Dict dict;
  for (size_t i = 0; i < expression.operands.size(); i += 2) {
    const Value key = Evaluate(*expression.operands[i], scope);
    dict.Set(key, Evaluate(*expression.operands[i + 1], scope));
  }
  return Value::MakeDict(std::move(dict));
}

Value ExpressionEvaluator::EvaluateSlice(const Expression& expression, Scope* scope) {
  std::vector<Value> parts;
  for (const ExpressionPtr& part : expression.operands) parts.push_back(Evaluate(*part, scope));
  if (parts[0].IsString()) Charge(parts[0].text().size() / 64);
  return Charged(SliceOf(parts[0], parts[1], parts[2], parts[3]));
}

Value ExpressionEvaluator::EvaluateTest(const Expression& expression, Scope* scope) {
  const Value input = Evaluate(*expression.operands[0], scope);
  const Arguments arguments = EvaluateArguments(expression.arguments, scope);
  return Value::Bool(FindTest(expression.name)(*this, input, arguments));
}

// a < b < c holds if a < b and b < c; c is not evaluated if the first fails.
Value ExpressionEvaluator::EvaluateComparison(const Expression& expression, Scope* scope) {
  Value left = Evaluate(*expression.operands[0], scope);
  for (size_t i = 0; i < expression.operators.size(); ++i) {
    Value right = Evaluate(*expression.operands[i + 1], scope);
    const auto cost = [](const Value& value) {
      return value.Is(Kind::kList) ? value.list().items.size()
             : value.IsString()    ? value.text().size() / 64
                                   : 0;
    };
    Charge(cost(left) + cost(right));
    if (!Compare(expression.operators[i], left, right)) return Value::Bool(false);
    left = std::move(right);
  }
  return Value::Bool(true);
}

Value ExpressionEvaluator::EvaluateConcatenation(const Expression& expression, Scope* scope) {
  std::string text;
  for (const ExpressionPtr& part : expression.operands) {
    const Value value = Evaluate(*part, scope);
    if (value.Is(Kind::kMarkup)) throw Error("text of `safe` or `escape` can only be printed");
    text += Str(value);
    if (text.size() > limits().max_output_bytes) throw Error("a text is larger than allowed");
  }
  return MakeText(std::move(text));
}

Value ExpressionEvaluator::EvaluateConditional(const Expression& expression, Scope* scope) {
  if (Evaluate(*expression.operands[1], scope).Truthy()) {
    return Evaluate(*expression.operands[0], scope);
  }
  if (expression.operands.size() > 2) return Evaluate(*expression.operands[2], scope);
  return Value::Undefined(Format(
      "the inline if-expression on line {} evaluated to false and no else section was defined.",
      expression.line));
}

Value ExpressionEvaluator::ApplyFilters(const Expression& filters, Value input, Scope* scope) {
  try {
    if (!filters.operands.empty()) {
      input = ApplyFilters(*filters.operands[0], std::move(input), scope);
    }
    return FindFilter(filters.name)(*this, input, EvaluateArguments(filters.arguments, scope));
  } catch (Error& error) {
    if (error.line == 0) error.line = filters.line;
    throw;
  }
}

Arguments ExpressionEvaluator::EvaluateArguments(const ArgumentExpressions& written, Scope* scope) {
  Arguments arguments;
  for (const ExpressionPtr& value : written.positional) {
    arguments.positional.push_back(Evaluate(*value, scope));
  }
  for (const auto& [name, value] : written.named) {
    arguments.named.emplace_back(name, Evaluate(*value, scope));
  }
  if (written.star != nullptr) {
    for (Value& item : Items(Evaluate(*written.star, scope))) {
      arguments.positional.push_back(std::move(item));
    }
  }
  if (written.double_star != nullptr) {
    const Value named = Evaluate(*written.double_star, scope);
    if (!named.Is(Kind::kDict)) throw Error("argument after ** must be a mapping");
    for (const auto& [name, value] : named.dict().entries()) {
      if (!name.IsString()) throw Error("keywords must be strings");
      arguments.named.emplace_back(name.text(), value);
    }
    Charge(named.dict().size());
  }
  return arguments;
}

}  // namespace winnow::model::jinja
