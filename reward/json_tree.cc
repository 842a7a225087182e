#include "reward/json_tree.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <numeric>

namespace winnow::reward {
namespace {

constexpr size_t kMaxNodes = 1000;
constexpr size_t kMaxDepth = 64;
constexpr int64_t kMaxExponent = 10000;

// Builds the tree; a false return ends the parse.
class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return Add({}); }
  bool boolean(bool value) override {
    return Add({.kind = JsonNode::Kind::kBool, .boolean = value});
  }
  bool number_integer(int64_t value) override { return AddNumber(std::to_string(value)); }
  bool number_unsigned(uint64_t value) override { return AddNumber(std::to_string(value)); }
  bool number_float(double, const std::string& text) override { return AddNumber(text); }
  bool string(std::string& value) override {
    return Add({.kind = JsonNode::Kind::kText, .text = std::move(value)});
  }
  bool binary(nlohmann::json::binary_t&) override { return false; }
  bool start_object(size_t) override { return Open(JsonNode::Kind::kObject); }
  bool start_array(size_t) override { return Open(JsonNode::Kind::kArray); }
  bool key(std::string& name) override {
    open_.back().keys.push_back(std::move(name));
    return true;
  }
  bool end_array() override { return Close(); }
  bool end_object() override { return SortMembers(&open_.back()) && Close(); }
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception&) override {
    return false;
  }

  JsonNode TakeRoot() { return std::move(root_); }

 private:
  bool Add(JsonNode node) {
    if (++num_nodes_ > kMaxNodes) return false;
    Place(std::move(node));
    return true;
  }
  bool AddNumber(std::string_view text) {
    std::optional<JsonNumber> number = ReadJsonNumber(text);
    if (!number) return false;
    return Add({.kind = JsonNode::Kind::kNumber, .number = *std::move(number)});
  }
  bool Open(JsonNode::Kind kind) {
    if (++num_nodes_ > kMaxNodes || open_.size() >= kMaxDepth) return false;
    open_.push_back({.kind = kind});
    return true;
  }
  bool Close() {
    JsonNode node = std::move(open_.back());
    open_.pop_back();
    Place(std::move(node));
    return true;
  }
  void Place(JsonNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else {
      open_.back().items.push_back(std::move(node));
    }
  }
  // False if a key stands twice.
  static bool SortMembers(JsonNode* object) {
    std::vector<size_t> order(object->keys.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return object->keys[a] < object->keys[b]; });
    JsonNode sorted{.kind = JsonNode::Kind::kObject};
    for (size_t i : order) {
      if (!sorted.keys.empty() && sorted.keys.back() == object->keys[i]) return false;
      sorted.keys.push_back(std::move(object->keys[i]));
      sorted.items.push_back(std::move(object->items[i]));
    }
    *object = std::move(sorted);
    return true;
  }

  std::vector<JsonNode> open_;
  JsonNode root_;
  size_t num_nodes_ = 0;
};

size_t NumLeaves(const JsonNode& node) {
  if (node.items.empty()) return 1;
  size_t leaves = 0;
  for (const JsonNode& item : node.items) leaves += NumLeaves(item);
  return leaves;
}

struct LeafCount {
  size_t equal = 0;
  size_t all = 0;
};

void CountLeaves(const JsonNode& a, const JsonNode& b, LeafCount* count) {
  if (a.kind != b.kind || a.items.empty() || b.items.empty()) {
    const bool equal = a == b;
    count->equal += equal ? 1 : 0;
    // Different leaves at one path are one path; against a branch its leaves are others.
    count->all += equal ? 1 : std::max(NumLeaves(a), NumLeaves(b));
    return;
  }
  if (a.kind == JsonNode::Kind::kArray) {
    const size_t shared = std::min(a.items.size(), b.items.size());
    for (size_t i = 0; i < shared; ++i) CountLeaves(a.items[i], b.items[i], count);
    const JsonNode& longer = a.items.size() > b.items.size() ? a : b;
    for (size_t i = shared; i < longer.items.size(); ++i) count->all += NumLeaves(longer.items[i]);
    return;
  }
  for (size_t i = 0; i < a.keys.size(); ++i) {
    const JsonNode* other = b.Find(a.keys[i]);
    if (other != nullptr) {
      CountLeaves(a.items[i], *other, count);
    } else {
      count->all += NumLeaves(a.items[i]);
    }
  }
  for (size_t i = 0; i < b.keys.size(); ++i) {
    if (a.Find(b.keys[i]) == nullptr) count->all += NumLeaves(b.items[i]);
  }
}

}  // namespace

std::optional<JsonNumber> ReadJsonNumber(std::string_view text) {
  JsonNumber number{.negative = text.starts_with('-')};
  int64_t point = -1;  // digits before the decimal point
  size_t at = number.negative ? 1 : 0;
  for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
    if (text[at] == '.') {
      point = static_cast<int64_t>(number.digits.size());
    } else {
      number.digits += text[at];
    }
  }
  if (point < 0) point = static_cast<int64_t>(number.digits.size());
  int64_t power = 0;
  if (at < text.size()) {
    ++at;
    if (at < text.size() && text[at] == '+') ++at;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), power);
    if (error != std::errc() || power < -kMaxExponent || power > kMaxExponent) return std::nullopt;
  }
  const size_t first = number.digits.find_first_not_of('0');
  if (first == std::string::npos) return JsonNumber();
  number.exponent = point - static_cast<int64_t>(first) + power;
  number.digits = number.digits.substr(first, number.digits.find_last_not_of('0') + 1 - first);
  return number;
}

std::strong_ordering Compare(const JsonNumber& a, const JsonNumber& b) {
  const auto sign = [](const JsonNumber& x) { return x.digits.empty() ? 0 : x.negative ? -1 : 1; };
  if (sign(a) != sign(b)) return sign(a) <=> sign(b);
  const auto magnitude =
      a.exponent != b.exponent ? a.exponent <=> b.exponent : a.digits.compare(b.digits) <=> 0;
  return sign(a) >= 0 ? magnitude : 0 <=> magnitude;
}

const JsonNode* JsonNode::Find(std::string_view key) const {
  const auto found = std::lower_bound(keys.begin(), keys.end(), key);
  return found == keys.end() || *found != key ? nullptr : &items[found - keys.begin()];
}

std::optional<JsonNode> ReadJson(std::string_view text) {
  TreeBuilder builder;
  if (!nlohmann::json::sax_parse(text, &builder)) return std::nullopt;
  return builder.TakeRoot();
}

double ShareOfEqualLeaves(const JsonNode& a, const JsonNode& b) {
  LeafCount count;
  CountLeaves(a, b, &count);
  return static_cast<double>(count.equal) / static_cast<double>(count.all);
}

}  // namespace winnow::reward
