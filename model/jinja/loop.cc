#include "model/jinja/loop.h"

#include <algorithm>
#include <utility>

#include "base/format.h"
#include "model/jinja/error.h"
#include "model/jinja/operators.h"

namespace winnow::model::jinja {

LoopState::LoopState(std::vector<Value> items, std::function<bool(const Value&)> keep)
    : source_(std::move(items)), keep_(std::move(keep)) {
  for (const Value& item : source_) depth_ = std::max(depth_, item.Depth() + 1);
  if (!keep_) {
    kept_ = std::move(source_);
    source_.clear();
  }
}

void LoopState::FindKept(size_t count) {
  while (kept_.size() < count && source_at_ < source_.size()) {
    if (is_closed_) throw Error("the loop is over: what lay ahead of it is not known");
    const Value& item = source_[source_at_++];
    if (keep_(item)) kept_.push_back(item);
  }
}

std::optional<Value> LoopState::Next() {
  FindKept(started_ + 1);
  if (started_ >= kept_.size()) return std::nullopt;
  return kept_[started_++];
}

int64_t LoopState::Length() {
  FindKept(source_.size());
  return static_cast<int64_t>(kept_.size());
}

Value LoopState::Cycle(const Value& self) {
  const size_t index = self.loop()->started_ - 1;
  return Value::MakeCallable({"loop.cycle",
                              [index](Runtime&, const Arguments& arguments) {
                                const auto& choices = arguments.positional;
                                if (choices.empty()) throw Error("no items for cycling given");
                                return choices[index % choices.size()];
                              },
                              1});
}

Value LoopState::Changed(const Value& self) {
  return Value::MakeCallable(
      {"loop.changed",
       [loop = self.loop().get(), self](Runtime&, const Arguments& arguments) {
         const auto& now = arguments.positional;
         const bool is_same =
             loop->changed_.has_value() &&
             std::equal(now.begin(), now.end(), loop->changed_->begin(), loop->changed_->end(),
                        [](const Value& a, const Value& b) { return Equal(a, b); });
         if (!is_same) loop->changed_ = now;
         return Value::Bool(!is_same);
       },
       self.Depth() + 1});
}

Value LoopState::Attribute(const Value& self, std::string_view name) {
  LoopState& loop = *self.loop();
  const auto index = static_cast<int64_t>(loop.started_);
  if (name == "index") return Value::Int(index);
  if (name == "index0") return Value::Int(index - 1);
  if (name == "first") return Value::Bool(index == 1);
  if (name == "depth") return Value::Int(1);  // recursive loops are refused
  if (name == "depth0") return Value::Int(0);
  if (name == "length") return Value::Int(loop.Length());
  if (name == "revindex") return Value::Int(loop.Length() - index + 1);
  if (name == "revindex0") return Value::Int(loop.Length() - index);
  if (name == "cycle") return Cycle(self);
  if (name == "changed") return Changed(self);
  if (name == "previtem") {
    if (loop.started_ < 2) return Value::Undefined("there is no previous item");
    return loop.kept_[loop.started_ - 2];
  }
  if (name == "last" || name == "nextitem") {
    loop.FindKept(loop.started_ + 1);
    const bool is_last = loop.started_ >= loop.kept_.size();
    if (name == "last") return Value::Bool(is_last);
    return is_last ? Value::Undefined("there is no next item") : loop.kept_[loop.started_];
  }
  return Value::Undefined(Format("'LoopContext object' has no attribute '{}'", name));
}

}  // namespace winnow::model::jinja
