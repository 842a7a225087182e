#pragma once

#include "model/jinja/ast.h"
#include "model/jinja/runtime.h"
#include "model/jinja/scope.h"
#include "model/jinja/value.h"

namespace winnow::model::jinja {

// A rendering that can evaluate expressions; evaluator.cc adds the statements.
class ExpressionEvaluator : public Runtime {
 public:
  using Runtime::Runtime;

  // Throws Error with the line of the innermost expression at fault.
  Value Evaluate(const Expression& expression, Scope* scope);
  // A block's filters around `input`.
  Value ApplyFilters(const Expression& filters, Value input, Scope* scope);
  Arguments EvaluateArguments(const ArgumentExpressions& written, Scope* scope);

 protected:
  // Held while something nested is evaluated.
  class Nesting {
   public:
    explicit Nesting(ExpressionEvaluator* evaluator);
    ~Nesting() { --evaluator_->depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    ExpressionEvaluator* evaluator_;
  };

 private:
  Value Dispatch(const Expression& expression, Scope* scope);
  Value EvaluateName(const Expression& expression, Scope* scope);
  Value EvaluateItems(const Expression& expression, List::Flavor flavor, Scope* scope);
  Value EvaluateDict(const Expression& expression, Scope* scope);
  Value EvaluateSlice(const Expression& expression, Scope* scope);
  Value EvaluateTest(const Expression& expression, Scope* scope);
  Value EvaluateComparison(const Expression& expression, Scope* scope);
  Value EvaluateConcatenation(const Expression& expression, Scope* scope);
  Value EvaluateConditional(const Expression& expression, Scope* scope);
  // Counts what a new list or text costs.
  Value Charged(Value value);

  int depth_ = 0;
};

}  // namespace winnow::model::jinja
