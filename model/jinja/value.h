#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace winnow::model::jinja {

class Value;
class Runtime;

// Arguments of a call, a filter or a test.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

// A list and what else Python iterates: the flavours differ in printing and in what they allow.
struct List {
  enum class Flavor : uint8_t {
    kList,
    kTuple,
    kRange,      // range(...), prints as such
    kView,       // dict.keys() and the like: has a length, no index
    kGenerator,  // of a filter: can be gone through once, has no length
  };
  std::vector<Value> items;
  Flavor flavor = Flavor::kList;
  std::string label;         // how a range or view prints; "group" marks a pair of groupby
  bool is_consumed = false;  // of a generator
  int depth = 1;
};

// A dict in order of insertion.
class Dict {
 public:
  // Adds or replaces; a replaced entry keeps its place.
  void Set(const Value& key, Value value);
  const Value* Find(const Value& key) const;
  const Value* Find(std::string_view key) const;
  const std::vector<std::pair<Value, Value>>& entries() const { return entries_; }
  size_t size() const { return entries_.size(); }
  int depth() const { return depth_; }
  void Clear();

 private:
  std::vector<std::pair<Value, Value>> entries_;
  std::unordered_map<std::string, size_t> index_;  // by the key's HashText
  int depth_ = 1;
};

// namespace(...): the only value that changes.
struct Namespace {
  Dict fields;
};

// Something that can be called: a macro, a method bound to its value, a global function.
struct Callable {
  std::string name;
  std::function<Value(Runtime&, const Arguments&)> call;
  int depth = 1;
};

// The state of one for loop, as its `loop` variable shows it; see loop.h.
class LoopState;

// A value of a template: small, cheap to copy, shared below. Everything but namespaces and loops is
// immutable, as in transformers' sandbox.
class Value {
 public:
  enum class Kind : uint8_t {
    kUndefined,
    kNone,
    kBool,
    kInt,
    kFloat,
    kString,
    kMarkup,  // of safe and escape: can be printed, and little else
    kList,
    kDict,
    kNamespace,
    kCallable,
    kLoop,
  };
  // Nested deeper than this is an error: values are destroyed and printed by recursion.
  static constexpr int kMaxDepth = 128;

  Value() : Value(Undefined("value")) {}
  // `hint` is the whole complaint of one who uses it, like "'x' is undefined".
  static Value Undefined(std::string hint);
  static Value None() { return Value(Data(std::in_place_index<1>)); }
  static Value Bool(bool b) { return Value(Data(std::in_place_index<2>, b)); }
  static Value Int(int64_t i) { return Value(Data(std::in_place_index<3>, i)); }
  static Value Float(double d) { return Value(Data(std::in_place_index<4>, d)); }
  static Value String(std::string text);
  static Value Markup(std::string text);
  // These throw Error if the value would be nested too deep.
  static Value MakeList(std::vector<Value> items, List::Flavor flavor = List::Flavor::kList,
                        std::string label = "");
  static Value MakeDict(Dict dict);
  static Value MakeCallable(Callable callable);
  static Value OfNamespace(std::shared_ptr<Namespace> space);
  static Value OfLoop(std::shared_ptr<LoopState> loop);

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool Is(Kind kind) const { return this->kind() == kind; }
  bool IsUndefined() const { return Is(Kind::kUndefined); }
  bool IsString() const { return Is(Kind::kString); }
  bool IsInteger() const { return Is(Kind::kInt) || Is(Kind::kBool); }  // bool is an int in Python
  bool IsNumber() const { return IsInteger() || Is(Kind::kFloat); }
  bool IsList(List::Flavor flavor) const;

  // REQUIRES: the kind that the name says (strings: also undefined's hint and markup).
  const std::string& text() const;
  int64_t integer() const;  // also of a bool
  double number() const;    // of any number
  const List& list() const { return *std::get<7>(data_); }
  List& mutable_list() const { return *std::get<7>(data_); }
  const Dict& dict() const { return *std::get<8>(data_); }
  Namespace& space() const { return *std::get<9>(data_); }
  const Callable& callable() const { return *std::get<10>(data_); }
  const std::shared_ptr<LoopState>& loop() const { return std::get<11>(data_); }

  // Python's name of the type, for messages.
  std::string TypeName() const;
  // Nesting depth of containers, 0 for a plain value.
  int Depth() const;
  bool Truthy() const;
  // True if both share one object or are equal simple values (`is sameas`).
  bool SameAs(const Value& other) const;

 private:
  struct MarkupText {
    std::string text;
  };
  using Data =
      std::variant<std::shared_ptr<const std::string>, std::monostate, bool, int64_t, double,
                   std::shared_ptr<const std::string>, std::shared_ptr<const MarkupText>,
                   std::shared_ptr<List>, std::shared_ptr<const Dict>, std::shared_ptr<Namespace>,
                   std::shared_ptr<const Callable>, std::shared_ptr<LoopState>>;
  explicit Value(Data data) : data_(std::move(data)) {}
  Data data_;
};

// A text that is equal for keys that Python finds equal (1, 1.0 and True are one key).
// Throws Error for what Python cannot hash.
std::string HashText(const Value& key);

}  // namespace winnow::model::jinja
