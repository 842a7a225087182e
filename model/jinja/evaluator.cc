#include "model/jinja/evaluator.h"

#include <memory>
#include <optional>
#include <utility>

#include "base/format.h"
#include "model/jinja/error.h"
#include "model/jinja/expression_evaluator.h"
#include "model/jinja/globals.h"
#include "model/jinja/loop.h"
#include "model/jinja/printing.h"
#include "model/jinja/scope.h"

namespace winnow::model::jinja {
namespace {

// How a statement ended.
enum class Flow : uint8_t { kNormal, kBreak, kContinue };

// Runs statements; one rendering.
class Evaluator : public ExpressionEvaluator {
 public:
  using ExpressionEvaluator::ExpressionEvaluator;

  ~Evaluator() {
    // Values of kept scopes may hold macros that point to them: no value may run from here on.
    for (const auto& scope : kept_) scope->Clear();
  }

  std::string Run(const Body& body, const std::vector<std::pair<std::string, Value>>& variables) {
    Scope globals(nullptr);
    AddGlobals(&globals);
    Scope context(&globals);
    for (const auto& [name, value] : variables) context.Set(name, value);
    Scope top(&context);
    std::string text;
    Execute(body, &top, &text);
    top.Clear();
    return text;
  }

 private:
  // A scope inside of another, which outlives the block if a macro was made in it.
  class InnerScope {
   public:
    InnerScope(Evaluator* evaluator, Scope* parent)
        : evaluator_(evaluator), scope_(std::make_unique<Scope>(parent)) {}
    ~InnerScope() {
      if (scope_->is_kept()) evaluator_->kept_.push_back(std::move(scope_));
    }
    InnerScope(const InnerScope&) = delete;
    InnerScope& operator=(const InnerScope&) = delete;
    Scope* get() { return scope_.get(); }

   private:
    Evaluator* evaluator_;
    std::unique_ptr<Scope> scope_;
  };

  Flow Execute(const Body& body, Scope* scope, std::string* out) {
    for (const StatementPtr& statement : body) {
      const Flow flow = Execute(*statement, scope, out);
      if (flow != Flow::kNormal) return flow;
    }
    return Flow::kNormal;
  }

  Flow Execute(const Statement& statement, Scope* scope, std::string* out) {
    try {
      const Nesting nesting(this);
      Charge(1);
      return Dispatch(statement, scope, out);
    } catch (Error& error) {
      if (error.line == 0) error.line = statement.line;
      throw;
    }
  }

  Flow Dispatch(const Statement& statement, Scope* scope, std::string* out) {
    switch (statement.kind) {
      case StatementKind::kText:
        Print(statement.text, out);
        return Flow::kNormal;
      case StatementKind::kOutput:
        Print(Str(Evaluate(*statement.expression, scope)), out);
        return Flow::kNormal;
      case StatementKind::kIf:
        return ExecuteIf(statement, scope, out);
      case StatementKind::kFor:
        ExecuteFor(statement, scope, out);
        return Flow::kNormal;
      case StatementKind::kSet:
        Assign(statement.target, Evaluate(*statement.expression, scope), scope);
        return Flow::kNormal;
      case StatementKind::kSetBlock: {
        Value text = Value::String(Capture(statement.body, scope));
        if (statement.filter != nullptr) {
          text = ApplyFilters(*statement.filter, std::move(text), scope);
        }
        Assign(statement.target, std::move(text), scope);
        return Flow::kNormal;
      }
      case StatementKind::kMacro:
        scope->Set(statement.macro->name, MakeMacro(*statement.macro, scope));
        return Flow::kNormal;
      case StatementKind::kCall:
        ExecuteCall(statement, scope, out);
        return Flow::kNormal;
      case StatementKind::kFilter: {
        Value text = Value::String(Capture(statement.body, scope));
        Print(Str(ApplyFilters(*statement.filter, std::move(text), scope)), out);
        return Flow::kNormal;
      }
      case StatementKind::kWith:
        return ExecuteWith(statement, scope, out);
      case StatementKind::kBreak:
        return Flow::kBreak;
      case StatementKind::kContinue:
        return Flow::kContinue;
    }
    throw Error("unknown statement");
  }

  void Print(const std::string& text, std::string* out) {
    Charge(text.size() / 64);
    if (text.size() > limits().max_output_bytes - out->size()) {
      throw Error(Format("template renders to more than {} bytes", limits().max_output_bytes));
    }
    *out += text;
  }

  std::string Capture(const Body& body, Scope* scope) {
    InnerScope inner(this, scope);
    std::string text;
    Execute(body, inner.get(), &text);
    return text;
  }

  Flow ExecuteIf(const Statement& statement, Scope* scope, std::string* out) {
    for (const auto& [condition, body] : statement.branches) {
      if (condition == nullptr || Evaluate(*condition, scope).Truthy()) {
        return Execute(body, scope, out);
      }
    }
    return Flow::kNormal;
  }

  void ExecuteFor(const Statement& statement, Scope* scope, std::string* out) {
    std::function<bool(const Value&)> keep;
    if (statement.condition != nullptr) {
      keep = [this, &statement, scope](const Value& item) {
        InnerScope inner(this, scope);
        Assign(statement.target, item, inner.get());
        return Evaluate(*statement.condition, inner.get()).Truthy();
      };
    }
    const auto loop =
        std::make_shared<LoopState>(Items(Evaluate(*statement.expression, scope)), std::move(keep));
    const Closer closer{loop.get()};
    bool is_empty = true;
    while (std::optional<Value> item = loop->Next()) {
      Charge(1);
      is_empty = false;
      InnerScope inner(this, scope);
      inner.get()->Set("loop", Value::OfLoop(loop));
      Assign(statement.target, std::move(*item), inner.get());
      if (Execute(statement.body, inner.get(), out) == Flow::kBreak) break;
    }
    if (is_empty) {
      InnerScope inner(this, scope);
      Execute(statement.otherwise, inner.get(), out);
    }
  }

  // Ends a loop, however it is left: its filter refers to the stack.
  struct Closer {
    LoopState* loop;
    ~Closer() { loop->Close(); }
  };

  Flow ExecuteWith(const Statement& statement, Scope* scope, std::string* out) {
    InnerScope inner(this, scope);
    for (const auto& [target, expression] : statement.assignments) {
      Assign(target, Evaluate(*expression, scope), inner.get());
    }
    return Execute(statement.body, inner.get(), out);
  }

  void Assign(const Target& target, Value value, Scope* scope) {
    if (!target.field.empty()) {
      const Value* space = scope->Find(target.name);
      if (space == nullptr || !space->Is(Value::Kind::kNamespace)) {
        throw Error(Format("cannot assign attribute on non-namespace object `{}`", target.name));
      }
      const Value held = *space;
      held.space().fields.Set(Value::String(target.field), std::move(value));
      return;
    }
    if (target.parts.empty()) {
      scope->Set(target.name, std::move(value));
      return;
    }
    RequireDefined(value);
    std::vector<Value> items = Items(value);
    if (items.size() != target.parts.size()) {
      throw Error(
          Format("expected {} values to unpack, found {}", target.parts.size(), items.size()));
    }
    for (size_t i = 0; i < items.size(); ++i) {
      Assign(target.parts[i], std::move(items[i]), scope);
    }
  }

  Value MakeMacro(const MacroDefinition& macro, Scope* scope) {
    scope->Keep();
    return Value::MakeCallable({macro.name,
                                [this, &macro, scope](Runtime&, const Arguments& arguments) {
                                  return CallMacro(macro, scope, arguments);
                                },
                                1});
  }

  Value CallMacro(const MacroDefinition& macro, Scope* closure, const Arguments& arguments) {
    InnerScope inner(this, closure);
    BindParameters(macro, arguments, inner.get());
    std::string text;
    Execute(macro.body, inner.get(), &text);
    return MakeText(std::move(text));
  }

  void BindParameters(const MacroDefinition& macro, const Arguments& arguments, Scope* scope) {
    const size_t count = macro.parameters.size();
    std::vector<std::optional<Value>> bound(count);
    std::vector<Value> more;
    for (size_t i = 0; i < arguments.positional.size(); ++i) {
      if (i < count) {
        bound[i] = arguments.positional[i];
      } else {
        more.push_back(arguments.positional[i]);
      }
    }
    if (!more.empty() && !macro.uses_varargs) {
      throw Error(Format("macro '{}' takes not more than {} argument(s)", macro.name, count));
    }
    Dict others;
    std::optional<Value> caller;
    for (const auto& [name, value] : arguments.named) {
      BindNamed(macro, name, value, &bound, &others, &caller);
    }
    if (macro.uses_varargs) {
      scope->Set("varargs", Value::MakeList(std::move(more), List::Flavor::kTuple));
    }
    if (macro.uses_kwargs) scope->Set("kwargs", Value::MakeDict(std::move(others)));
    if (macro.uses_caller) {
      scope->Set("caller", caller.value_or(Value::Undefined("No caller defined")));
    }
    const size_t first_default = count - macro.defaults.size();
    for (size_t i = 0; i < count; ++i) {  // a default may use the parameters before it
      if (!bound[i].has_value()) {
        bound[i] =
            i >= first_default
                ? Evaluate(*macro.defaults[i - first_default], scope)
                : Value::Undefined(Format("parameter '{}' was not provided", macro.parameters[i]));
      }
      scope->Set(macro.parameters[i], *bound[i]);
    }
  }

  static void BindNamed(const MacroDefinition& macro, const std::string& name, const Value& value,
                        std::vector<std::optional<Value>>* bound, Dict* others,
                        std::optional<Value>* caller) {
    for (size_t i = 0; i < macro.parameters.size(); ++i) {
      if (macro.parameters[i] != name) continue;
      if ((*bound)[i].has_value()) {
        throw Error(Format("macro '{}' got argument '{}' twice", macro.name, name));
      }
      (*bound)[i] = value;
      return;
    }
    if (name == "caller" && macro.uses_caller) {
      *caller = value;
    } else if (macro.uses_kwargs) {
      others->Set(Value::String(name), value);
    } else {
      throw Error(Format("macro '{}' takes no keyword argument '{}'", macro.name, name));
    }
  }

  // {% call(x) macro(...) %}body{% endcall %}: the macro gets the body as `caller`.
  void ExecuteCall(const Statement& statement, Scope* scope, std::string* out) {
    const Expression& call = *statement.expression;
    const Value callee = Evaluate(*call.operands[0], scope);
    Arguments arguments = EvaluateArguments(call.arguments, scope);
    arguments.named.emplace_back("caller", MakeMacro(*statement.macro, scope));
    Print(Str(Call(callee, arguments)), out);
  }

  std::vector<std::unique_ptr<Scope>> kept_;
};

}  // namespace

std::string Render(const Body& body, const std::vector<std::pair<std::string, Value>>& variables,
                   const RenderLimits& limits, int64_t now_unix) {
  return Evaluator(limits, now_unix).Run(body, variables);
}

}  // namespace winnow::model::jinja
