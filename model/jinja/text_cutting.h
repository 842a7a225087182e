#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Cutting and filling of text as Python's str does it. REQUIRES: valid UTF-8 everywhere.
namespace winnow::model::jinja {

// str.split and str.rsplit; at most `limit` cuts, any number if it is negative.
std::vector<std::string> SplitAt(std::string_view text, std::string_view separator, int64_t limit);
std::vector<std::string> SplitAtFromRight(std::string_view text, std::string_view separator,
                                          int64_t limit);
// The same without a separator: at runs of white space, which also goes at both ends.
std::vector<std::string> SplitAtSpace(std::string_view text, int64_t limit);
std::vector<std::string> SplitAtSpaceFromRight(std::string_view text, int64_t limit);

// str.splitlines.
std::vector<std::string> SplitLines(std::string_view text, bool keep_ends);

// The text without the characters of `characters` at its ends, or without white space if it is
// nothing (str.strip, lstrip, rstrip).
enum class StripSide : uint8_t { kBoth, kLeft, kRight };
std::string Strip(std::string_view text, const std::optional<std::string>& characters,
                  StripSide side);

// Replaces the first `count` occurrences, all if it is negative (str.replace). Throws Error if more
// than `max_bytes` come out.
std::string ReplaceText(std::string_view text, std::string_view from, std::string_view to,
                        int64_t count, size_t max_bytes);

// Centres the text in a field of `width` characters (str.center).
std::string Centre(std::string_view text, int64_t width, std::string_view fill);

}  // namespace winnow::model::jinja
