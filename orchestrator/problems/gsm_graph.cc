#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/format.h"
#include "orchestrator/problems/registry.h"

namespace winnow::orchestrator {
namespace {

// A quantity of the story: "red pens at Maple School". Its definition is either a number (a leaf)
// or one operation on earlier quantities, an edge of the computation graph.
struct Quantity {
  std::string name;
  int64_t value = 0;
  std::string fact;  // the sentence that defines it
  std::string step;  // the line of the solution; empty for a leaf
};

const std::vector<std::string>& Items() {
  static const std::vector<std::string> items = {
      "red pens",    "blue kites",    "wooden chairs", "paper lanterns", "green apples",
      "story books", "clay pots",     "toy trains",    "silver coins",   "yellow balloons",
      "chess sets",  "garden gnomes", "music boxes",   "woollen hats",   "copper bells"};
  return items;
}
const std::vector<std::string>& Places() {
  static const std::vector<std::string> places = {
      "Maple School",   "the harbor market", "Hilltop Library", "the old mill", "Juniper Hall",
      "the north pier", "Willow Farm",       "the city museum", "Cedar Lodge",  "the corner shop"};
  return places;
}

// Builds one story around a random computation graph, after GSM-Infinity (arXiv:2502.05252, §3):
// the question needs exactly `op` operations, and `noise` facts do not bear on it.
class StoryBuilder {
 public:
  StoryBuilder(KeyedDraws& draws, int64_t max_value) : draws_(draws), max_value_(max_value) {
    for (const std::string& place : Places()) {
      for (const std::string& item : Items()) names_.push_back(Format("{} at {}", item, place));
    }
    draws_.Shuffle(names_);
  }

  // Index of a quantity whose graph has exactly `ops` operations; nullopt if the values left their
  // range.
  std::optional<size_t> Tree(int64_t ops) {
    if (ops == 0) return Leaf();
    const bool binary = draws_.Chance(1, 2);
    if (!binary) {
      const std::optional<size_t> base = Tree(ops - 1);
      return base ? WithConstant(*base) : std::nullopt;
    }
    // An earlier quantity as second operand makes the graph a graph, not a tree.
    const bool reuse = !quantities_.empty() && draws_.Chance(1, 3);
    const int64_t left_ops = reuse ? ops - 1 : draws_.Between(0, ops - 1);
    const std::optional<size_t> left = Tree(left_ops);
    if (!left) return std::nullopt;
    const std::optional<size_t> right = reuse ? Other(*left) : Tree(ops - 1 - left_ops);
    return right ? WithQuantity(*left, *right) : std::nullopt;
  }

  // One more fact that nothing asked for depends on.
  bool AddNoise() {
    if (quantities_.empty() || draws_.Chance(1, 2)) return Leaf().has_value();
    const size_t base = draws_.Below(quantities_.size());
    return WithConstant(base).has_value();
  }

  const std::vector<Quantity>& quantities() const { return quantities_; }

 private:
  std::optional<size_t> Add(int64_t value, const std::string& fact, const std::string& step) {
    if (value < 0 || value > max_value_ || names_.empty()) return std::nullopt;
    Quantity quantity{names_.back(), value, "", ""};
    names_.pop_back();
    quantity.fact = Format("The number of {} {}.", quantity.name, fact);
    if (!step.empty()) quantity.step = Format("{}: {} = {}.", quantity.name, step, value);
    quantities_.push_back(std::move(quantity));
    return quantities_.size() - 1;
  }
  std::optional<size_t> Leaf() {
    const int64_t value = draws_.Between(2, std::min<int64_t>(20, max_value_));
    return Add(value, Format("is {}", value), "");
  }
  // A few draws to find an operation whose value stays in range.
  std::optional<size_t> WithConstant(size_t base) {
    std::optional<size_t> made;
    for (int tries = 0; tries < 8 && !made; ++tries) made = TryConstant(base);
    return made;
  }
  std::optional<size_t> TryConstant(size_t base) {
    const std::string name = quantities_[base].name;
    const int64_t value = quantities_[base].value;
    const int64_t c = draws_.Between(2, 9);
    const int64_t kind = draws_.Between(0, 3);
    if (kind == 0) {
      return Add(value + c, Format("is {} more than the number of {}", c, name),
                 Format("{} + {}", value, c));
    }
    if (kind == 1) {
      return Add(value - c, Format("is {} less than the number of {}", c, name),
                 Format("{} - {}", value, c));
    }
    if (kind == 2 && value % 2 == 0) {
      return Add(value / 2, Format("is half of the number of {}", name), Format("{} / 2", value));
    }
    const int64_t factor = std::min<int64_t>(c, 5);
    return Add(value * factor, Format("is {} times the number of {}", factor, name),
               Format("{} * {}", factor, value));
  }
  std::optional<size_t> WithQuantity(size_t left, size_t right) {
    const Quantity a = quantities_[left], b = quantities_[right];
    if (a.value + b.value <= max_value_ && draws_.Chance(1, 2)) {
      return Add(a.value + b.value,
                 Format("equals the number of {} plus the number of {}", a.name, b.name),
                 Format("{} + {}", a.value, b.value));
    }
    const Quantity &more = a.value >= b.value ? a : b, &less = a.value >= b.value ? b : a;
    return Add(more.value - less.value,
               Format("equals the number of {} minus the number of {}", more.name, less.name),
               Format("{} - {}", more.value, less.value));
  }
  // An earlier quantity; it costs no operation, since the graph of `left` holds it already.
  std::optional<size_t> Other(size_t left) {
    const size_t other = draws_.Below(quantities_.size());
    return other == left ? Leaf() : std::optional<size_t>(other);
  }

  KeyedDraws& draws_;
  const int64_t max_value_;
  std::vector<std::string> names_;  // not yet used, taken from the back
  std::vector<Quantity> quantities_;
};

class GsmGraph final : public ProblemFamily {
 public:
  explicit GsmGraph(DifficultyReader& difficulty)
      : ops_(difficulty.Range("op", {2, 4}, {1, 30})),
        noise_(difficulty.Range("noise", {0, 2}, {0, 30})),
        max_value_(difficulty.Integer("max_value", 1000, {10, 1'000'000})) {}

  std::string name() const override { return "gsm_graph"; }

  std::optional<Problem> Make(KeyedDraws& draws) const override {
    const int64_t ops = draws.Between(ops_.low, ops_.high);
    const int64_t noise = draws.Between(noise_.low, noise_.high);
    StoryBuilder story(draws, max_value_);
    const std::optional<size_t> asked = story.Tree(ops);
    if (!asked) return std::nullopt;
    const size_t relevant = story.quantities().size();
    for (int64_t i = 0; i < noise; ++i) {
      if (!story.AddNoise()) return std::nullopt;
    }
    return Tell(story.quantities(), *asked, relevant, {ops, noise}, draws);
  }

 private:
  struct Counts {
    int64_t ops, noise;
  };
  Problem Tell(const std::vector<Quantity>& quantities, size_t asked, size_t relevant,
               Counts counts, KeyedDraws& draws) const {
    std::vector<std::string> facts;
    std::string solution;
    for (size_t i = 0; i < quantities.size(); ++i) {
      facts.push_back(quantities[i].fact);
      if (i < relevant && !quantities[i].step.empty()) solution += quantities[i].step + "\n";
    }
    draws.Shuffle(facts);
    Problem problem;
    for (const std::string& fact : facts) problem.prompt += fact + " ";
    problem.prompt += Format("What is the number of {}?", quantities[asked].name);
    problem.answer = Format("{}", quantities[asked].value);
    problem.level = Format("op{}n{}", counts.ops, counts.noise);
    problem.difficulty_json =
        nlohmann::ordered_json{{"op", counts.ops}, {"noise", counts.noise}}.dump();
    problem.metadata_json =
        nlohmann::ordered_json{{"solution", solution + "#### " + problem.answer}}.dump();
    return problem;
  }

  const IntegerRange ops_, noise_;
  const int64_t max_value_;
};

}  // namespace

std::unique_ptr<ProblemFamily> MakeGsmGraph(DifficultyReader& difficulty) {
  return std::make_unique<GsmGraph>(difficulty);
}

}  // namespace winnow::orchestrator
