#include "model/jinja/string_literal.h"

#include <charconv>
#include <cstdint>

#include "base/format.h"
#include "model/jinja/error.h"
#include "model/unicode.h"

namespace winnow::model::jinja {
namespace {

// The character of a one-letter escape, or -1.
int SimpleEscape(char c) {
  constexpr std::string_view kLetters = "\\'\"abfnrtv";
  constexpr std::string_view kValues = "\\'\"\a\b\f\n\r\t\v";
  const size_t at = kLetters.find(c);
  return at == std::string_view::npos ? -1 : kValues[at];
}

uint32_t ReadHex(std::string_view digits, size_t count) {
  uint32_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  const bool is_whole = error == std::errc() && end == digits.data() + count;
  if (digits.size() != count || !is_whole || value > 0x10FFFF ||
      (value >= 0xD800 && value < 0xE000)) {
    throw Error(Format("bad escape in a string: `{}`", digits));
  }
  return value;
}

}  // namespace

std::string ResolveEscapes(std::string_view written) {
  std::string out;
  for (size_t at = 0; at < written.size();) {
    if (written[at] != '\\' || at + 1 >= written.size()) {
      out += written[at++];
      continue;
    }
    const char kind = written[at + 1];
    at += 2;
    if (const int simple = SimpleEscape(kind); simple >= 0) {
      out += static_cast<char>(simple);
    } else if (kind == '\n') {
      continue;
    } else if (kind == 'x' || kind == 'u' || kind == 'U') {
      const size_t count = kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
      AppendUtf8(ReadHex(written.substr(at, count), count), &out);
      at += count;
    } else if (kind >= '0' && kind <= '7') {
      uint32_t value = static_cast<uint32_t>(kind - '0');
      for (int i = 0; i < 2 && at < written.size() && written[at] >= '0' && written[at] <= '7';
           ++i) {
        value = value * 8 + static_cast<uint32_t>(written[at++] - '0');
      }
      AppendUtf8(value, &out);
    } else if (kind == 'N') {
      throw Error("escape \\N is not supported");
    } else {
      out += '\\';
      out += kind;
    }
  }
  return out;
}

}  // namespace winnow::model::jinja
