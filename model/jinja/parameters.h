#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "model/jinja/value.h"

namespace winnow::model::jinja {

// The arguments of a built-in, put into the order of its parameters. Throws Error for too many, for
// unknown or repeated names, and for missing ones.
class Parameters {
 public:
  Parameters(std::string_view callee, const Arguments& arguments,
             std::initializer_list<std::string_view> names, size_t required = 0);

  // Whether an argument was given.
  bool Has(size_t index) const { return given_[index]; }
  // REQUIRES: Has(index), or index < required.
  const Value& At(size_t index) const { return values_[index]; }
  Value Or(size_t index, Value otherwise) const;
  bool Bool(size_t index, bool otherwise) const;
  int64_t Integer(size_t index, int64_t otherwise) const;
  std::string Text(size_t index, std::string_view otherwise) const;

 private:
  std::string callee_;
  std::vector<std::string> names_;
  std::vector<Value> values_;
  std::vector<bool> given_;
};

}  // namespace winnow::model::jinja
