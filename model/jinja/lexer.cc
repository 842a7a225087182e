#include "model/jinja/lexer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/format.h"
#include "model/jinja/error.h"
#include "model/jinja/string_literal.h"
#include "model/unicode.h"

namespace winnow::model::jinja {
namespace {

// "\r\n" and "\r" become "\n", and the last line break goes.
std::string NormalizeSource(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      text += source[i];
    } else {
      text += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    }
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

bool IsNameChar(uint32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         (c >= 0x80 && IsWordCharacter(c));
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  explicit Lexer(std::string_view source) : text_(NormalizeSource(source)) {}

  std::vector<Token> Run() {
    while (at_ < text_.size()) LexOutside();
    Add(TokenKind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void Fail(const std::string& message) const { throw Error(message, line_); }
  bool StartsWith(std::string_view prefix, size_t offset = 0) const {
    return std::string_view(text_).substr(std::min(at_ + offset, text_.size())).starts_with(prefix);
  }
  void Add(TokenKind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_}); }

  // Moves on over `size` bytes and counts their lines.
  void Advance(size_t size) {
    for (size_t i = 0; i < size; ++i) line_ += text_[at_ + i] == '\n';
    if (size > 0) line_starting_ = text_[at_ + size - 1] == '\n';
    at_ += size;
  }

  void SkipSpace() {
    while (at_ < text_.size()) {
      const DecodedChar next = DecodeUtf8(text_, at_);
      if (!IsPythonSpace(next.code_point)) return;
      Advance(next.size_bytes);
    }
  }

  // Text up to the next tag, and the tag.
  void LexOutside() {
    size_t begin = at_;
    while (begin + 1 < text_.size() &&
           !(text_[begin] == '{' &&
             (text_[begin + 1] == '{' || text_[begin + 1] == '%' || text_[begin + 1] == '#'))) {
      ++begin;
    }
    if (begin + 1 >= text_.size()) {
      std::string rest = text_.substr(at_);
      Add(TokenKind::kText, rest);
      Advance(rest.size());
      return;
    }
    const char kind = text_[begin + 1];
    const char sign = begin + 2 < text_.size() ? text_[begin + 2] : '\0';
    const bool has_sign = sign == '-' || sign == '+';
    AddText(begin, sign, /*is_variable=*/kind == '{');
    Advance(begin - at_);
    Advance(has_sign ? 3 : 2);
    if (kind == '#') {
      LexComment();
    } else if (kind == '{') {
      Add(TokenKind::kVariableBegin, "{{");
      LexTag(/*is_block=*/false);
    } else if (!LexRaw()) {
      Add(TokenKind::kBlockBegin, "{%");
      LexTag(/*is_block=*/true);
    }
  }

  // The text before a tag at `begin`, trimmed as the tag's sign asks.
  void AddText(size_t begin, char sign, bool is_variable) {
    std::string text = text_.substr(at_, begin - at_);
    if (sign == '-') {
      text.resize(TrimmedSize(text));
    } else if (sign != '+' && !is_variable) {
      const size_t newline = text.rfind('\n');
      const size_t line = newline == std::string::npos ? 0 : newline + 1;
      const bool from_line_start = line > 0 || line_starting_;
      if (from_line_start && TrimmedSize(std::string_view(text).substr(line)) == 0) {
        text.resize(line);
      }
    }
    if (!text.empty()) Add(TokenKind::kText, std::move(text));
  }

  // Length without the white space at the end.
  static size_t TrimmedSize(std::string_view text) {
    size_t end = text.size();
    while (end > 0) {
      size_t at = end - 1;
      while (at > 0 && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) --at;
      if (!IsPythonSpace(DecodeUtf8(text, at).code_point)) break;
      end = at;
    }
    return end;
  }

  void LexComment() {
    const int line = line_;
    const size_t end = text_.find("#}", at_);
    if (end == std::string::npos) throw Error("missing end of comment", line);
    const char sign = end > at_ ? text_[end - 1] : '\0';
    Advance(end + 2 - at_);
    AfterEnd(sign);
  }

  // What goes after the end of a block or comment.
  void AfterEnd(char sign) {
    if (sign == '-') {
      SkipSpace();
    } else if (sign != '+' && StartsWith("\n")) {
      Advance(1);
    }
  }

  // {% raw %} ... {% endraw %}, after the opening "{%"; false if it is another block.
  bool LexRaw() {
    const size_t begin = at_;
    const size_t name = SpaceEnd(begin);
    if (text_.compare(name, 3, "raw") != 0) return false;
    const size_t close = SpaceEnd(name + 3);
    const bool strips = text_.compare(close, 3, "-%}") == 0;
    if (!strips && text_.compare(close, 2, "%}") != 0) return false;
    const int line = line_;
    Advance(close + (strips ? 3 : 2) - begin);
    if (strips) SkipSpace();
    for (size_t open = text_.find("{%", at_); open != std::string::npos;
         open = text_.find("{%", open + 2)) {
      const char sign = open + 2 < text_.size() ? text_[open + 2] : '\0';
      const size_t word = SpaceEnd(open + (sign == '-' || sign == '+' ? 3 : 2));
      if (text_.compare(word, 6, "endraw") != 0) continue;
      const size_t end = SpaceEnd(word + 6);
      const char end_sign = end < text_.size() ? text_[end] : '\0';
      const bool end_has_sign = end_sign == '-' || end_sign == '+';
      if (text_.compare(end + (end_has_sign ? 1 : 0), 2, "%}") != 0) continue;
      AddText(open, sign, /*is_variable=*/false);
      Advance(end + (end_has_sign ? 3 : 2) - at_);
      AfterEnd(end_sign);
      return true;
    }
    throw Error("missing end of raw", line);
  }

  size_t SpaceEnd(size_t from) const {
    while (from < text_.size()) {
      const DecodedChar next = DecodeUtf8(text_, from);
      if (!IsPythonSpace(next.code_point)) break;
      from += next.size_bytes;
    }
    return std::min(from, text_.size());
  }

  // The inside of a tag and its end.
  void LexTag(bool is_block) {
    const int line = line_;
    brackets_.clear();
    for (;;) {
      SkipSpace();
      if (at_ >= text_.size()) {
        throw Error(Format("missing end of tag, `{}`", is_block ? "%}" : "}}"), line);
      }
      if (brackets_.empty() && LexTagEnd(is_block)) return;
      LexExpressionToken();
    }
  }

  bool LexTagEnd(bool is_block) {
    const std::string_view end = is_block ? "%}" : "}}";
    const bool strips = StartsWith("-") && StartsWith(end, 1);
    const bool keeps = is_block && StartsWith("+") && StartsWith(end, 1);
    if (!strips && !keeps && !StartsWith(end)) return false;
    Add(is_block ? TokenKind::kBlockEnd : TokenKind::kVariableEnd, std::string(end));
    Advance(strips || keeps ? 3 : 2);
    if (is_block || strips) AfterEnd(strips ? '-' : keeps ? '+' : '\0');
    return true;
  }

  void LexExpressionToken() {
    const char c = text_[at_];
    if (IsDigit(c)) {
      LexNumber();
    } else if (IsNameChar(DecodeUtf8(text_, at_).code_point)) {
      LexName();
    } else if (c == '\'' || c == '"') {
      LexString();
    } else {
      LexOperator();
    }
  }

  void LexName() {
    size_t end = at_;
    while (end < text_.size()) {
      const DecodedChar next = DecodeUtf8(text_, end);
      if (!IsNameChar(next.code_point)) break;
      end += next.size_bytes;
    }
    Add(TokenKind::kName, text_.substr(at_, end - at_));
    Advance(end - at_);
  }

  // Digits with single underscores between them; the end of the run that begins at `from`.
  size_t DigitsEnd(size_t from) const {
    size_t end = from;
    while (end < text_.size() &&
           (IsDigit(text_[end]) || (text_[end] == '_' && end > from && end + 1 < text_.size() &&
                                    IsDigit(text_[end + 1])))) {
      ++end;
    }
    return end;
  }

  void LexNumber() {
    size_t end = DigitsEnd(at_);
    TokenKind kind = TokenKind::kInteger;
    const bool after_dot = at_ > 0 && text_[at_ - 1] == '.';
    if (!after_dot) {
      if (end + 1 < text_.size() && text_[end] == '.' && IsDigit(text_[end + 1])) {
        kind = TokenKind::kFloat;
        end = DigitsEnd(end + 1);
      }
      size_t exponent = end;
      if (exponent < text_.size() && (text_[exponent] == 'e' || text_[exponent] == 'E')) {
        ++exponent;
        if (exponent < text_.size() && (text_[exponent] == '+' || text_[exponent] == '-')) {
          ++exponent;
        }
        if (exponent < text_.size() && IsDigit(text_[exponent])) {
          kind = TokenKind::kFloat;
          end = DigitsEnd(exponent);
        }
      }
    }
    std::string digits = text_.substr(at_, end - at_);
    std::erase(digits, '_');
    const bool leading_zero = kind == TokenKind::kInteger && digits.size() > 1 && digits[0] == '0';
    const bool glued = end < text_.size() && IsNameChar(DecodeUtf8(text_, end).code_point);
    if ((leading_zero && digits.find_first_not_of('0') != std::string::npos) || glued) {
      Fail(Format("number is not supported: `{}`", text_.substr(at_, end + 1 - at_)));
    }
    Add(kind, std::move(digits));
    Advance(end - at_);
  }

  void LexString() {
    const char quote = text_[at_];
    size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote) end += text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size()) Fail("missing end of string");
    try {
      Add(TokenKind::kString,
          ResolveEscapes(std::string_view(text_).substr(at_ + 1, end - at_ - 1)));
    } catch (const Error& error) {
      Fail(error.what());
    }
    Advance(end + 1 - at_);
  }

  void LexOperator() {
    constexpr std::array<std::string_view, 26> kOperators = {
        "**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
        "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
    for (std::string_view op : kOperators) {
      if (!StartsWith(op)) continue;
      Balance(op);
      Add(TokenKind::kOperator, std::string(op));
      Advance(op.size());
      return;
    }
    const size_t size = DecodeUtf8(text_, at_).size_bytes;
    Fail(Format("unexpected character `{}`", text_.substr(at_, size)));
  }

  // Inside of brackets an end of tag is no end: "{{ {'a': {}} }}".
  void Balance(std::string_view op) {
    if (op == "(" || op == "[" || op == "{") {
      brackets_ += op == "(" ? ')' : op == "[" ? ']' : '}';
    } else if (op == ")" || op == "]" || op == "}") {
      if (brackets_.empty() || brackets_.back() != op[0]) Fail(Format("unexpected `{}`", op));
      brackets_.pop_back();
    }
  }

  const std::string text_;
  size_t at_ = 0;
  int line_ = 1;
  bool line_starting_ = true;  // what was read last ended with a line break
  std::string brackets_;       // the closing ones that are due
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> Lex(std::string_view source) {
  if (!IsValidUtf8(source)) throw Error("template must be UTF-8", 1);
  return Lexer(source).Run();
}

}  // namespace winnow::model::jinja
