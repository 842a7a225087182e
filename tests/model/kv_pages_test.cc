#include "model/kv_pages.h"

#include <gtest/gtest.h>

#include <cstring>

namespace winnow::model {
namespace {

const ModelConfig kConfig{.num_heads = 4, .num_kv_heads = 2, .head_dim = 4};

TEST(KvPagesTest, PagesOfAllLayersAreApart) {
  KvPages<float> kv(kConfig, /*element_bytes=*/4, /*num_layers=*/3, /*page_tokens=*/8,
                    /*num_pages=*/5);
  const size_t page_bytes = 2 * 2 * 8 * 4 * 4;
  for (size_t layer = 0; layer < 3; ++layer) {
    for (int32_t page = 0; page < 5; ++page) {
      std::memset(kv.Page(layer, page), static_cast<int>(10 * layer) + page, page_bytes);
    }
  }
  for (size_t layer = 0; layer < 3; ++layer) {
    for (int32_t page = 0; page < 5; ++page) {
      const auto want = static_cast<std::byte>(10 * layer + static_cast<size_t>(page));
      EXPECT_EQ(kv.Page(layer, page)[0], want);
      EXPECT_EQ(kv.Page(layer, page)[page_bytes - 1], want);
    }
  }
}

TEST(KvPagesTest, CopiesTheFirstTokensOfEveryHeadAndLayer) {
  KvPages<float> kv(kConfig, /*element_bytes=*/2, /*num_layers=*/2, /*page_tokens=*/8,
                    /*num_pages=*/2);
  const size_t head_bytes = 8 * 4 * 2, page_bytes = 4 * head_bytes;
  for (size_t layer = 0; layer < 2; ++layer) {
    std::memset(kv.Page(layer, 0), 1, page_bytes);
    std::memset(kv.Page(layer, 1), 2, page_bytes);
  }
  kv.CopyPage(/*from=*/0, /*to=*/1, /*tokens=*/3);
  for (size_t layer = 0; layer < 2; ++layer) {
    for (size_t byte = 0; byte < page_bytes; ++byte) {
      const bool copied = byte % head_bytes < 3 * 4 * 2;
      ASSERT_EQ(kv.Page(layer, 1)[byte], std::byte{copied ? uint8_t{1} : uint8_t{2}});
    }
  }
}

TEST(PagedRowsTest, GivesEachRowItsSlot) {
  KvPages<float> kv(kConfig, /*element_bytes=*/4, /*num_layers=*/2, /*page_tokens=*/4,
                    /*num_pages=*/9);
  const std::vector<int32_t> first{7, 2}, second{5, 0, 8};
  const std::vector<PassSequence> sequences{
      {.pages = first, .num_cached = 3, .row_begin = 0, .row_end = 2},
      {.pages = second, .num_cached = 0, .row_begin = 2, .row_end = 7}};
  PagedRows<float> rows;
  rows.Assign(sequences, 7, 4);
  rows.PointAt(&kv, 1);
  EXPECT_EQ(std::vector<int32_t>(rows.positions().begin(), rows.positions().end()),
            (std::vector<int32_t>{3, 4, 0, 1, 2, 3, 4}));
  EXPECT_EQ(rows.max_position(), 4);
  EXPECT_EQ(rows.slots()[0].page, kv.Page(1, 7));
  EXPECT_EQ(rows.slots()[0].slot, 3u);
  EXPECT_EQ(rows.slots()[1].page, kv.Page(1, 2));
  EXPECT_EQ(rows.slots()[1].slot, 0u);
  EXPECT_EQ(rows.slots()[6].page, kv.Page(1, 0));
  ASSERT_EQ(rows.sequences().size(), 2u);
  EXPECT_EQ(rows.sequences()[0].keys[0].count, 5u);
  ASSERT_EQ(rows.sequences()[1].keys.size(), 1u);
  const device::KeyRun& run = rows.sequences()[1].keys[0];
  ASSERT_EQ(run.pages.size(), 2u) << "the third page is not in use yet";
  EXPECT_EQ(run.pages[1], kv.Page(1, 0));
  rows.PointAt(&kv, 0);
  EXPECT_EQ(run.pages[0], kv.Page(0, 5));
}

TEST(PagedRowsDeathTest, RefusesASequenceWithTooFewPages) {
  const std::vector<int32_t> pages{0};
  const std::vector<PassSequence> sequences{{.pages = pages, .row_begin = 0, .row_end = 5}};
  PagedRows<float> rows;
  EXPECT_DEATH(rows.Assign(sequences, 5, 4), "own.pages");
}

}  // namespace
}  // namespace winnow::model
