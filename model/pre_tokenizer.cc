#include "model/pre_tokenizer.h"

#include <algorithm>
#include <utility>

#include "model/unicode.h"

namespace winnow::model {
namespace {

// GPT-2's pattern, which ByteLevel applies if use_regex.
constexpr std::string_view kByteLevelPattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

// A part of a range, inside or outside of the matches.
struct Part {
  TextRange range;
  bool is_match = false;
};

std::vector<Part> PartsOf(TextRange range, const std::vector<TextRange>& matches, bool invert) {
  std::vector<Part> parts;
  size_t at = range.begin;
  for (const TextRange& match : matches) {
    if (match.begin != at) parts.push_back({{at, match.begin}, invert});
    parts.push_back({match, !invert});
    at = match.end;
  }
  if (at != range.end) parts.push_back({{at, range.end}, invert});
  return parts;
}

// Joins each match to the part before it, unless that is a match too.
std::vector<TextRange> MergeWithPrevious(const std::vector<Part>& parts) {
  std::vector<TextRange> merged;
  bool previous_match = false;
  for (const Part& part : parts) {
    if (part.is_match && !previous_match && !merged.empty()) {
      merged.back().end = part.range.end;
    } else {
      merged.push_back(part.range);
    }
    previous_match = part.is_match;
  }
  return merged;
}

// The mirror image.
std::vector<TextRange> MergeWithNext(const std::vector<Part>& parts) {
  std::vector<TextRange> merged;
  bool previous_match = false;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (part->is_match && !previous_match && !merged.empty()) {
      merged.back().begin = part->range.begin;
    } else {
      merged.push_back(part->range);
    }
    previous_match = part->is_match;
  }
  std::reverse(merged.begin(), merged.end());
  return merged;
}

// Joins neighbours that are both matches or both not.
std::vector<TextRange> MergeContiguous(const std::vector<Part>& parts) {
  std::vector<TextRange> merged;
  bool previous_match = false;
  for (const Part& part : parts) {
    if (part.is_match == previous_match && !merged.empty()) {
      merged.back().end = part.range.end;
    } else {
      merged.push_back(part.range);
    }
    previous_match = part.is_match;
  }
  return merged;
}

std::vector<TextRange> FindNumbers(std::string_view text, TextRange range) {
  std::vector<TextRange> numbers;
  for (size_t at = range.begin; at < range.end;) {
    const DecodedChar next = DecodeUtf8(text, at);
    const bool is_number = next.code_point < 0x80 ? next.code_point >= '0' && next.code_point <= '9'
                                                  : IsNumeric(next.code_point);
    if (is_number) numbers.push_back({at, at + next.size_bytes});
    at += next.size_bytes;
  }
  return numbers;
}

// Puts a space before every word that does not begin with one.
PreTokenized WithPrefixSpaces(const PreTokenized& input) {
  PreTokenized output;
  output.text.reserve(input.text.size() + input.words.size());
  for (const TextRange& word : input.words) {
    const size_t begin = output.text.size();
    if (input.text[word.begin] != ' ') output.text += ' ';
    output.text.append(input.text, word.begin, word.size());
    output.words.push_back({begin, output.text.size()});
  }
  return output;
}

}  // namespace

void SplitAt(TextRange range, const std::vector<TextRange>& matches, SplitBehavior behavior,
             bool invert, std::vector<TextRange>* pieces) {
  const auto keep = [pieces](TextRange piece) {
    if (piece.size() > 0) pieces->push_back(piece);
  };
  if (behavior == SplitBehavior::kIsolated) {  // the usual case, without the list of parts
    size_t at = range.begin;
    for (const TextRange& match : matches) {
      keep({at, match.begin});
      keep(match);
      at = match.end;
    }
    keep({at, range.end});
    return;
  }
  const std::vector<Part> parts = PartsOf(range, matches, invert);
  std::vector<TextRange> merged;
  switch (behavior) {
    case SplitBehavior::kRemoved:
      for (const Part& part : parts) {
        if (!part.is_match) merged.push_back(part.range);
      }
      break;
    case SplitBehavior::kMergedWithPrevious:
      merged = MergeWithPrevious(parts);
      break;
    case SplitBehavior::kMergedWithNext:
      merged = MergeWithNext(parts);
      break;
    case SplitBehavior::kContiguous:
      merged = MergeContiguous(parts);
      break;
    case SplitBehavior::kIsolated:
      break;
  }
  for (const TextRange& piece : merged) keep(piece);
}

Result<PreTokenizer> PreTokenizer::Build(const std::vector<PreTokenizerStep>& steps) {
  PreTokenizer built;
  for (const PreTokenizerStep& step : steps) {
    CompiledStep compiled{step, {}};
    if (const auto* split = std::get_if<SplitStep>(&step)) {
      auto regex = split->is_literal ? PreTokenizerRegex::CompileLiteral(split->pattern)
                                     : PreTokenizerRegex::Compile(split->pattern);
      if (!regex.ok()) return regex.status();
      compiled.regex.push_back(std::move(regex).value());
    } else if (const auto* bytes = std::get_if<ByteLevelStep>(&step)) {
      if (bytes->use_regex) {
        auto regex = PreTokenizerRegex::Compile(kByteLevelPattern);
        if (!regex.ok()) return regex.status();
        compiled.regex.push_back(std::move(regex).value());
      }
    }
    built.steps_.push_back(std::move(compiled));
  }
  return built;
}

PreTokenized PreTokenizer::Run(std::string_view text) const {
  PreTokenized state;
  state.text = text;
  if (!text.empty()) state.words.push_back({0, text.size()});
  PreTokenizerRegex::Scratch scratch;
  std::vector<TextRange> matches;
  std::string shadow = WithStandIns(text);  // what patterns see; as long as state.text
  for (const CompiledStep& compiled : steps_) {
    SplitBehavior behavior = SplitBehavior::kIsolated;
    bool invert = false;
    const auto* digits = std::get_if<DigitsStep>(&compiled.step);
    if (const auto* split = std::get_if<SplitStep>(&compiled.step)) {
      behavior = split->behavior;
      invert = split->invert;
    } else if (digits != nullptr) {
      behavior = digits->individual ? SplitBehavior::kIsolated : SplitBehavior::kContiguous;
    } else if (std::get<ByteLevelStep>(compiled.step).add_prefix_space) {
      state = WithPrefixSpaces(state);
      shadow = WithStandIns(state.text);
    }
    if (digits == nullptr && compiled.regex.empty()) continue;
    std::vector<TextRange> words;
    words.reserve(state.words.size() + state.text.size() / 4);
    for (const TextRange& word : state.words) {
      matches.clear();
      if (digits != nullptr) {
        matches = FindNumbers(state.text, word);
      } else {
        const std::string_view subject(shadow.data() + word.begin, word.size());
        compiled.regex.front().FindAll(subject, &scratch, &matches);
        for (TextRange& match : matches) {
          match.begin += word.begin;
          match.end += word.begin;
        }
      }
      SplitAt(word, matches, behavior, invert, &words);
    }
    state.words = std::move(words);
  }
  return state;
}

}  // namespace winnow::model
