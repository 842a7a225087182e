#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace winnow::model {

// Bytes begin..end of a text.
struct TextRange {
  size_t begin = 0;
  size_t end = 0;
  size_t size() const { return end - begin; }
  friend bool operator==(const TextRange&, const TextRange&) = default;
};

// Finds the matches of a tokenizer's pattern, as Oniguruma would.
// Threads: constant after Compile; each thread brings its own Scratch.
// Errors:  Compile refuses what it cannot read exactly. A match that exceeds PCRE2's limits (only
//          patterns with nested repeats do) ends the search, as if there were no further match.
class PreTokenizerRegex {
 public:
  // Room for one match.
  class Scratch {
   public:
    Scratch();
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

   private:
    friend class PreTokenizerRegex;
    void* match_data_;
  };

  static Result<PreTokenizerRegex> Compile(std::string_view pattern);
  // Matches `literal` itself.
  static Result<PreTokenizerRegex> CompileLiteral(std::string_view literal);

  // Appends the matches in `subject` from left to right; they do not overlap. Nothing outside of
  // `subject` is looked at. REQUIRES: `subject` is valid UTF-8 that went through WithStandIns.
  void FindAll(std::string_view subject, Scratch* scratch, std::vector<TextRange>* matches) const;

 private:
  explicit PreTokenizerRegex(std::shared_ptr<const void> code) : code_(std::move(code)) {}
  static Result<PreTokenizerRegex> CompileTranslated(const std::string& pattern);
  std::shared_ptr<const void> code_;  // pcre2_code
};

}  // namespace winnow::model
