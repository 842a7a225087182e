#include "model/jinja/token_stream.h"

#include <algorithm>

#include "base/format.h"
#include "model/jinja/error.h"

namespace winnow::model::jinja {
namespace {

std::string Describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::kText:
      return "text";
    case TokenKind::kVariableBegin:
    case TokenKind::kVariableEnd:
    case TokenKind::kBlockBegin:
    case TokenKind::kBlockEnd:
    case TokenKind::kOperator:
    case TokenKind::kName:
      return "`" + token.text + "`";
    case TokenKind::kString:
      return "a string";
    case TokenKind::kInteger:
    case TokenKind::kFloat:
      return "the number " + token.text;
    case TokenKind::kEnd:
      return "the end of the template";
  }
  return "";
}

}  // namespace

bool TokenStream::IsOperator(std::string_view sign) const {
  return IsKind(TokenKind::kOperator) && Current().text == sign;
}

bool TokenStream::IsName(std::string_view word) const {
  return IsKind(TokenKind::kName) && Current().text == word;
}

bool TokenStream::IsAnyName(std::initializer_list<std::string_view> words) const {
  return std::any_of(words.begin(), words.end(),
                     [this](std::string_view word) { return IsName(word); });
}

bool TokenStream::HasNameSince(size_t position, std::string_view word) const {
  return std::any_of(tokens_.begin() + static_cast<std::ptrdiff_t>(position),
                     tokens_.begin() + static_cast<std::ptrdiff_t>(at_), [&](const Token& token) {
                       return token.kind == TokenKind::kName && token.text == word;
                     });
}

Token TokenStream::Next() {
  Token token = Current();
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool TokenStream::SkipOperator(std::string_view sign) {
  if (!IsOperator(sign)) return false;
  Next();
  return true;
}

bool TokenStream::SkipName(std::string_view word) {
  if (!IsName(word)) return false;
  Next();
  return true;
}

void TokenStream::ExpectOperator(std::string_view sign) {
  if (!SkipOperator(sign)) FailExpected(Format("`{}`", sign));
}

std::string TokenStream::ExpectName() {
  if (!IsKind(TokenKind::kName)) FailExpected("a name");
  return Next().text;
}

void TokenStream::ExpectKind(TokenKind kind) {
  if (!IsKind(kind)) FailExpected(kind == TokenKind::kBlockEnd ? "`%}`" : "`}}`");
  Next();
}

void TokenStream::Fail(const std::string& message) const { throw Error(message, line()); }

void TokenStream::FailExpected(std::string_view what) const {
  Fail(Format("expected {}, found {}", what, Describe(Current())));
}

TokenStream::Nesting::Nesting(TokenStream* stream) : stream_(stream) {
  if (stream_->depth_ >= kMaxDepth) {
    stream_->Fail(Format("template may be nested at most {} deep", kMaxDepth));
  }
  ++stream_->depth_;
}

}  // namespace winnow::model::jinja
