#pragma once

#include <string_view>

namespace winnow::reward::math {

// A position in normalised text.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  char At(size_t offset = 0) const {
    return at_ + offset < text_.size() ? text_[at_ + offset] : '\0';
  }
  void SkipSpaces() {
    while (At() == ' ') ++at_;
  }
  // Skips spaces, then takes `token` if it is next.
  bool Take(std::string_view token) {
    SkipSpaces();
    if (!Rest().starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  // Takes the command `name` (with its backslash) unless a longer command goes on.
  bool TakeCommand(std::string_view name) {
    SkipSpaces();
    if (!Rest().starts_with(name) || IsLetter(At(name.size()))) return false;
    at_ += name.size();
    return true;
  }
  // The name of the command that is next, without taking it; empty if none.
  std::string_view PeekCommand() const {
    if (At() != '\\') return {};
    size_t size = 1;
    while (IsLetter(At(size))) ++size;
    return Rest().substr(0, size == 1 ? 2 : size);
  }
  // The run of ASCII letters that is next.
  std::string_view PeekWord() const {
    size_t size = 0;
    while (IsLetter(At(size))) ++size;
    return Rest().substr(0, size);
  }
  // The inside of {…}, taken; empty view with a null pointer if no balanced group is next.
  std::string_view TakeRawGroup() {
    SkipSpaces();
    if (At() != '{') return {};
    int depth = 0;
    for (size_t end = at_; end < text_.size(); ++end) {
      if (text_[end] == '\\') {
        ++end;
      } else if (text_[end] == '{') {
        ++depth;
      } else if (text_[end] == '}' && --depth == 0) {
        const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
        at_ = end + 1;
        return inside;
      }
    }
    return {};
  }
  std::string_view Rest() const { return text_.substr(at_); }
  bool AtEnd() const { return at_ >= text_.size(); }
  size_t position() const { return at_; }
  void set_position(size_t at) { at_ = at; }
  void Skip(size_t size) { at_ += size; }

  static bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }

 private:
  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace winnow::reward::math
