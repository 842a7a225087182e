#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/jinja/operators.h"
#include "model/jinja/value.h"

namespace winnow::model::jinja {

struct Expression;
struct Statement;
using ExpressionPtr = std::unique_ptr<Expression>;
using StatementPtr = std::unique_ptr<Statement>;
using Body = std::vector<StatementPtr>;

// The arguments of a call, filter or test as written.
struct ArgumentExpressions {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr star;         // *items, after the positional ones
  ExpressionPtr double_star;  // **dict
};

enum class ExpressionKind : uint8_t {
  kConstant,     // value
  kName,         // name
  kList,         // operands
  kTuple,        // operands
  kDict,         // operands: key, value, key, value...
  kAttribute,    // operands[0].name
  kItem,         // operands[0][operands[1]]
  kSlice,        // operands[0][operands[1]:operands[2]:operands[3]]
  kCall,         // operands[0](arguments)
  kFilter,       // operands[0] | name(arguments); operands is empty in a filter block
  kTest,         // operands[0] is name(arguments)
  kNot,          // operands[0]
  kNegate,       // operands[0]
  kPlus,         // operands[0]
  kArithmetic,   // operands[0] operators[0] operands[1]
  kComparison,   // operands[0] operators[0] operands[1] operators[1] operands[2]...
  kAnd,          // operands[0], operands[1]
  kOr,           // operands[0], operands[1]
  kConcatenate,  // operands, joined as texts
  kConditional,  // operands[0] if operands[1] else operands[2], which may be missing
};

struct Expression {
  ExpressionKind kind = ExpressionKind::kConstant;
  int line = 0;
  int depth = 1;  // of the tree below
  std::string name;
  Value value;
  std::vector<ExpressionPtr> operands;
  std::vector<Operator> operators;
  ArgumentExpressions arguments;
};

// What an assignment fills: a name, a field of a namespace, or a tuple of targets.
struct Target {
  std::string name;   // empty for a tuple
  std::string field;  // of a namespace, or empty
  std::vector<Target> parts;
};

// A macro, or the body that {% call %} hands to one.
struct MacroDefinition {
  std::string name;
  std::vector<std::string> parameters;
  std::vector<ExpressionPtr> defaults;  // of the last parameters
  Body body;
  bool uses_varargs = false;  // the body names `varargs`, `kwargs` or `caller`
  bool uses_kwargs = false;
  bool uses_caller = false;
};

enum class StatementKind : uint8_t {
  kText,      // text
  kOutput,    // expression
  kIf,        // branches: condition (null: else) and body
  kFor,       // target, expression (iterated), condition (filter or null), body, otherwise
  kSet,       // target, expression
  kSetBlock,  // target, filter (or null), body
  kMacro,     // macro
  kCall,      // expression (a call), macro (the caller)
  kFilter,    // filter, body
  kWith,      // assignments, body
  kBreak,
  kContinue,
};

struct Statement {
  StatementKind kind = StatementKind::kText;
  int line = 0;
  std::string text;
  Target target;
  ExpressionPtr expression;
  ExpressionPtr condition;
  ExpressionPtr filter;  // innermost operand is missing: it takes the body's text
  std::vector<std::pair<ExpressionPtr, Body>> branches;
  std::vector<std::pair<Target, ExpressionPtr>> assignments;
  Body body;
  Body otherwise;
  std::unique_ptr<MacroDefinition> macro;
};

}  // namespace winnow::model::jinja
