#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace winnow::model::jinja {

enum class TokenKind : uint8_t {
  kText,           // outside of tags, after trimming
  kVariableBegin,  // {{
  kVariableEnd,
  kBlockBegin,  // {%
  kBlockEnd,
  kName,
  kString,  // its value, escapes resolved
  kInteger,
  kFloat,
  kOperator,
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;  // of a name or operator as written, of numbers without underscores
  int line = 1;
};

// Cuts a template into tokens as Jinja2 does with trim_blocks and lstrip_blocks: the first line
// break after a block or comment goes, so does white space before one on its line; `-` takes all
// white space on its side, `+` keeps it; one line break at the end of the source goes.
// The last token is kEnd. Throws Error with a line.
std::vector<Token> Lex(std::string_view source);

}  // namespace winnow::model::jinja
