#include "model/jinja/parameters.h"

#include <algorithm>
#include <utility>

#include "base/format.h"
#include "model/jinja/error.h"
#include "model/jinja/operators.h"

namespace winnow::model::jinja {

Parameters::Parameters(std::string_view callee, const Arguments& arguments,
                       std::initializer_list<std::string_view> names, size_t required)
    : callee_(callee),
      names_(names.begin(), names.end()),
      values_(names.size()),
      given_(names.size()) {
  if (arguments.positional.size() > names_.size()) {
    throw Error(Format("{} takes at most {} arguments, found {}", callee_, names_.size(),
                       arguments.positional.size()));
  }
  for (size_t i = 0; i < arguments.positional.size(); ++i) {
    values_[i] = arguments.positional[i];
    given_[i] = true;
  }
  for (const auto& [name, value] : arguments.named) {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) throw Error(Format("{} has no argument '{}'", callee_, name));
    const auto index = static_cast<size_t>(found - names_.begin());
    if (given_[index]) throw Error(Format("{} got argument '{}' twice", callee_, name));
    values_[index] = value;
    given_[index] = true;
  }
  for (size_t i = 0; i < required; ++i) {
    if (!given_[i]) throw Error(Format("{} needs argument '{}'", callee_, names_[i]));
  }
}

Value Parameters::Or(size_t index, Value otherwise) const {
  return given_[index] ? values_[index] : std::move(otherwise);
}

bool Parameters::Bool(size_t index, bool otherwise) const {
  return given_[index] ? values_[index].Truthy() : otherwise;
}

int64_t Parameters::Integer(size_t index, int64_t otherwise) const {
  if (!given_[index]) return otherwise;
  RequireDefined(values_[index]);
  if (!values_[index].IsInteger()) {
    throw Error(Format("argument '{}' of {} must be an integer, not {}", names_[index], callee_,
                       values_[index].TypeName()));
  }
  return values_[index].integer();
}

std::string Parameters::Text(size_t index, std::string_view otherwise) const {
  if (!given_[index]) return std::string(otherwise);
  RequireDefined(values_[index]);
  if (!values_[index].IsString()) {
    throw Error(Format("argument '{}' of {} must be a string, not {}", names_[index], callee_,
                       values_[index].TypeName()));
  }
  return values_[index].text();
}

}  // namespace winnow::model::jinja
