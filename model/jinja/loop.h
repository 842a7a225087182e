#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "model/jinja/value.h"

namespace winnow::model::jinja {

// One for loop while it runs: hands out its items, and what `loop.index` and the like say of it.
// Items that the loop's `if` drops are found when the loop gets to them, or when the template asks
// for what lies ahead (loop.last, loop.length), as in Jinja.
class LoopState {
 public:
  // `keep` says whether an item passes the loop's filter; empty if it has none.
  LoopState(std::vector<Value> items, std::function<bool(const Value&)> keep);

  // Moves to the next item; nothing at the end.
  std::optional<Value> Next();
  // The loop is over: its filter must not be asked any more.
  void Close() {
    keep_ = nullptr;
    is_closed_ = true;
  }

  // loop.NAME; undefined if there is no such attribute. `self` is the loop's value.
  static Value Attribute(const Value& self, std::string_view name);
  int depth() const { return depth_; }

 private:
  // Finds items until `count` have passed the filter or there are no more.
  void FindKept(size_t count);
  int64_t Length();
  static Value Cycle(const Value& self);
  static Value Changed(const Value& self);

  std::vector<Value> source_;
  std::function<bool(const Value&)> keep_;
  size_t source_at_ = 0;     // items before this went through the filter
  std::vector<Value> kept_;  // those that passed
  size_t started_ = 0;       // how many of them the loop has begun
  bool is_closed_ = false;
  std::optional<std::vector<Value>> changed_;  // arguments of the last loop.changed
  int depth_ = 1;
};

}  // namespace winnow::model::jinja
