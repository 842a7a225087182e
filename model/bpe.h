#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/status.h"

namespace winnow::model {

// What a byte-level BPE is made of; texts are in the alphabet of bpe_alphabet.h.
struct BpeSpec {
  std::vector<std::pair<std::string, int32_t>> vocabulary;
  std::vector<std::pair<std::string, std::string>> merges;  // the first has the lowest rank
  bool ignore_merges = false;  // a word that is a token stays whole, whatever the merges say
  std::optional<std::string> unknown_token;  // for bytes without a token, else they are dropped
  bool fuse_unknown = false;                 // a run of such bytes is one unknown token
};

// Which two neighbours become which token, and how early. Open addressing, read only after Insert.
class MergeTable {
 public:
  struct Merge {
    int32_t rank = -1;
    int32_t id = -1;
  };
  explicit MergeTable(size_t count);
  // The last of equal pairs counts.
  void Insert(int32_t left, int32_t right, Merge merge);
  // rank < 0 if the pair does not merge.
  Merge Find(int32_t left, int32_t right) const;

 private:
  struct Slot {
    uint64_t key = kEmpty;
    Merge merge;
  };
  static constexpr uint64_t kEmpty = ~uint64_t{0};
  size_t FirstSlot(uint64_t key) const;
  std::vector<Slot> slots_;
  int shift_ = 0;
};

// Encodes one word of bytes: starting from single bytes, joins the pair of the lowest rank,
// leftmost first, until none is left (Sennrich et al., arXiv:1508.07909, on bytes as GPT-2 does).
// Threads: EncodeWord from any thread; what it remembers of words is atomic.
// Cost:    O(n log n) in the bytes of a word, so a long run of one character is no trap.
class Bpe {
 public:
  // Errors: ids out of range or used twice; merges with or to a text outside of the vocabulary.
  static Result<std::unique_ptr<Bpe>> Build(const BpeSpec& spec);
  Bpe(const Bpe&) = delete;
  Bpe& operator=(const Bpe&) = delete;

  // Appends the ids of `bytes`.
  void EncodeWord(std::string_view bytes, std::vector<int32_t>* ids) const;

 private:
  enum class Whole : uint8_t { kUnknown, kYes, kNo };

  explicit Bpe(const BpeSpec& spec);
  // Ids by the texts of the spec, which the map points into.
  using IdOfText = std::unordered_map<std::string_view, int32_t>;
  Status ReadVocabulary(const BpeSpec& spec, IdOfText* id_of_text);
  Status ReadMerges(const BpeSpec& spec, const IdOfText& id_of_text);
  bool IsWhole(int32_t id, std::string_view bytes) const;
  // The tokens of single bytes, with unknown ones dropped or replaced.
  void StartSymbols(std::string_view bytes, std::vector<int32_t>* symbols) const;
  void MergeShort(std::vector<int32_t>* symbols) const;  // O(n^2), fast for few symbols
  void MergeLong(std::vector<int32_t>* symbols) const;   // O(n log n)

  bool ignore_merges_;
  bool fuse_unknown_;
  int32_t unknown_id_ = -1;
  std::vector<std::string> words_;  // the bytes of tokens that are words; all but whole_ constant
  std::unordered_map<std::string_view, int32_t> id_of_word_;  // into words_
  std::array<int32_t, 256> byte_id_{};
  MergeTable merges_;
  // By id: does the word encode to this token alone? Filled as words come.
  mutable std::vector<std::atomic<Whole>> whole_;
};

}  // namespace winnow::model
