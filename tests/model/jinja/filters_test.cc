#include "model/jinja/filters.h"

#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

TEST(FiltersTest, FindsEveryFilterOnceByItsName) {
  for (const auto table : {TextFilters(), NumberFilters(), SequenceFilters(), SelectionFilters()}) {
    for (const FilterEntry& entry : table) EXPECT_EQ(FindFilter(entry.name), entry.filter);
  }
  EXPECT_EQ(FindFilter("random"), nullptr);
  EXPECT_EQ(FindFilter(""), nullptr);
}

}  // namespace
}  // namespace winnow::model::jinja
