#include "model/jinja/text_cutting.h"

#include <algorithm>

#include "model/jinja/error.h"
#include "model/unicode.h"

namespace winnow::model::jinja {
namespace {

bool IsLineEnd(uint32_t c) {
  return (c >= 0xA && c <= 0xD) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

// Whether one more cut is allowed after `cuts`.
bool MayCut(int64_t limit, size_t cuts) { return limit < 0 || cuts < static_cast<size_t>(limit); }

std::string Reversed(std::string_view text) {
  std::vector<uint32_t> points = CodePointsOf(text);
  std::reverse(points.begin(), points.end());
  return Utf8Of(points);
}

}  // namespace

std::vector<std::string> SplitAt(std::string_view text, std::string_view separator, int64_t limit) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (MayCut(limit, parts.size())) {
    const size_t at = text.find(separator, begin);
    if (at == std::string_view::npos) break;
    parts.emplace_back(text.substr(begin, at - begin));
    begin = at + separator.size();
  }
  parts.emplace_back(text.substr(begin));
  return parts;
}

std::vector<std::string> SplitAtFromRight(std::string_view text, std::string_view separator,
                                          int64_t limit) {
  std::vector<std::string> parts;
  size_t end = text.size();
  while (MayCut(limit, parts.size()) && end >= separator.size()) {
    const size_t at = text.rfind(separator, end - separator.size());
    if (at == std::string_view::npos) break;
    parts.emplace_back(text.substr(at + separator.size(), end - at - separator.size()));
    end = at;
  }
  parts.emplace_back(text.substr(0, end));
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string> SplitAtSpace(std::string_view text, int64_t limit) {
  std::vector<std::string> parts;
  const auto skip = [text](size_t at, bool spaces) {
    while (at < text.size()) {
      const DecodedChar next = DecodeUtf8(text, at);
      if (IsPythonSpace(next.code_point) != spaces) break;
      at += next.size_bytes;
    }
    return at;
  };
  size_t begin = skip(0, true);
  while (begin < text.size() && MayCut(limit, parts.size())) {
    const size_t end = skip(begin, false);
    parts.emplace_back(text.substr(begin, end - begin));
    begin = skip(end, true);
  }
  // After the last cut allowed, the rest stays as it is.
  if (begin < text.size()) parts.emplace_back(text.substr(begin));
  return parts;
}

std::vector<std::string> SplitAtSpaceFromRight(std::string_view text, int64_t limit) {
  std::vector<std::string> parts = SplitAtSpace(Reversed(text), limit);
  for (std::string& part : parts) part = Reversed(part);
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string> SplitLines(std::string_view text, bool keep_ends) {
  std::vector<std::string> lines;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const DecodedChar next = DecodeUtf8(text, at);
    size_t end = at + next.size_bytes;
    if (!IsLineEnd(next.code_point)) {
      at = end;
      continue;
    }
    if (next.code_point == '\r' && end < text.size() && text[end] == '\n') ++end;
    lines.emplace_back(text.substr(begin, (keep_ends ? end : at) - begin));
    begin = at = end;
  }
  if (begin < text.size()) lines.emplace_back(text.substr(begin));
  return lines;
}

std::string Strip(std::string_view text, const std::optional<std::string>& characters,
                  StripSide side) {
  const std::vector<uint32_t> set =
      characters.has_value() ? CodePointsOf(*characters) : std::vector<uint32_t>();
  const auto strips = [&](uint32_t c) {
    if (!characters.has_value()) return IsPythonSpace(c);
    return std::find(set.begin(), set.end(), c) != set.end();
  };
  size_t begin = 0;
  size_t end = text.size();
  while (side != StripSide::kRight && begin < end) {
    const DecodedChar next = DecodeUtf8(text, begin);
    if (!strips(next.code_point)) break;
    begin += next.size_bytes;
  }
  while (side != StripSide::kLeft && end > begin) {
    size_t at = end - 1;
    while (at > begin && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) --at;
    if (!strips(DecodeUtf8(text, at).code_point)) break;
    end = at;
  }
  return std::string(text.substr(begin, end - begin));
}

std::string ReplaceText(std::string_view text, std::string_view from, std::string_view to,
                        int64_t count, size_t max_bytes) {
  std::string out;
  size_t at = 0;
  for (int64_t done = 0; count < 0 || done < count; ++done) {
    const size_t found = text.find(from, at);
    if (found == std::string_view::npos) break;
    out += text.substr(at, found - at);
    out += to;
    at = found + from.size();
    if (from.empty()) {  // between all characters, and at both ends
      if (at >= text.size()) return out;
      const size_t size = DecodeUtf8(text, at).size_bytes;
      out += text.substr(at, size);
      at += size;
    }
    if (out.size() > max_bytes) throw Error("a text is larger than allowed");
  }
  out += text.substr(at);
  return out;
}

std::string Centre(std::string_view text, int64_t width, std::string_view fill) {
  const int64_t missing = width - static_cast<int64_t>(CountCodePoints(text));
  if (missing <= 0) return std::string(text);
  const int64_t left = missing / 2 + (missing & width & 1);  // as Python rounds
  std::string out;
  for (int64_t i = 0; i < left; ++i) out += fill;
  out += text;
  for (int64_t i = left; i < missing; ++i) out += fill;
  return out;
}

}  // namespace winnow::model::jinja
