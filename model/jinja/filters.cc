#include "model/jinja/filters.h"

namespace winnow::model::jinja {

Filter FindFilter(std::string_view name) {
  for (const auto table : {TextFilters(), NumberFilters(), SequenceFilters(), SelectionFilters()}) {
    for (const FilterEntry& entry : table) {
      if (entry.name == name) return entry.filter;
    }
  }
  return nullptr;
}

}  // namespace winnow::model::jinja
