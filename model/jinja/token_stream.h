#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "model/jinja/lexer.h"

namespace winnow::model::jinja {

// A cursor over tokens for the parsers; ends in an endless run of kEnd. Bounds how deep they nest.
class TokenStream {
 public:
  static constexpr int kMaxDepth = 100;

  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& Current() const { return tokens_[at_]; }
  const Token& Ahead() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  int line() const { return Current().line; }
  bool IsKind(TokenKind kind) const { return Current().kind == kind; }
  bool IsOperator(std::string_view sign) const;
  bool IsName(std::string_view word) const;
  bool IsAnyName(std::initializer_list<std::string_view> words) const;

  size_t position() const { return at_; }
  // True if a name token `word` lies between `position` and the cursor.
  bool HasNameSince(size_t position, std::string_view word) const;

  // Takes the current token.
  Token Next();
  // Takes it if it is that one.
  bool SkipOperator(std::string_view sign);
  bool SkipName(std::string_view word);
  // Takes it, or throws what was expected instead.
  void ExpectOperator(std::string_view sign);
  std::string ExpectName();
  void ExpectKind(TokenKind kind);

  [[noreturn]] void Fail(const std::string& message) const;
  [[noreturn]] void FailExpected(std::string_view what) const;

  // Held by a parsing function while it may recurse.
  class Nesting {
   public:
    explicit Nesting(TokenStream* stream);
    ~Nesting() { --stream_->depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    TokenStream* stream_;
  };

 private:
  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace winnow::model::jinja
