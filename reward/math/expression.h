#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reward/exact_number.h"

namespace winnow::reward::math {

enum class Kind : uint8_t {
  kNumber,    // value, or digits if it is beyond 128 bits
  kSymbol,    // name: a variable, subscripts and primes included
  kConstant,  // name: pi, e, i
  kInfinity,
  kNegative,  // -a
  kSum,       // a + b + …
  kProduct,   // a · b · …
  kQuotient,  // a / b
  kPower,     // a ^ b
  kFunction,  // name(children…): root (index, radicand), log (base, x), sin, abs, factorial, …
  kPercent,   // a / 100
  kUnit,      // a with the unit `name` (its dimension) and `value` (factor to the base unit)
  kSet,       // {…}; `bare` without braces
  kTuple,     // (…), ordered
  kInterval,  // two ends, open_left, open_right
  kUnion,     // a ∪ b ∪ …
  kIntersection,
  kMatrix,    // rows, each a tuple
  kRelation,  // children joined by `operators`: = < > <= >= != in
  kText,      // name: normal text
};

struct Node;
using NodePtr = std::shared_ptr<const Node>;

// A formula as a tree. Immutable once built, at most 1000 nodes and 64 levels.
struct Node {
  Kind kind = Kind::kText;
  std::string name;
  std::optional<Rational> value;
  std::shared_ptr<const ExactNumber> digits;
  std::vector<NodePtr> children;
  std::vector<std::string> operators;  // of a relation, one less than children
  bool open_left = false, open_right = false;
  bool bare = false;
};

// What was read from one answer.
struct Expression {
  NodePtr root;            // never null; kText where the text is no formula
  std::string plain_text;  // the text without case, white space, font commands and brackets
  bool too_large = false;  // beyond the node or depth limit
};

NodePtr MakeNumber(const Rational& value);
NodePtr MakeNode(Kind kind, std::vector<NodePtr> children, std::string name = "");

bool IsSymbol(const NodePtr& node);
// Equal trees.
bool SameTree(const NodePtr& a, const NodePtr& b);

// Lower case, without white space, font commands, brackets, `$` and a final stop.
std::string PlainText(std::string_view text);

}  // namespace winnow::reward::math
