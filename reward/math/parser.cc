// One grammar in one class: its rules call each other, so the file is longer than most.
#include "reward/math/parser.h"

#include <algorithm>
#include <string>

#include "reward/math/cursor.h"
#include "reward/math/normalize.h"
#include "reward/math/units.h"
#include "reward/math/words.h"
#include "reward/number_literal.h"

namespace winnow::reward::math {
namespace {

constexpr int kMaxDepth = 64;
constexpr size_t kMaxNodes = 1000;

bool IsDigit(char c) { return Cursor::IsDigit(c); }
bool IsLetter(char c) { return Cursor::IsLetter(c); }

std::string Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(' ') - begin + 1));
}

NodePtr MakeLiteral(const ExactNumber& number) {
  if (const std::optional<Rational> value = number.ToRational()) return MakeNumber(*value);
  auto node = std::make_shared<Node>();
  node->kind = Kind::kNumber;
  node->digits = std::make_shared<ExactNumber>(number);
  return node;
}

// Recursive descent over normalised text. A null NodePtr means: no formula; failed_ is set then.
//   items     := relation ((',' | ';' | and | or) relation)*
//   relation  := union (relop union)*            relop := = < > \le \ge \ne \approx \in
//   union     := sum ((\cup | \cap) sum)*
//   sum       := product (('+' | '-' | \pm) product)*
//   product   := unary (('*' | \cdot | \times | '/' | \div | nothing) unary)*
//   unary     := ('+' | '-') unary | power
//   power     := primary postfix* ('^' script)?
class Parser {
 public:
  Parser(std::string_view text, int pm_sign) : cursor_(text), pm_sign_(pm_sign) {}

  NodePtr ParseAnswer() {
    NodePtr answer = ParseItems();
    cursor_.SkipSpaces();
    return failed_ || !cursor_.AtEnd() ? nullptr : answer;
  }
  bool saw_pm() const { return saw_pm_; }
  bool too_large() const { return too_large_; }

 private:
  // Guards the depth of one recursion.
  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > kMaxDepth) parser_.TooLarge();
    }
    ~Level() { --parser_.depth_; }

   private:
    Parser& parser_;
  };

  NodePtr Fail() {
    failed_ = true;
    return nullptr;
  }
  NodePtr TooLarge() {
    too_large_ = true;
    return Fail();
  }
  NodePtr New(Kind kind, std::vector<NodePtr> children, std::string name = "") {
    for (const NodePtr& child : children) {
      if (child == nullptr) return Fail();
    }
    if (++nodes_ > kMaxNodes) return TooLarge();
    return MakeNode(kind, std::move(children), std::move(name));
  }
  NodePtr Number(const Rational& value) {
    if (++nodes_ > kMaxNodes) return TooLarge();
    return MakeNumber(value);
  }

  bool TakeSeparator() {
    bool separated = false;
    while (true) {
      cursor_.SkipSpaces();
      const std::string_view word = cursor_.PeekWord();
      if (cursor_.At() == ',' || cursor_.At() == ';') {
        cursor_.Skip(1);
      } else if (IsConjunction(word)) {
        cursor_.Skip(word.size());
      } else if (!TakeTextConjunction()) {
        return separated;
      }
      separated = true;
    }
  }
  bool TakeTextConjunction() {
    if (cursor_.PeekCommand() != "\\text") return false;
    const size_t at = cursor_.position();
    cursor_.Skip(5);
    const std::string inside = Trimmed(cursor_.TakeRawGroup());
    if (IsConjunction(inside) || inside == "," || inside == ", and") return true;
    cursor_.set_position(at);
    return false;
  }

  NodePtr ParseItems() {
    std::vector<NodePtr> items;
    do {
      items.push_back(ParseRelation());
      if (failed_) return nullptr;
    } while (TakeSeparator());
    if (items.size() == 1) return items[0];
    NodePtr set = New(Kind::kSet, std::move(items));
    if (set == nullptr) return nullptr;
    auto bare = std::make_shared<Node>(*set);
    bare->bare = true;
    return bare;
  }

  std::string TakeRelationSign() {
    cursor_.SkipSpaces();
    if (cursor_.Take("<=")) return "<=";
    if (cursor_.Take(">=")) return ">=";
    if (cursor_.Take("!=")) return "!=";
    if (cursor_.Take("=")) return cursor_.Take("="), "=";
    if (cursor_.Take("<")) return "<";
    if (cursor_.Take(">")) return ">";
    if (cursor_.TakeCommand("\\le")) return "<=";
    if (cursor_.TakeCommand("\\ge")) return ">=";
    if (cursor_.TakeCommand("\\ne")) return "!=";
    if (cursor_.TakeCommand("\\approx")) return "=";
    if (cursor_.TakeCommand("\\in")) return "in";
    return "";
  }

  NodePtr ParseRelation() {
    const Level level(*this);
    std::vector<NodePtr> sides = {ParseUnion()};
    std::vector<std::string> operators;
    while (!failed_) {
      std::string sign = TakeRelationSign();
      if (sign.empty()) break;
      operators.push_back(std::move(sign));
      sides.push_back(ParseUnion());
    }
    if (failed_) return nullptr;
    if (operators.empty()) return sides[0];
    NodePtr node = New(Kind::kRelation, std::move(sides));
    if (node == nullptr) return nullptr;
    auto relation = std::make_shared<Node>(*node);
    relation->operators = std::move(operators);
    return relation;
  }

  NodePtr ParseUnion() {
    NodePtr left = ParseSum();
    while (!failed_) {
      const bool join = cursor_.TakeCommand("\\cup");
      if (!join && !cursor_.TakeCommand("\\cap")) break;
      const Kind kind = join ? Kind::kUnion : Kind::kIntersection;
      NodePtr right = ParseSum();
      if (failed_) return nullptr;
      std::vector<NodePtr> members;
      if (left->kind == kind) {
        members = left->children;
      } else {
        members = {left};
      }
      members.push_back(right);
      left = New(kind, std::move(members));
    }
    return left;
  }

  NodePtr ParseSum() {
    const Level level(*this);
    if (failed_) return nullptr;
    std::vector<NodePtr> terms;
    if (TakePlusMinus(1)) {
      NodePtr first = ParseProduct();
      terms.push_back(pm_sign_ > 0 ? first : New(Kind::kNegative, {first}));
    } else {
      terms.push_back(ParseProduct());
    }
    while (!failed_) {
      cursor_.SkipSpaces();
      bool negative = false;
      if (TakePlusMinus(1)) {
        negative = pm_sign_ < 0;
      } else if (TakePlusMinus(-1)) {
        negative = pm_sign_ > 0;
      } else if (cursor_.At() == '+' || cursor_.At() == '-') {
        negative = cursor_.At() == '-';
        cursor_.Skip(1);
      } else {
        break;
      }
      NodePtr term = ParseProduct();
      terms.push_back(negative ? New(Kind::kNegative, {term}) : term);
    }
    if (failed_) return nullptr;
    return terms.size() == 1 ? terms[0] : New(Kind::kSum, std::move(terms));
  }
  bool TakePlusMinus(int direction) {
    const bool taken = cursor_.TakeCommand(direction > 0 ? "\\pm" : "\\mp");
    saw_pm_ |= taken;
    return taken;
  }

  bool StartsFactor() {
    cursor_.SkipSpaces();
    const char c = cursor_.At();
    if (IsLetter(c)) return !IsConjunction(cursor_.PeekWord());
    if (c == '(' || c == '{' || c == '[' || IsDigit(c)) return true;
    if (c != '\\') return false;
    const std::string_view command = cursor_.PeekCommand();
    if (command == "\\text") return !PeekTextIsConjunction();
    for (std::string_view other :
         {"\\cdot",   "\\times", "\\div", "\\pm",  "\\mp", "\\le",  "\\ge",   "\\ne",
          "\\approx", "\\in",    "\\cup", "\\cap", "\\}",  "\\%",   "\\over", "\\mid",
          "\\rfloor", "\\rceil", "\\end", "\\\\",  "\\to", "\\circ"}) {
      if (command == other) return false;
    }
    return true;
  }
  bool PeekTextIsConjunction() {
    const size_t at = cursor_.position();
    const bool conjunction = TakeTextConjunction();
    cursor_.set_position(at);
    return conjunction;
  }

  NodePtr ParseProduct() {
    const Level level(*this);
    NodePtr left = ParseUnary();
    bool after_number = left != nullptr && left->kind == Kind::kNumber;
    while (!failed_) {
      cursor_.SkipSpaces();
      if (cursor_.At() == '*' || cursor_.PeekCommand() == "\\cdot" ||
          cursor_.PeekCommand() == "\\times") {
        if (cursor_.At() == '*' && cursor_.At(1) == '*') return Fail();
        cursor_.Skip(cursor_.At() == '*' ? 1 : cursor_.PeekCommand().size());
        left = Multiply(left, ParseUnary());
      } else if (cursor_.At() == '/' || cursor_.PeekCommand() == "\\div") {
        cursor_.Skip(cursor_.At() == '/' ? 1 : 4);
        left = New(Kind::kQuotient, {left, ParseUnary()});
      } else if (StartsFactor()) {
        const bool digit = IsDigit(cursor_.At());
        if (digit && after_number) return Fail();  // "4 8" is no product
        const bool fraction = cursor_.PeekCommand() == "\\frac";
        NodePtr right = ParsePower();
        if (failed_) return nullptr;
        left = after_number && fraction && IsMixed(left, right) ? New(Kind::kSum, {left, right})
                                                                : Multiply(left, right);
      } else {
        break;
      }
      after_number = false;
    }
    return left;
  }
  static bool IsMixed(const NodePtr& whole, const NodePtr& fraction) {
    return whole->value && whole->value->IsInteger() && fraction->kind == Kind::kQuotient &&
           fraction->children[0]->kind == Kind::kNumber &&
           fraction->children[1]->kind == Kind::kNumber;
  }
  NodePtr Multiply(const NodePtr& left, const NodePtr& right) {
    if (left == nullptr || right == nullptr) return Fail();
    if (right->kind == Kind::kText) return AttachUnit(left, right->name);
    if (left->kind == Kind::kProduct) {
      std::vector<NodePtr> factors = left->children;
      factors.push_back(right);
      return New(Kind::kProduct, std::move(factors));
    }
    return New(Kind::kProduct, {left, right});
  }
  // A value followed by text is a value with its unit, or no formula.
  NodePtr AttachUnit(const NodePtr& value, std::string_view text) {
    std::string phrase(text);
    // The power of \text{cm}^2 stands outside.
    cursor_.SkipSpaces();
    if (cursor_.At() == '^') {
      cursor_.Skip(1);
      cursor_.SkipSpaces();
      const std::string_view group = cursor_.TakeRawGroup();
      if (group.data() != nullptr) {
        phrase += "^" + std::string(group);
      } else {
        phrase += "^" + std::string(1, cursor_.At());
        cursor_.Skip(1);
      }
    }
    const std::optional<Unit> unit = ReadUnit(phrase);
    if (!unit) return Fail();
    NodePtr node = New(Kind::kUnit, {value}, unit->dimension);
    if (node == nullptr) return nullptr;
    auto with_factor = std::make_shared<Node>(*node);
    with_factor->value = unit->factor;
    return with_factor;
  }

  NodePtr ParseUnary() {
    const Level level(*this);
    if (failed_) return nullptr;
    if (cursor_.Take("+")) return ParseUnary();
    if (cursor_.Take("-")) {
      NodePtr inner = ParseUnary();
      if (inner != nullptr && inner->kind == Kind::kNumber) return Negated(inner);
      return New(Kind::kNegative, {inner});
    }
    return ParsePower();
  }
  NodePtr Negated(const NodePtr& number) {
    if (number->value) return Number({-number->value->num, number->value->den});
    ExactNumber negated = *number->digits;
    negated.negative = !negated.negative;
    return MakeLiteral(negated);
  }

  NodePtr ParsePower() {
    NodePtr base = ParsePrimary();
    while (!failed_ && base->kind != Kind::kText) {  // the power of a unit is the unit's
      cursor_.SkipSpaces();
      if (cursor_.At() == '!' && cursor_.At(1) != '=') {
        cursor_.Skip(1);
        base = New(Kind::kFunction, {base}, "factorial");
      } else if (cursor_.Take("\\%") || cursor_.Take("%")) {
        base = New(Kind::kPercent, {base});
      } else if (cursor_.At() == '^') {
        cursor_.Skip(1);
        base = ParseExponent(base);
      } else if (cursor_.PeekWord() == "percent") {
        cursor_.Skip(7);
        base = New(Kind::kPercent, {base});
      } else {
        break;
      }
    }
    return base;
  }
  NodePtr Degrees(const NodePtr& value) {
    NodePtr node = New(Kind::kUnit, {value}, "degree");
    if (node == nullptr) return nullptr;
    auto with_factor = std::make_shared<Node>(*node);
    with_factor->value = Rational::Of(1);
    return with_factor;
  }
  NodePtr ParseExponent(const NodePtr& base) {
    cursor_.SkipSpaces();
    if (cursor_.TakeCommand("\\circ")) return Degrees(base);
    const size_t at = cursor_.position();
    const std::string inside = Trimmed(cursor_.TakeRawGroup());
    if (inside == "\\circ" || inside == "^\\circ") return Degrees(base);
    if (inside.find_first_not_of("'") == std::string::npos && !inside.empty()) return Fail();
    cursor_.set_position(at);
    NodePtr exponent = ParseScript();
    return New(Kind::kPower, {base, exponent});
  }
  // A group, or the single token behind ^ or _; a sign may stand before a bare one (10^-2).
  NodePtr ParseScript() {
    const Level level(*this);
    if (failed_) return nullptr;
    cursor_.SkipSpaces();
    if (cursor_.At() == '-') {
      cursor_.Skip(1);
      return New(Kind::kNegative, {ParseScript()});
    }
    if (IsDigit(cursor_.At())) {
      // LaTeX takes one digit, people who write plain text mean all of them.
      return ParseDigits();
    }
    if (IsLetter(cursor_.At())) {
      const char letter = cursor_.At();
      cursor_.Skip(1);
      return Letter(std::string(1, letter));
    }
    return ParsePrimary();
  }

  NodePtr ParseDigits() {
    std::string digits;
    std::string whole;
    while (IsDigit(cursor_.At()) || ThousandsAt()) {
      if (!IsDigit(cursor_.At())) cursor_.Skip(cursor_.At() == ',' ? 1 : 3);
      digits += cursor_.At();
      cursor_.Skip(1);
    }
    uint32_t decimals = 0;
    if (cursor_.At() == '.' && IsDigit(cursor_.At(1))) {
      cursor_.Skip(1);
      while (IsDigit(cursor_.At())) {
        digits += cursor_.At();
        ++decimals;
        cursor_.Skip(1);
      }
    } else if (cursor_.At() == '.' && !IsLetter(cursor_.At(1)) && cursor_.At(1) != '.') {
      cursor_.Skip(1);  // "52." inside a list
    }
    if (++nodes_ > kMaxNodes) return TooLarge();
    if (cursor_.PeekCommand() == "\\overline" || cursor_.PeekCommand() == "\\bar") {
      return ParseRepeating(digits, decimals);
    }
    ExactNumber number;
    number.numerator = BigInteger::FromDigits(digits);
    number.denominator = number.denominator.TimesPowerOfTen(decimals);
    return MakeLiteral(number);
  }
  // Is a thousands separator next: {,} anywhere, a comma outside brackets?
  bool ThousandsAt() {
    const size_t size = cursor_.Rest().starts_with("{,}") ? 3 : 0;
    const size_t comma = size == 0 && cursor_.At() == ',' && brackets_ == 0 ? 1 : size;
    return comma > 0 && IsDigit(cursor_.At(comma)) && IsDigit(cursor_.At(comma + 1)) &&
           IsDigit(cursor_.At(comma + 2)) && !IsDigit(cursor_.At(comma + 3));
  }
  // 0.1\overline{6} = (16 - 1) / 90
  NodePtr ParseRepeating(const std::string& digits, uint32_t decimals) {
    cursor_.Skip(cursor_.PeekCommand().size());
    const std::string group = Trimmed(cursor_.TakeRawGroup());
    if (group.empty() || group.find_first_not_of("0123456789") != std::string::npos ||
        digits.size() + group.size() > 18) {
      return Fail();
    }
    const int64_t all = std::stoll("0" + digits + group);
    const int64_t head = std::stoll("0" + digits);
    const std::string nines(group.size(), '9');
    const int64_t den = std::stoll(nines + std::string(decimals, '0'));
    const std::optional<Rational> value = Rational::Make(all - head, den);
    return value ? Number(*value) : Fail();
  }

  NodePtr ParsePrimary() {
    const Level level(*this);
    if (failed_) return nullptr;
    cursor_.SkipSpaces();
    const char c = cursor_.At();
    if (IsDigit(c) || (c == '.' && IsDigit(cursor_.At(1)))) return ParseNumberWithSubscript();
    if (IsLetter(c)) return ParseWord();
    if (c == '(' || c == '[') return ParseBrackets();
    if (c == '{') return ParseGroup();
    if (c == '|') return ParseAbsolute();
    if (c == '\\') return ParseCommand();
    return Fail();
  }
  NodePtr ParseNumberWithSubscript() {
    NodePtr number = ParseDigits();
    if (failed_ || cursor_.At() != '_') return number;
    cursor_.Skip(1);
    NodePtr base = ParseScript();
    return New(Kind::kFunction, {number, base}, "in_base");
  }

  NodePtr ParseBrackets() {
    const bool open_left = cursor_.At() == '(';
    cursor_.Skip(1);
    ++brackets_;
    std::vector<NodePtr> items;
    do {
      items.push_back(ParseRelation());
      if (failed_) return nullptr;
    } while (TakeSeparator());
    --brackets_;
    const bool round = cursor_.Take(")");
    if (!round && !cursor_.Take("]")) return Fail();
    if (items.size() == 1) return open_left == round ? items[0] : Fail();
    const bool tuple = (open_left && round) || items.size() != 2;
    if (tuple && open_left != round) return Fail();
    NodePtr node = New(tuple ? Kind::kTuple : Kind::kInterval, std::move(items));
    if (node == nullptr) return nullptr;
    auto interval = std::make_shared<Node>(*node);
    interval->open_left = open_left;
    interval->open_right = round;
    return interval;
  }
  NodePtr ParseGroup() {
    cursor_.Skip(1);
    NodePtr inside = ParseItems();
    if (failed_) return nullptr;
    if (cursor_.TakeCommand("\\over")) inside = New(Kind::kQuotient, {inside, ParseItems()});
    return cursor_.Take("}") ? inside : Fail();
  }
  NodePtr ParseAbsolute() {
    cursor_.Skip(1);
    NodePtr inside = ParseSum();
    if (failed_ || !cursor_.Take("|")) return Fail();
    return New(Kind::kFunction, {inside}, "abs");
  }
  NodePtr ParseSet() {
    ++brackets_;
    std::vector<NodePtr> items;
    if (!cursor_.Take("\\}")) {
      do {
        items.push_back(ParseRelation());
        if (failed_) return nullptr;
      } while (TakeSeparator());
      if (!cursor_.Take("\\}")) return Fail();
    }
    --brackets_;
    return New(Kind::kSet, std::move(items));
  }

  // A name with its subscript and primes.
  NodePtr Letter(std::string name) {
    if (name == "e" || name == "i") return New(Kind::kConstant, {}, std::move(name));
    return New(Kind::kSymbol, {}, std::move(name));
  }
  NodePtr SymbolWithMarks(std::string name) {
    bool marked = false;
    if (cursor_.At() == '_') {
      cursor_.Skip(1);
      const std::string_view group = cursor_.TakeRawGroup();
      if (group.data() != nullptr) {
        name += "_" + PlainText(group);
      } else {
        name += "_" + std::string(1, cursor_.At());
        cursor_.Skip(1);
      }
      marked = true;
    }
    while (cursor_.At() == '\'') {
      name += '\'';
      cursor_.Skip(1);
      marked = true;
    }
    return marked ? New(Kind::kSymbol, {}, std::move(name)) : Letter(std::move(name));
  }

  NodePtr ParseWord() {
    const std::string_view word = cursor_.PeekWord();
    if (word == "sqrt" || word == "abs") return ParseNamedCall(std::string(word));
    if (IsFunction(word)) {
      cursor_.Skip(word.size());
      return ParseFunction(std::string(word));
    }
    if (word == "pi") {
      cursor_.Skip(2);
      return New(Kind::kConstant, {}, "pi");
    }
    if (word == "inf" || word == "infinity" || word == "oo") {
      cursor_.Skip(word.size());
      return New(Kind::kInfinity, {});
    }
    if (word == "percent") return Fail();
    if (word.size() > 1 && cursor_.position() > 0 && ReadUnit(word)) return ParseUnitWords();
    const std::vector<std::string> names = SplitLetters(word);
    if (names.size() == 1 && word.size() > 1) {  // a word, no variable
      NodePtr text = New(Kind::kText, {}, names[0]);
      cursor_.Skip(word.size());
      return text;
    }
    // One letter at a time: the product rule joins them, powers bind to the last.
    cursor_.Skip(1);
    return SymbolWithMarks(names[0]);
  }
  // sqrt(x) and abs(x) of plain text, sqrt2.
  NodePtr ParseNamedCall(std::string name) {
    cursor_.Skip(name.size());
    NodePtr argument = ParsePrimary();
    if (name == "abs") return New(Kind::kFunction, {argument}, "abs");
    return New(Kind::kFunction, {Number(Rational::Of(2)), argument}, "root");
  }
  // `square units`, `km per hour`: the longest run of words that is a unit.
  NodePtr ParseUnitWords() {
    size_t best = 0;
    size_t size = 0;
    for (int words = 0; words < 4; ++words) {
      while (IsLetter(cursor_.At(size))) ++size;
      if (ReadUnit(cursor_.Rest().substr(0, size))) best = size;
      if (cursor_.At(size) != ' ' && cursor_.At(size) != '/') break;
      ++size;
    }
    NodePtr text = New(Kind::kText, {}, std::string(cursor_.Rest().substr(0, best)));
    cursor_.Skip(best);
    return text;
  }

  NodePtr ParseCommand() {
    const std::string_view command = cursor_.PeekCommand();
    if (command == "\\{") {
      cursor_.Skip(2);
      return ParseSet();
    }
    const std::string name(command.substr(1));
    cursor_.Skip(command.size());
    if (name == "frac") return New(Kind::kQuotient, ParseArguments(2));
    if (name == "binom") return New(Kind::kFunction, ParseArguments(2), "binomial");
    if (name == "sqrt") return ParseRoot();
    if (name == "pi") return New(Kind::kConstant, {}, "pi");
    if (name == "infty") return New(Kind::kInfinity, {});
    if (name == "emptyset") return New(Kind::kSet, {});
    if (name == "text") return ParseText();
    if (name == "mathbb") return New(Kind::kSymbol, {}, "bb_" + PlainText(cursor_.TakeRawGroup()));
    if (name == "begin") return ParseMatrix();
    if (name == "lfloor") return ParseEnclosed("\\rfloor", "floor");
    if (name == "lceil") return ParseEnclosed("\\rceil", "ceil");
    if (IsFunction(name)) return ParseFunction(name);
    if (IsGreek(name)) return SymbolWithMarks("\\" + name);
    return Fail();
  }
  std::vector<NodePtr> ParseArguments(size_t count) {
    std::vector<NodePtr> arguments;
    for (size_t i = 0; i < count; ++i) {
      cursor_.SkipSpaces();
      if (IsDigit(cursor_.At())) {
        arguments.push_back(Number(Rational::Of(cursor_.At() - '0')));
        cursor_.Skip(1);
      } else {
        arguments.push_back(ParseScript());
      }
    }
    return arguments;
  }
  NodePtr ParseRoot() {
    NodePtr index = Number(Rational::Of(2));
    if (cursor_.Take("[")) {
      index = ParseSum();
      if (failed_ || !cursor_.Take("]")) return Fail();
    }
    std::vector<NodePtr> radicand = ParseArguments(1);
    return New(Kind::kFunction, {index, radicand[0]}, "root");
  }
  NodePtr ParseEnclosed(std::string_view close, std::string name) {
    NodePtr inside = ParseSum();
    if (failed_ || !cursor_.TakeCommand(close)) return Fail();
    return New(Kind::kFunction, {inside}, std::move(name));
  }
  // \sin^2 x, \log_2 8, \sin^{-1} x, \ln(x); without brackets the argument is the product behind.
  NodePtr ParseFunction(std::string name) {
    NodePtr power, base;
    cursor_.SkipSpaces();
    for (int marks = 0; marks < 2 && !failed_; ++marks) {
      if (cursor_.Take("^")) {
        power = ParseScript();
      } else if (name == "log" && cursor_.Take("_")) {
        base = ParseScript();
      }
    }
    if (failed_) return nullptr;
    cursor_.SkipSpaces();
    NodePtr argument =
        cursor_.At() == '(' || cursor_.At() == '{' ? ParsePrimary() : ParseBareArgument();
    if (failed_) return nullptr;
    if (name == "asin" || name == "acos") name = "arc" + name.substr(1);
    const bool inverse = power != nullptr && power->kind == Kind::kNegative &&
                         SameTree(power->children[0], MakeNumber(Rational::Of(1)));
    const bool minus_one = power != nullptr && power->value && power->value->num == -1;
    if ((inverse || minus_one) && name.size() == 3) {
      return New(Kind::kFunction, {argument}, "arc" + name);
    }
    NodePtr call;
    if (name == "log") {
      call = New(Kind::kFunction, {base ? base : Number(Rational::Of(10)), argument}, "log");
    } else if (name == "exp") {
      call = New(Kind::kPower, {New(Kind::kConstant, {}, "e"), argument});
    } else {
      call = New(Kind::kFunction, {argument}, std::move(name));
    }
    return power != nullptr ? New(Kind::kPower, {call, power}) : call;
  }
  NodePtr ParseBareArgument() {
    NodePtr argument = ParsePower();
    while (!failed_ && StartsFactor() && cursor_.At() != '(' &&
           !IsFunction(cursor_.PeekCommand().empty() ? cursor_.PeekWord()
                                                     : cursor_.PeekCommand().substr(1))) {
      argument = Multiply(argument, ParsePower());
    }
    return argument;
  }

  // \text{…}: a number, a single letter, a unit, or text.
  NodePtr ParseText() {
    const size_t at = cursor_.position();
    const std::string inside = Trimmed(cursor_.TakeRawGroup());
    if (inside.find('\\') != std::string::npos) {  // \mathbf{\frac{1}{2}}
      cursor_.set_position(at);
      return ParsePrimary();
    }
    if (inside.size() == 1 && IsLetter(inside[0]) && !ReadUnit(inside)) {
      return SymbolWithMarks(inside);
    }
    if (const std::optional<NumberLiteral> number = ReadNumber(inside)) {
      if (++nodes_ > kMaxNodes) return TooLarge();
      return MakeLiteral(number->value);
    }
    return New(Kind::kText, {}, inside);
  }

  NodePtr ParseMatrix() {
    const std::string name = Trimmed(cursor_.TakeRawGroup());
    if (name != "pmatrix" && name != "bmatrix" && name != "matrix" && name != "vmatrix") {
      return Fail();
    }
    ++brackets_;
    std::vector<NodePtr> rows;
    while (!failed_) {
      std::vector<NodePtr> cells;
      do {
        cells.push_back(ParseSum());
        if (failed_) return nullptr;
      } while (cursor_.Take("&"));
      rows.push_back(New(Kind::kTuple, std::move(cells)));
      if (!cursor_.Take("\\\\")) break;
      if (cursor_.Rest().starts_with("\\end")) break;
    }
    --brackets_;
    if (!cursor_.TakeCommand("\\end") || Trimmed(cursor_.TakeRawGroup()) != name) return Fail();
    return New(Kind::kMatrix, std::move(rows), name == "vmatrix" ? "det" : "");
  }

  Cursor cursor_;
  const int pm_sign_;
  int depth_ = 0;
  size_t nodes_ = 0;
  int brackets_ = 0;  // open ( [ \{: a comma inside separates, it is no thousands mark
  bool saw_pm_ = false;
  bool failed_ = false;
  bool too_large_ = false;
};

NodePtr TextNode(std::string text) { return MakeNode(Kind::kText, {}, std::move(text)); }

}  // namespace

Expression Read(std::string_view text) {
  Expression expression;
  const std::string normal = Normalize(text);
  expression.plain_text = PlainText(normal);
  // The most frequent answer, and the only way to 9e5 and 7 1/12.
  if (const std::optional<NumberLiteral> number = ReadNumber(normal)) {
    ExactNumber value = number->value;
    if (number->percent) {
      value.numerator = value.numerator.TimesPowerOfTen(2);
      expression.root = MakeNode(Kind::kPercent, {MakeLiteral(value)});
    } else {
      expression.root = MakeLiteral(value);
    }
    return expression;
  }
  Parser plus(normal, /*pm_sign=*/1);
  NodePtr root = plus.ParseAnswer();
  expression.too_large = plus.too_large();
  if (root != nullptr && plus.saw_pm()) {
    NodePtr other = Parser(normal, /*pm_sign=*/-1).ParseAnswer();
    root = other == nullptr ? nullptr : MakeNode(Kind::kSet, {root, other});
  }
  expression.root = root != nullptr ? root : TextNode(expression.plain_text);
  return expression;
}

}  // namespace winnow::reward::math
