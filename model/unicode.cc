#include "model/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/check.h"
#include "model/unicode_tables.h"

namespace winnow::model {
namespace {

bool IsContinuation(uint8_t byte) { return (byte & 0xC0) == 0x80; }

bool InRanges(std::span<const CodePointRange> ranges, uint32_t c) {
  const auto after = std::upper_bound(
      ranges.begin(), ranges.end(), c,
      [](uint32_t value, const CodePointRange& range) { return value < range.first; });
  return after != ranges.begin() && c <= std::prev(after)->last;
}

utf8proc_category_t CategoryOf(uint32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

// The bounds of the second byte after `lead`; the others are 80..BF (Unicode 15, table 3-7).
struct SecondByte {
  uint8_t low;
  uint8_t high;
};
SecondByte SecondByteAfter(uint8_t lead) {
  if (lead == 0xE0) return {0xA0, 0xBF};
  if (lead == 0xED) return {0x80, 0x9F};
  if (lead == 0xF0) return {0x90, 0xBF};
  if (lead == 0xF4) return {0x80, 0x8F};
  return {0x80, 0xBF};
}

// One flag per block of 256 code points: does it hold one with a stand-in?
const std::array<bool, 0x1100>& StandInBlocks() {
  static const std::array<bool, 0x1100> blocks = [] {
    std::array<bool, 0x1100> made{};
    for (const StandIn& row : StandIns()) {
      for (uint32_t block = row.first >> 8; block <= row.last >> 8; ++block) made[block] = true;
    }
    return made;
  }();
  return blocks;
}

// The row that holds `c`, or null.
const StandIn* FindStandIn(uint32_t c) {
  const std::span<const StandIn> rows = StandIns();
  const auto after =
      std::upper_bound(rows.begin(), rows.end(), c,
                       [](uint32_t value, const StandIn& row) { return value < row.first; });
  if (after == rows.begin() || c > std::prev(after)->last) return nullptr;
  return &*std::prev(after);
}

// NFC by utf8proc alone.
void AppendNfc(std::string_view text, std::string* out) {
  if (text.empty()) return;
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &mapped,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  WINNOW_CHECK_GE(size, 0);
  out->append(reinterpret_cast<const char*>(mapped), static_cast<size_t>(size));
  std::free(mapped);
}

}  // namespace

DecodedChar DecodeUtf8(std::string_view bytes, size_t at) {
  using Kind = DecodedChar::Kind;
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t lead = byte(at);
  if (lead < 0x80) return {lead, 1, Kind::kValid};
  if (lead < 0xC2 || lead > 0xF4) return {};
  const uint8_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  uint32_t value = lead & (0xFFu >> (length + 1));
  const SecondByte second = SecondByteAfter(lead);
  for (uint8_t i = 1; i < length; ++i) {
    if (at + i >= bytes.size()) return {0xFFFD, i, Kind::kTruncated};
    const uint8_t next = byte(at + i);
    const bool fits = i == 1 ? next >= second.low && next <= second.high : IsContinuation(next);
    if (!fits) return {0xFFFD, i, Kind::kInvalid};
    value = (value << 6) | (next & 0x3Fu);
  }
  return {value, length, Kind::kValid};
}

void AppendUtf8(uint32_t c, std::string* out) {
  const auto put = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6));
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

bool IsValidUtf8(std::string_view bytes) {
  for (size_t at = 0; at < bytes.size();) {
    if (static_cast<uint8_t>(bytes[at]) < 0x80) {
      ++at;
      continue;
    }
    const DecodedChar next = DecodeUtf8(bytes, at);
    if (next.kind != DecodedChar::Kind::kValid) return false;
    at += next.size_bytes;
  }
  return true;
}

std::string RepairUtf8(std::string_view bytes) {
  Utf8Repairer repairer;
  std::string out = repairer.Push(bytes);
  out += repairer.Finish();
  return out;
}

std::vector<uint32_t> CodePointsOf(std::string_view text) {
  std::vector<uint32_t> points;
  points.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const DecodedChar next = DecodeUtf8(text, at);
    points.push_back(next.code_point);
    at += next.size_bytes;
  }
  return points;
}

std::string Utf8Of(const std::vector<uint32_t>& code_points) {
  std::string out;
  for (uint32_t c : code_points) AppendUtf8(c, &out);
  return out;
}

size_t CountCodePoints(std::string_view valid_text) {
  return static_cast<size_t>(std::count_if(valid_text.begin(), valid_text.end(), [](char c) {
    return !IsContinuation(static_cast<uint8_t>(c));
  }));
}

std::string Utf8Repairer::Push(std::string_view bytes) {
  std::string joined;
  if (!pending_.empty()) {
    joined = std::move(pending_);
    pending_.clear();
    joined += bytes;
    bytes = joined;
  }
  std::string out;
  out.reserve(bytes.size());
  for (size_t at = 0; at < bytes.size();) {
    const DecodedChar next = DecodeUtf8(bytes, at);
    if (next.kind == DecodedChar::Kind::kTruncated) {
      pending_ = bytes.substr(at);
      break;
    }
    if (next.kind == DecodedChar::Kind::kValid) {
      out += bytes.substr(at, next.size_bytes);
    } else {
      AppendUtf8(0xFFFD, &out);
    }
    at += next.size_bytes;
  }
  return out;
}

std::string Utf8Repairer::Finish() {
  std::string out;
  if (!pending_.empty()) AppendUtf8(0xFFFD, &out);
  pending_.clear();
  return out;
}

bool IsUnicodeSpace(uint32_t c) {
  return (c >= 0x9 && c <= 0xD) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool IsPythonSpace(uint32_t c) { return IsUnicodeSpace(c) || (c >= 0x1C && c <= 0x1F); }

bool IsNumeric(uint32_t c) {
  const utf8proc_category_t category = CategoryOf(c);
  return category == UTF8PROC_CATEGORY_ND || category == UTF8PROC_CATEGORY_NL ||
         category == UTF8PROC_CATEGORY_NO || InRanges(NewNumericRanges(), c);
}

bool IsDecimal(uint32_t c) { return CategoryOf(c) == UTF8PROC_CATEGORY_ND; }

bool IsAlphabetic(uint32_t c) {
  const utf8proc_category_t category = CategoryOf(c);
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL ||
         category == UTF8PROC_CATEGORY_LT || category == UTF8PROC_CATEGORY_LM ||
         category == UTF8PROC_CATEGORY_LO;
}

bool IsWordCharacter(uint32_t c) {
  if (const StandIn* row = FindStandIn(c); row != nullptr) c = row->stand_in;
  if (IsAlphabetic(c)) return true;
  const utf8proc_category_t category = CategoryOf(c);
  const bool by_category = category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
                           category == UTF8PROC_CATEGORY_ME || category == UTF8PROC_CATEGORY_ND ||
                           category == UTF8PROC_CATEGORY_NL || category == UTF8PROC_CATEGORY_PC;
  // Join controls, and the circled and squared letters, which are symbols but alphabetic.
  return by_category || c == 0x200C || c == 0x200D || (c >= 0x24B6 && c <= 0x24E9) ||
         (c >= 0x1F130 && c <= 0x1F149) || (c >= 0x1F150 && c <= 0x1F169) ||
         (c >= 0x1F170 && c <= 0x1F189);
}

bool IsPrintable(uint32_t c) {
  if (c == ' ') return true;
  switch (CategoryOf(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return false;
    default:
      return true;
  }
}

std::string NormalizeNfc(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  size_t begin = 0;      // of the part not yet normalised
  bool changes = false;  // below U+0300 all text is in normal form
  const auto flush = [&](size_t end) {
    const std::string_view part = text.substr(begin, end - begin);
    if (changes) {
      AppendNfc(part, &out);
    } else {
      out += part;
    }
  };
  for (size_t at = 0; at < text.size();) {
    if (static_cast<uint8_t>(text[at]) < 0xCC) {
      ++at;
      continue;
    }
    const DecodedChar next = DecodeUtf8(text, at);
    const size_t end = at + next.size_bytes;
    if (InRanges(NfcInertRanges(), next.code_point)) {
      flush(at);
      out += text.substr(at, next.size_bytes);
      begin = end;
      changes = false;
    } else {
      changes = true;
    }
    at = end;
  }
  flush(text.size());
  return out;
}

std::string WithStandIns(std::string_view text) {
  const std::array<bool, 0x1100>& blocks = StandInBlocks();
  std::string out(text);
  for (size_t at = 0; at < text.size();) {
    const uint8_t lead = static_cast<uint8_t>(text[at]);
    if (lead < 0xE0) {  // a stand-in has three or four bytes
      ++at;
      continue;
    }
    const DecodedChar next = DecodeUtf8(text, at);
    if (blocks[next.code_point >> 8]) {
      if (const StandIn* row = FindStandIn(next.code_point); row != nullptr) {
        std::string encoded;
        AppendUtf8(row->stand_in, &encoded);
        WINNOW_CHECK_EQ(encoded.size(), size_t{next.size_bytes});
        out.replace(at, encoded.size(), encoded);
      }
    }
    at += next.size_bytes;
  }
  return out;
}

bool AnyHasStandIn(uint32_t first, uint32_t last) {
  const std::span<const StandIn> rows = StandIns();
  return std::any_of(rows.begin(), rows.end(),
                     [&](const StandIn& row) { return row.first <= last && first <= row.last; });
}

}  // namespace winnow::model
