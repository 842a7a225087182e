#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"
#include "model/pre_tokenizer_regex.h"

namespace winnow::model {

// What becomes of a match of a Split step (Hugging Face's SplitDelimiterBehavior).
enum class SplitBehavior : uint8_t {
  kRemoved,
  kIsolated,
  kMergedWithPrevious,
  kMergedWithNext,
  kContiguous,
};

// Cuts at the matches of `pattern`, or between them if `invert`.
struct SplitStep {
  std::string pattern;
  bool is_literal = false;
  SplitBehavior behavior = SplitBehavior::kIsolated;
  bool invert = false;
};
// Cuts out numbers, each digit alone or each run of them.
struct DigitsStep {
  bool individual = false;
};
// Ends every byte-level pre-tokenizer: the pieces become words of bytes.
struct ByteLevelStep {
  bool add_prefix_space = false;
  bool use_regex = true;
};
using PreTokenizerStep = std::variant<SplitStep, DigitsStep, ByteLevelStep>;

// A text and the words in it, in order; bytes between them are dropped.
struct PreTokenized {
  std::string text;
  std::vector<TextRange> words;
};

// Cuts normalised text into the words that byte-pair encoding works on.
// Threads: constant after Build.
class PreTokenizer {
 public:
  // Errors: a pattern that is not supported (pre_tokenizer_regex.h).
  static Result<PreTokenizer> Build(const std::vector<PreTokenizerStep>& steps);

  // REQUIRES: `text` is valid UTF-8.
  PreTokenized Run(std::string_view text) const;

 private:
  struct CompiledStep {
    PreTokenizerStep step;
    std::vector<PreTokenizerRegex> regex;  // one, or none for a step without a pattern
  };
  PreTokenizer() = default;
  std::vector<CompiledStep> steps_;
};

// Cuts `range` at `matches` (sorted, disjoint, inside `range`) and appends the pieces, empty ones
// left out.
void SplitAt(TextRange range, const std::vector<TextRange>& matches, SplitBehavior behavior,
             bool invert, std::vector<TextRange>* pieces);

}  // namespace winnow::model
