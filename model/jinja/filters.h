#pragma once

#include <span>
#include <string_view>

#include "model/jinja/runtime.h"
#include "model/jinja/value.h"

namespace winnow::model::jinja {

// `input | name(arguments)`.
using Filter = Value (*)(Runtime&, const Value& input, const Arguments& arguments);

// Null if there is no filter of that name.
Filter FindFilter(std::string_view name);

// The filters by file; a new one is a function and a row there.
struct FilterEntry {
  std::string_view name;
  Filter filter;
};
std::span<const FilterEntry> TextFilters();       // filters_text.cc
std::span<const FilterEntry> NumberFilters();     // filters_number.cc
std::span<const FilterEntry> SequenceFilters();   // filters_sequence.cc
std::span<const FilterEntry> SelectionFilters();  // filters_selection.cc: map, select, sort...

}  // namespace winnow::model::jinja
