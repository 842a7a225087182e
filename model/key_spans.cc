#include "model/key_spans.h"

#include <algorithm>

#include "base/check.h"

namespace winnow::model {
namespace {

// Those of tokens [begin, end).
void AppendInterval(std::span<const KeySpan> keys, size_t begin, size_t end,
                    std::vector<KeySpan>* out) {
  size_t token = 0;
  for (const KeySpan& span : keys) {
    const size_t from = std::max(begin, token), to = std::min(end, token + span.count);
    if (from < to) {
      out->push_back({.pages = span.pages,
                      .first = span.first + (from - token),
                      .count = to - from,
                      .row = span.row + (from - token)});
    }
    token += span.count;
  }
  WINNOW_CHECK_LE(end, token);
}

}  // namespace

void AppendVisible(std::span<const KeySpan> keys, size_t end, std::span<const TokenInterval> holes,
                   std::vector<KeySpan>* out) {
  size_t begin = 0;
  for (const TokenInterval& hole : holes) {
    WINNOW_CHECK_LE(begin, hole.begin);
    WINNOW_CHECK_LE(hole.begin, hole.end);
    WINNOW_CHECK_LE(hole.end, end);
    AppendInterval(keys, begin, hole.begin, out);
    begin = hole.end;
  }
  AppendInterval(keys, begin, end, out);
}

}  // namespace winnow::model
