#include "model/jinja/expression_parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "base/format.h"
#include "model/jinja/error.h"
#include "model/jinja/filters.h"
#include "model/jinja/value_tests.h"

namespace winnow::model::jinja {
namespace {

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream* tokens) : tokens_(*tokens) {}

  ExpressionPtr Conditional() {
    const TokenStream::Nesting nesting(&tokens_);
    ExpressionPtr result = Or();
    while (tokens_.IsName("if")) {
      ExpressionPtr made = Make(ExpressionKind::kConditional, std::move(result));
      tokens_.Next();
      Add(made.get(), Or());
      if (tokens_.SkipName("else")) Add(made.get(), Conditional());
      result = std::move(made);
    }
    return result;
  }

  ExpressionPtr Or() {
    ExpressionPtr left = And();
    while (tokens_.IsName("or"))
      left = Binary(ExpressionKind::kOr, std::move(left), [this] { return And(); });
    return left;
  }

  ExpressionPtr Tuple(bool with_conditional) {
    const auto item = [&] { return with_conditional ? Conditional() : Or(); };
    ExpressionPtr first = item();
    if (!tokens_.IsOperator(",")) return first;
    ExpressionPtr tuple = Make(ExpressionKind::kTuple, std::move(first));
    while (tokens_.SkipOperator(",")) {
      if (AtTupleEnd()) break;
      Add(tuple.get(), item());
    }
    return tuple;
  }

  ExpressionPtr BlockFilters() {
    ExpressionPtr result = Filter(nullptr);
    while (tokens_.IsOperator("|")) {
      tokens_.Next();
      result = Filter(std::move(result));
    }
    return result;
  }

  ExpressionPtr Unary(bool with_filters) {
    const TokenStream::Nesting nesting(&tokens_);
    ExpressionPtr result;
    if (tokens_.IsOperator("-") || tokens_.IsOperator("+")) {
      result = Make(tokens_.IsOperator("-") ? ExpressionKind::kNegate : ExpressionKind::kPlus);
      tokens_.Next();
      Add(result.get(), Unary(/*with_filters=*/false));
    } else {
      result = Primary();
    }
    result = Postfix(std::move(result));
    return with_filters ? FiltersAndTests(std::move(result)) : std::move(result);
  }

 private:
  ExpressionPtr Make(ExpressionKind kind, ExpressionPtr operand = nullptr) {
    auto made = std::make_unique<Expression>();
    made->kind = kind;
    made->line = tokens_.line();
    if (operand != nullptr) {
      made->line = operand->line;
      Add(made.get(), std::move(operand));
    }
    return made;
  }

  ExpressionPtr Constant(Value value) {
    ExpressionPtr made = Make(ExpressionKind::kConstant);
    made->value = std::move(value);
    return made;
  }

  // Hangs `operand` under `node`. Trees are evaluated and destroyed by recursion, so their depth is
  // bounded; `a + b + c + ...` is as deep as it is long.
  void Add(Expression* node, ExpressionPtr operand) {
    Deepen(node, *operand);
    node->operands.push_back(std::move(operand));
  }

  void Deepen(Expression* node, const Expression& below) {
    constexpr int kMaxDepth = 500;
    node->depth = std::max(node->depth, below.depth + 1);
    if (node->depth > kMaxDepth) {
      tokens_.Fail(Format("an expression may be at most {} deep", kMaxDepth));
    }
  }

  // The current token is the operator between.
  template <typename Parse>
  ExpressionPtr Binary(ExpressionKind kind, ExpressionPtr left, const Parse& right) {
    ExpressionPtr made = Make(kind, std::move(left));
    tokens_.Next();
    Add(made.get(), right());
    return made;
  }

  bool AtTupleEnd() const {
    return tokens_.IsKind(TokenKind::kVariableEnd) || tokens_.IsKind(TokenKind::kBlockEnd) ||
           tokens_.IsOperator(")");
  }

  ExpressionPtr And() {
    ExpressionPtr left = Not();
    while (tokens_.IsName("and"))
      left = Binary(ExpressionKind::kAnd, std::move(left), [this] { return Not(); });
    return left;
  }

  ExpressionPtr Not() {
    if (!tokens_.IsName("not")) return Comparison();
    const TokenStream::Nesting nesting(&tokens_);
    ExpressionPtr made = Make(ExpressionKind::kNot);
    tokens_.Next();
    Add(made.get(), Not());
    return made;
  }

  // The comparing operator at the cursor, taken; false if there is none.
  bool TakeComparison(Operator* op) {
    constexpr std::array<std::pair<std::string_view, Operator>, 6> kOperators = {
        {{"==", Operator::kEqual},
         {"!=", Operator::kNotEqual},
         {"<", Operator::kLess},
         {"<=", Operator::kLessEqual},
         {">", Operator::kGreater},
         {">=", Operator::kGreaterEqual}}};
    for (const auto& [sign, known] : kOperators) {
      if (tokens_.SkipOperator(sign)) {
        *op = known;
        return true;
      }
    }
    if (tokens_.SkipName("in")) {
      *op = Operator::kIn;
      return true;
    }
    const bool not_in = tokens_.IsName("not") && tokens_.Ahead().kind == TokenKind::kName &&
                        tokens_.Ahead().text == "in";
    if (!not_in) return false;
    tokens_.Next();
    tokens_.Next();
    *op = Operator::kNotIn;
    return true;
  }

  ExpressionPtr Comparison() {
    ExpressionPtr left = Sum();
    ExpressionPtr made;
    Operator op{};
    while (TakeComparison(&op)) {
      if (made == nullptr) made = Make(ExpressionKind::kComparison, std::move(left));
      made->operators.push_back(op);
      Add(made.get(), Sum());
    }
    return made != nullptr ? std::move(made) : std::move(left);
  }

  ExpressionPtr Sum() {
    ExpressionPtr left = Concatenation();
    for (;;) {
      Operator op{};
      if (tokens_.IsOperator("+")) {
        op = Operator::kAdd;
      } else if (tokens_.IsOperator("-")) {
        op = Operator::kSubtract;
      } else {
        return left;
      }
      left =
          Binary(ExpressionKind::kArithmetic, std::move(left), [this] { return Concatenation(); });
      left->operators.push_back(op);
    }
  }

  ExpressionPtr Concatenation() {
    ExpressionPtr first = Product();
    if (!tokens_.IsOperator("~")) return first;
    ExpressionPtr made = Make(ExpressionKind::kConcatenate, std::move(first));
    while (tokens_.SkipOperator("~")) Add(made.get(), Product());
    return made;
  }

  ExpressionPtr Product() {
    ExpressionPtr left = Power();
    for (;;) {
      Operator op{};
      if (tokens_.IsOperator("*")) {
        op = Operator::kMultiply;
      } else if (tokens_.IsOperator("/")) {
        op = Operator::kDivide;
      } else if (tokens_.IsOperator("//")) {
        op = Operator::kFloorDivide;
      } else if (tokens_.IsOperator("%")) {
        op = Operator::kModulo;
      } else {
        return left;
      }
      left = Binary(ExpressionKind::kArithmetic, std::move(left), [this] { return Power(); });
      left->operators.push_back(op);
    }
  }

  ExpressionPtr Power() {
    ExpressionPtr left = Unary(/*with_filters=*/true);
    while (tokens_.IsOperator("**")) {
      left = Binary(ExpressionKind::kArithmetic, std::move(left),
                    [this] { return Unary(/*with_filters=*/true); });
      left->operators.push_back(Operator::kPower);
    }
    return left;
  }

  ExpressionPtr Primary() {
    switch (tokens_.Current().kind) {
      case TokenKind::kName:
        return Name();
      case TokenKind::kString: {
        ExpressionPtr made = Constant(Value::None());
        std::string text;
        while (tokens_.IsKind(TokenKind::kString)) text += tokens_.Next().text;
        made->value = Value::String(std::move(text));
        return made;
      }
      case TokenKind::kInteger: {
        ExpressionPtr made = Constant(Value::Int(TakeInteger()));
        return made;
      }
      case TokenKind::kFloat: {
        ExpressionPtr made = Constant(Value::Float(0));
        made->value = Value::Float(std::strtod(tokens_.Next().text.c_str(), nullptr));
        return made;
      }
      default:
        break;
    }
    if (tokens_.IsOperator("(")) return Parenthesised();
    if (tokens_.IsOperator("[")) return ListLiteral();
    if (tokens_.IsOperator("{")) return DictLiteral();
    tokens_.FailExpected("an expression");
  }

  int64_t TakeInteger() {
    const std::string digits = tokens_.Current().text;
    int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) {
      tokens_.Fail(Format("integer does not fit 64 bits: {}", digits));
    }
    tokens_.Next();
    return value;
  }

  ExpressionPtr Name() {
    const std::string& word = tokens_.Current().text;
    ExpressionPtr made;
    if (word == "true" || word == "True") {
      made = Constant(Value::Bool(true));
    } else if (word == "false" || word == "False") {
      made = Constant(Value::Bool(false));
    } else if (word == "none" || word == "None") {
      made = Constant(Value::None());
    } else {
      made = Make(ExpressionKind::kName);
      made->name = word;
    }
    tokens_.Next();
    return made;
  }

  ExpressionPtr Parenthesised() {
    ExpressionPtr empty = Make(ExpressionKind::kTuple);
    tokens_.ExpectOperator("(");
    if (tokens_.SkipOperator(")")) return empty;
    ExpressionPtr inside = Tuple(/*with_conditional=*/true);
    tokens_.ExpectOperator(")");
    return inside;
  }

  ExpressionPtr ListLiteral() {
    ExpressionPtr list = Make(ExpressionKind::kList);
    tokens_.ExpectOperator("[");
    while (!tokens_.SkipOperator("]")) {
      if (!list->operands.empty()) {
        tokens_.ExpectOperator(",");
        if (tokens_.SkipOperator("]")) break;
      }
      Add(list.get(), Conditional());
    }
    return list;
  }

  ExpressionPtr DictLiteral() {
    ExpressionPtr dict = Make(ExpressionKind::kDict);
    tokens_.ExpectOperator("{");
    while (!tokens_.SkipOperator("}")) {
      if (!dict->operands.empty()) {
        tokens_.ExpectOperator(",");
        if (tokens_.SkipOperator("}")) break;
      }
      Add(dict.get(), Conditional());
      tokens_.ExpectOperator(":");
      Add(dict.get(), Conditional());
    }
    return dict;
  }

  ExpressionPtr Postfix(ExpressionPtr node) {
    for (;;) {
      if (tokens_.IsOperator(".")) {
        node = Dot(std::move(node));
      } else if (tokens_.IsOperator("[")) {
        node = Subscript(std::move(node));
      } else if (tokens_.IsOperator("(")) {
        node = Call(std::move(node));
      } else {
        return node;
      }
    }
  }

  ExpressionPtr Dot(ExpressionPtr node) {
    tokens_.ExpectOperator(".");
    if (tokens_.IsKind(TokenKind::kInteger)) {
      ExpressionPtr made = Make(ExpressionKind::kItem, std::move(node));
      Add(made.get(), Constant(Value::Int(TakeInteger())));
      return made;
    }
    ExpressionPtr made = Make(ExpressionKind::kAttribute, std::move(node));
    made->line = tokens_.line();
    made->name = tokens_.ExpectName();
    return made;
  }

  ExpressionPtr Subscript(ExpressionPtr node) {
    tokens_.ExpectOperator("[");
    ExpressionPtr made = Make(ExpressionKind::kItem, std::move(node));
    std::vector<ExpressionPtr> bounds;  // null where left out
    bounds.push_back(SliceBound());
    while (tokens_.SkipOperator(":")) bounds.push_back(SliceBound());
    if (tokens_.IsOperator(",")) tokens_.Fail("several subscripts are not supported");
    if (bounds.size() > 3) tokens_.Fail("a slice has at most three parts");
    tokens_.ExpectOperator("]");
    if (bounds.size() == 1) {
      if (bounds[0] == nullptr) tokens_.Fail("expected a subscript");
      Add(made.get(), std::move(bounds[0]));
      return made;
    }
    made->kind = ExpressionKind::kSlice;
    bounds.resize(3);
    for (ExpressionPtr& bound : bounds) {
      Add(made.get(), bound != nullptr ? std::move(bound) : Constant(Value::None()));
    }
    return made;
  }

  ExpressionPtr SliceBound() {
    if (tokens_.IsOperator(":") || tokens_.IsOperator("]")) return nullptr;
    return Conditional();
  }

  ExpressionPtr Call(ExpressionPtr node) {
    ExpressionPtr made = Make(ExpressionKind::kCall, std::move(node));
    TakeArguments(made.get());
    return made;
  }

  void TakeArguments(Expression* node) {
    node->arguments = CallArguments();
    const ArgumentExpressions& taken = node->arguments;
    for (const ExpressionPtr& value : taken.positional) Deepen(node, *value);
    for (const auto& [name, value] : taken.named) Deepen(node, *value);
    if (taken.star != nullptr) Deepen(node, *taken.star);
    if (taken.double_star != nullptr) Deepen(node, *taken.double_star);
  }

  ArgumentExpressions CallArguments() {
    const TokenStream::Nesting nesting(&tokens_);
    ArgumentExpressions made;
    tokens_.ExpectOperator("(");
    bool is_first = true;
    while (!tokens_.SkipOperator(")")) {
      if (!is_first) {
        tokens_.ExpectOperator(",");
        if (tokens_.SkipOperator(")")) break;
      }
      is_first = false;
      OneArgument(&made);
    }
    return made;
  }

  void OneArgument(ArgumentExpressions* made) {
    const bool is_named = tokens_.IsKind(TokenKind::kName) &&
                          tokens_.Ahead().kind == TokenKind::kOperator &&
                          tokens_.Ahead().text == "=";
    if (tokens_.SkipOperator("**")) {
      if (made->double_star != nullptr) tokens_.Fail("a call has at most one `**`");
      made->double_star = Conditional();
    } else if (tokens_.SkipOperator("*")) {
      if (made->star != nullptr || made->double_star != nullptr) {
        tokens_.Fail("a call has at most one `*`, before `**`");
      }
      made->star = Conditional();
    } else if (is_named) {
      if (made->double_star != nullptr) tokens_.Fail("named arguments go before `**`");
      std::string name = tokens_.ExpectName();
      tokens_.ExpectOperator("=");
      made->named.emplace_back(std::move(name), Conditional());
    } else {
      if (!made->named.empty() || made->star != nullptr || made->double_star != nullptr) {
        tokens_.Fail("positional arguments go before all others");
      }
      made->positional.push_back(Conditional());
    }
  }

  ExpressionPtr FiltersAndTests(ExpressionPtr node) {
    for (;;) {
      if (tokens_.SkipOperator("|")) {
        node = Filter(std::move(node));
      } else if (tokens_.IsName("is")) {
        node = Test(std::move(node));
      } else if (tokens_.IsOperator("(")) {
        node = Call(std::move(node));
      } else {
        return node;
      }
    }
  }

  ExpressionPtr Filter(ExpressionPtr input) {
    ExpressionPtr made = Make(ExpressionKind::kFilter, std::move(input));
    made->line = tokens_.line();
    made->name = tokens_.ExpectName();
    if (FindFilter(made->name) == nullptr) {
      throw Error(Format("filter `{}` is not supported", made->name), made->line);
    }
    if (tokens_.IsOperator("(")) TakeArguments(made.get());
    return made;
  }

  bool StartsTestOperand() const {
    if (tokens_.IsAnyName({"else", "or", "and", "is", "if", "in", "not"})) {
      if (tokens_.IsName("is")) tokens_.Fail("tests cannot be chained with `is`");
      return false;
    }
    return tokens_.IsKind(TokenKind::kName) || tokens_.IsKind(TokenKind::kString) ||
           tokens_.IsKind(TokenKind::kInteger) || tokens_.IsKind(TokenKind::kFloat) ||
           tokens_.IsOperator("[") || tokens_.IsOperator("{");
  }

  ExpressionPtr Test(ExpressionPtr input) {
    tokens_.Next();
    const bool negated = tokens_.SkipName("not");
    ExpressionPtr made = Make(ExpressionKind::kTest, std::move(input));
    made->line = tokens_.line();
    made->name = tokens_.ExpectName();
    if (FindTest(made->name) == nullptr) {
      throw Error(Format("test `{}` is not supported", made->name), made->line);
    }
    if (tokens_.IsOperator("(")) {
      TakeArguments(made.get());
    } else if (StartsTestOperand()) {
      ExpressionPtr operand = Postfix(Primary());
      Deepen(made.get(), *operand);
      made->arguments.positional.push_back(std::move(operand));
    }
    return negated ? Make(ExpressionKind::kNot, std::move(made)) : std::move(made);
  }

  TokenStream& tokens_;
};

}  // namespace

ExpressionPtr ParseExpression(TokenStream* tokens) {
  return ExpressionParser(tokens).Conditional();
}

ExpressionPtr ParseWithoutConditional(TokenStream* tokens) { return ExpressionParser(tokens).Or(); }

ExpressionPtr ParseTuple(TokenStream* tokens, bool with_conditional) {
  return ExpressionParser(tokens).Tuple(with_conditional);
}

ExpressionPtr ParseBlockFilters(TokenStream* tokens) {
  return ExpressionParser(tokens).BlockFilters();
}

}  // namespace winnow::model::jinja
