#include "model/jinja/runtime.h"

#include <utility>

#include "base/format.h"
#include "model/jinja/error.h"

namespace winnow::model::jinja {

Runtime::~Runtime() {
  // Each is still held here while it is emptied, so nothing is destroyed by deep recursion.
  for (const auto& space : namespaces_) space->fields.Clear();
}

void Runtime::Charge(size_t steps) {
  const int64_t left = limits_.max_steps - steps_;
  if (static_cast<int64_t>(steps) > left) {
    throw Error(Format("template takes more than {} steps", limits_.max_steps));
  }
  steps_ += static_cast<int64_t>(steps);
}

Value Runtime::MakeText(std::string text) {
  if (text.size() > limits_.max_output_bytes) throw Error("a text is larger than allowed");
  Charge(text.size() / 64);
  return Value::String(std::move(text));
}

std::vector<Value> Runtime::Items(const Value& value) {
  std::vector<Value> items = Iterate(value);
  Charge(items.size());
  return items;
}

Value Runtime::Call(const Value& callee, const Arguments& arguments) {
  RequireDefined(callee);
  if (!callee.Is(Value::Kind::kCallable)) {
    throw Error(Format("'{}' object is not callable", callee.TypeName()));
  }
  return callee.callable().call(*this, arguments);
}

Value Runtime::MakeNamespace(Dict fields) {
  auto space = std::make_shared<Namespace>();
  space->fields = std::move(fields);
  namespaces_.push_back(space);
  return Value::OfNamespace(std::move(space));
}

}  // namespace winnow::model::jinja
