#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/jinja/value.h"

namespace winnow::model::jinja {

// Variables of a block; names not found here are looked up in the block around it.
class Scope {
 public:
  explicit Scope(Scope* parent) : parent_(parent) {}

  void Set(std::string_view name, Value value);
  // Null if neither this scope nor one around it has the name.
  const Value* Find(std::string_view name) const;

  // A macro made here may be called later: this scope and those around it must outlive it.
  void Keep();
  bool is_kept() const { return is_kept_; }
  void Clear() { variables_.clear(); }

 private:
  Scope* parent_;
  bool is_kept_ = false;
  std::vector<std::pair<std::string, Value>> variables_;  // few: searched from the front
};

}  // namespace winnow::model::jinja
