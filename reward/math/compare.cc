#include "reward/math/compare.h"

#include <cmath>

namespace winnow::reward::math {
namespace {

bool IsScalar(const NodePtr& node) {
  switch (node->kind) {
    case Kind::kSet:
    case Kind::kTuple:
    case Kind::kInterval:
    case Kind::kUnion:
    case Kind::kIntersection:
    case Kind::kMatrix:
    case Kind::kRelation:
    case Kind::kText:
    case Kind::kInfinity:
      return false;
    default:
      return true;
  }
}

bool IsInequality(const std::string& sign) {
  return sign == "<" || sign == "<=" || sign == ">" || sign == ">=";
}

// ∞ or −∞.
bool IsInfinite(const NodePtr& node) {
  const NodePtr& inner = node->kind == Kind::kNegative ? node->children[0] : node;
  return inner->kind == Kind::kInfinity;
}

NodePtr Infinity(bool negative) {
  NodePtr infinity = MakeNode(Kind::kInfinity, {});
  return negative ? MakeNode(Kind::kNegative, {infinity}) : infinity;
}

NodePtr Difference(const NodePtr& a, const NodePtr& b) {
  return MakeNode(Kind::kSum, {a, MakeNode(Kind::kNegative, {b})});
}

// An interval with the variable it bounds ("" if written as an interval).
struct Bounds {
  NodePtr low, high;
  bool open_low = true, open_high = true;
  std::string variable;
};

// x > 2, 4 \le x < 6, (2, \infty), [4, 6), x \in (3, 8).
std::optional<Bounds> AsBounds(const NodePtr& node) {
  if (node->kind == Kind::kInterval || (node->kind == Kind::kTuple && node->children.size() == 2)) {
    return Bounds{node->children[0], node->children[1], node->open_left, node->open_right, ""};
  }
  if (node->kind != Kind::kRelation) return std::nullopt;
  const auto& sides = node->children;
  const auto& signs = node->operators;
  if (signs.size() == 1 && signs[0] == "in" && IsSymbol(sides[0])) {
    std::optional<Bounds> inner = AsBounds(sides[1]);
    if (inner && inner->variable.empty()) inner->variable = sides[0]->name;
    return inner;
  }
  for (const std::string& sign : signs) {
    if (!IsInequality(sign)) return std::nullopt;
  }
  if (signs.size() == 1) {
    const bool left = IsSymbol(sides[0]) && !IsSymbol(sides[1]);
    if (!left && !IsSymbol(sides[1])) return std::nullopt;
    const NodePtr& bound = left ? sides[1] : sides[0];
    const std::string& variable = left ? sides[0]->name : sides[1]->name;
    const bool below = (signs[0][0] == '<') == left;  // variable < bound
    const bool open = signs[0].size() == 1;
    if (below) return Bounds{Infinity(true), bound, true, open, variable};
    return Bounds{bound, Infinity(false), open, true, variable};
  }
  if (signs.size() == 2 && IsSymbol(sides[1]) && signs[0][0] == signs[1][0]) {
    const bool rising = signs[0][0] == '<';
    const bool open_first = signs[0].size() == 1, open_second = signs[1].size() == 1;
    if (rising) return Bounds{sides[0], sides[2], open_first, open_second, sides[1]->name};
    return Bounds{sides[2], sides[0], open_second, open_first, sides[1]->name};
  }
  return std::nullopt;
}

class Comparer {
 public:
  Comparer(const CompareOptions& options, StepBudget& budget)
      : options_(options), budget_(budget) {}

  bool Equal(const NodePtr& a, const NodePtr& b) {
    if (!budget_.Spend()) return false;
    if (a->kind == Kind::kUnit || b->kind == Kind::kUnit) return EqualUnits(a, b);
    if (a->kind == Kind::kText || b->kind == Kind::kText) return EqualTexts(a, b);
    if (a->kind == Kind::kRelation || b->kind == Kind::kRelation) return EqualRelations(a, b);
    if (IsInfinite(a) || IsInfinite(b)) return SameTree(a, b);
    if (IsSingletonList(a) || IsSingletonList(b)) return EqualSingleton(a, b);
    if (a->kind == Kind::kUnion || b->kind == Kind::kUnion) return EqualUnions(a, b);
    if (IsScalar(a) && IsScalar(b)) return EqualScalars(a, b);
    const bool intervals = a->kind == Kind::kInterval || b->kind == Kind::kInterval;
    if (intervals) return EqualBounds(AsBounds(a), AsBounds(b));
    if (a->kind != b->kind) return false;
    switch (a->kind) {
      case Kind::kSet:
        return EqualSets(a->children, b->children);
      case Kind::kTuple:
      case Kind::kMatrix:
        return a->name == b->name && EqualInOrder(a->children, b->children);
      case Kind::kIntersection:
        return EqualSets(a->children, b->children);
      default:
        return false;
    }
  }

 private:
  bool EqualUnits(const NodePtr& a, const NodePtr& b) {
    const NodePtr& x = a->kind == Kind::kUnit ? a->children[0] : a;
    const NodePtr& y = b->kind == Kind::kUnit ? b->children[0] : b;
    if (!options_.require_units) return Equal(x, y);
    if (a->kind != b->kind || a->name != b->name) return false;
    return Equal(MakeNode(Kind::kProduct, {x, MakeNumber(*a->value)}),
                 MakeNode(Kind::kProduct, {y, MakeNumber(*b->value)}));
  }

  static std::string TextOf(const NodePtr& node) {
    if (node->kind == Kind::kText) return PlainText(node->name);
    if (node->kind == Kind::kSymbol || node->kind == Kind::kConstant) return PlainText(node->name);
    if (node->kind != Kind::kProduct) return "";
    std::string text;
    for (const NodePtr& child : node->children) {
      if (child->kind != Kind::kSymbol && child->kind != Kind::kConstant) return "";
      text += PlainText(child->name);
    }
    return text;
  }
  static bool EqualTexts(const NodePtr& a, const NodePtr& b) {
    const std::string text = TextOf(a);
    return !text.empty() && text == TextOf(b);
  }

  // A bare list whose duplicates leave one member stands for that member.
  bool IsSingletonList(const NodePtr& node) {
    if (node->kind != Kind::kSet || !node->bare) return false;
    return Distinct(node->children).size() == 1;
  }
  bool EqualSingleton(const NodePtr& a, const NodePtr& b) {
    const NodePtr x = IsSingletonList(a) ? a->children[0] : a;
    const NodePtr y = IsSingletonList(b) ? b->children[0] : b;
    // {3} with braces is a set, still.
    const auto braced = [&](const NodePtr& node) {
      return node->kind == Kind::kSet && !node->bare;
    };
    if (braced(x) != braced(y)) {
      const NodePtr& set = braced(x) ? x : y;
      const NodePtr& list = braced(x) ? b : a;
      return list->kind == Kind::kSet && EqualSets(set->children, list->children);
    }
    return Equal(x, y);
  }

  std::vector<NodePtr> Distinct(const std::vector<NodePtr>& members) {
    std::vector<NodePtr> distinct;
    for (const NodePtr& member : members) {
      bool seen = false;
      for (const NodePtr& other : distinct) {
        seen =
            seen || SameTree(member, other) || (member->kind != Kind::kSet && Equal(member, other));
      }
      if (!seen) distinct.push_back(member);
    }
    return distinct;
  }
  // Variables on the left of the members that are equations.
  static std::set<std::string> LeftSides(const std::vector<NodePtr>& members) {
    std::set<std::string> names;
    for (const NodePtr& member : members) {
      if (member->kind == Kind::kRelation && IsSymbol(member->children[0])) {
        names.insert(member->children[0]->name);
      }
    }
    return names;
  }
  bool EqualSets(const std::vector<NodePtr>& a, const std::vector<NodePtr>& b) {
    // x = 1, y = 2 is no way to write the set {1, 2}.
    const std::set<std::string> left = LeftSides(a), right = LeftSides(b);
    if (left.empty() != right.empty() && std::max(left.size(), right.size()) > 1) return false;
    if (options_.ordered) return EqualInOrder(a, b);
    const std::vector<NodePtr> x = Distinct(a), y = Distinct(b);
    if (x.size() != y.size()) return false;
    std::vector<bool> used(y.size());
    for (const NodePtr& member : x) {
      bool found = false;
      for (size_t i = 0; i < y.size() && !found; ++i) {
        if (used[i] || !Equal(member, y[i])) continue;
        used[i] = found = true;
      }
      if (!found) return false;
    }
    return true;
  }
  bool EqualInOrder(const std::vector<NodePtr>& a, const std::vector<NodePtr>& b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
      if (!Equal(a[i], b[i])) return false;
    }
    return true;
  }

  bool EqualBounds(const std::optional<Bounds>& a, const std::optional<Bounds>& b) {
    if (!a || !b) return false;
    const bool other_variable =
        !a->variable.empty() && !b->variable.empty() && a->variable != b->variable;
    return !other_variable && a->open_low == b->open_low && a->open_high == b->open_high &&
           Equal(a->low, b->low) && Equal(a->high, b->high);
  }

  // Members of a union; a bare list of inequalities (x < 1 or x > 3) is one too.
  static std::vector<NodePtr> UnionMembers(const NodePtr& node) {
    if (node->kind == Kind::kUnion || (node->kind == Kind::kSet && node->bare)) {
      return node->children;
    }
    return {node};
  }
  bool EqualUnions(const NodePtr& a, const NodePtr& b) {
    const std::vector<NodePtr> x = UnionMembers(a), y = UnionMembers(b);
    if (x.size() != y.size()) return false;
    std::vector<bool> used(y.size());
    for (const NodePtr& member : x) {
      bool found = false;
      for (size_t i = 0; i < y.size() && !found; ++i) {
        if (used[i]) continue;
        const std::optional<Bounds> left = AsBounds(member), right = AsBounds(y[i]);
        const bool equal = left && right ? EqualBounds(left, right) : Equal(member, y[i]);
        if (equal) used[i] = found = true;
      }
      if (!found) return false;
    }
    return true;
  }

  // The value an equation gives its name: x = 5, 5 = x, f(2) = 19, n = 35 + 1 = 36.
  static NodePtr BareValue(const NodePtr& relation) {
    for (const std::string& sign : relation->operators) {
      if (sign == "in") return relation->operators.size() == 1 ? relation->children[1] : nullptr;
      if (sign != "=") return nullptr;
    }
    const bool swapped = relation->children.size() == 2 && IsSymbol(relation->children[1]) &&
                         !IsSymbol(relation->children[0]);
    return swapped ? relation->children.front() : relation->children.back();
  }
  bool EqualRelations(const NodePtr& a, const NodePtr& b) {
    if (a->kind == Kind::kRelation && b->kind == Kind::kRelation) return EqualTwoRelations(a, b);
    const NodePtr& relation = a->kind == Kind::kRelation ? a : b;
    const NodePtr& other = a->kind == Kind::kRelation ? b : a;
    if (const NodePtr value = BareValue(relation)) return Equal(value, other);
    if (other->kind == Kind::kSet && !IsSingletonList(other)) return false;
    return EqualBounds(AsBounds(relation), AsBounds(other));
  }
  bool EqualTwoRelations(const NodePtr& a, const NodePtr& b) {
    const std::optional<Bounds> left = AsBounds(a), right = AsBounds(b);
    if (left && right) return EqualBounds(left, right);
    if (a->operators == b->operators && EqualInOrder(a->children, b->children)) return true;
    const NodePtr x = BareValue(a), y = BareValue(b);
    const bool equations =
        x != nullptr && y != nullptr && a->operators[0] == "=" && b->operators[0] == "=";
    if (equations && (a->children.size() > 2 || b->children.size() > 2)) {
      return Equal(a->children[0], b->children[0]) && Equal(x, y);
    }
    if (a->children.size() != 2 || b->children.size() != 2) return false;
    return EqualUpToScale(a, b);
  }
  // l1 − r1 = c·(l2 − r2) with one constant c; c > 0 where the sign has a direction.
  bool EqualUpToScale(const NodePtr& a, const NodePtr& b) {
    const std::string& sign = a->operators[0];
    bool flipped = false;
    if (sign != b->operators[0]) {
      flipped = IsInequality(sign) && IsInequality(b->operators[0]) &&
                sign.size() == b->operators[0].size();
      if (!flipped) return false;
    }
    if (sign == "in") return false;
    for (const NodePtr& side : {a->children[0], a->children[1], b->children[0], b->children[1]}) {
      if (!IsScalar(side)) return false;
    }
    const NodePtr x = Difference(a->children[0], a->children[1]);
    const NodePtr y = flipped ? Difference(b->children[1], b->children[0])
                              : Difference(b->children[0], b->children[1]);
    std::set<std::string> names;
    CollectSymbols(x, names);
    if (names.empty()) return false;
    std::optional<Approximate> scale;
    int defined = 0;
    for (uint32_t i = 0; i < 16; ++i) {
      const auto p = ApproximateValue(x, {i}, budget_);
      const auto q = ApproximateValue(y, {i}, budget_);
      if (!p || !q || std::abs(q->value) < 1e-6) continue;
      const std::complex<double> ratio = p->value / q->value;
      const double error = (p->error + std::abs(ratio) * q->error) / std::abs(q->value);
      if (!scale) scale = Approximate{ratio, error};
      if (!Agree(*scale, {ratio, error + 1e-9 * std::abs(ratio)})) return false;
      ++defined;
    }
    if (defined < 8 || std::abs(scale->value) < 1e-9) return false;
    if (!IsInequality(sign)) return true;
    return scale->value.real() > 0.0 && std::fabs(scale->value.imag()) < 1e-9;
  }

  bool EqualScalars(const NodePtr& a, const NodePtr& b) {
    const bool percent = a->kind == Kind::kPercent || b->kind == Kind::kPercent;
    if (percent && options_.percent_either) {
      const NodePtr& x = a->kind == Kind::kPercent ? a->children[0] : a;
      const NodePtr& y = b->kind == Kind::kPercent ? b->children[0] : b;
      if (EqualValues(x, y)) return true;
    }
    return EqualValues(a, b);
  }
  bool EqualValues(const NodePtr& a, const NodePtr& b) {
    if (a->digits != nullptr && b->digits != nullptr) return a->digits->SameValue(*b->digits);
    const std::optional<Rational> x = ExactValue(a, budget_);
    const std::optional<Rational> y = ExactValue(b, budget_);
    if (x && y) return *x == *y || IsNear(x->Approximate(), y->Approximate());
    // A literal beyond 128 bits equals only another literal.
    if (a->digits != nullptr || b->digits != nullptr) return false;
    std::set<std::string> names;
    CollectSymbols(a, names);
    CollectSymbols(b, names);
    return names.empty() ? EqualConstants(a, b) : EqualAtPoints(a, b);
  }
  bool IsNear(double gold, double answer) const {
    return options_.rel > 0.0 && std::fabs(gold - answer) <= options_.rel * std::fabs(gold);
  }
  bool EqualConstants(const NodePtr& a, const NodePtr& b) {
    const auto x = ApproximateValue(a, {}, budget_);
    const auto y = ApproximateValue(b, {}, budget_);
    if (!x || !y) return false;
    if (Agree(*x, *y)) return true;
    const bool real = x->value.imag() == 0.0 && y->value.imag() == 0.0;
    return real && IsNear(x->value.real(), y->value.real());
  }
  bool EqualAtPoints(const NodePtr& a, const NodePtr& b) {
    int defined = 0;
    for (uint32_t i = 0; i < 16; ++i) {
      const auto x = ApproximateValue(a, {i}, budget_);
      const auto y = ApproximateValue(b, {i}, budget_);
      if (budget_.IsSpent()) return false;
      if (!x || !y) continue;
      if (!Agree(*x, *y)) return false;
      ++defined;
    }
    return defined >= 8;
  }

  const CompareOptions& options_;
  StepBudget& budget_;
};

bool HasTextRoot(const Expression& expression) { return expression.root->kind == Kind::kText; }

}  // namespace

bool AreEqual(const Expression& gold, const Expression& answer, const CompareOptions& options,
              StepBudget& budget) {
  if (HasTextRoot(gold) || HasTextRoot(answer)) {
    return !gold.plain_text.empty() && gold.plain_text == answer.plain_text;
  }
  const bool equal = Comparer(options, budget).Equal(gold.root, answer.root);
  return equal && !budget.IsSpent();
}

}  // namespace winnow::reward::math
