#include "model/jinja/scope.h"

namespace winnow::model::jinja {

void Scope::Set(std::string_view name, Value value) {
  for (auto& [known, old] : variables_) {
    if (known == name) {
      old = std::move(value);
      return;
    }
  }
  variables_.emplace_back(name, std::move(value));
}

const Value* Scope::Find(std::string_view name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent_) {
    for (const auto& [known, value] : scope->variables_) {
      if (known == name) return &value;
    }
  }
  return nullptr;
}

void Scope::Keep() {
  for (Scope* scope = this; scope != nullptr && !scope->is_kept_; scope = scope->parent_) {
    scope->is_kept_ = true;
  }
}

}  // namespace winnow::model::jinja
