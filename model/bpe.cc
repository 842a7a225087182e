#include "model/bpe.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <queue>

#include "base/check.h"
#include "base/format.h"
#include "model/bpe_alphabet.h"

namespace winnow::model {
namespace {

constexpr int32_t kMaxId = (1 << 21) - 1;  // eight times the largest vocabulary seen
constexpr size_t kShortWord = 24;          // symbols up to which quadratic is faster

}  // namespace

MergeTable::MergeTable(size_t count) {
  const size_t capacity = std::bit_ceil(std::max<size_t>(16, 2 * count));
  slots_.resize(capacity);
  shift_ = 64 - std::countr_zero(capacity);
}

size_t MergeTable::FirstSlot(uint64_t key) const {
  return static_cast<size_t>((key * 0x9E3779B97F4A7C15u) >> shift_);  // Fibonacci hashing
}

void MergeTable::Insert(int32_t left, int32_t right, Merge merge) {
  const uint64_t key = (static_cast<uint64_t>(left) << 32) | static_cast<uint32_t>(right);
  size_t at = FirstSlot(key);
  while (slots_[at].key != kEmpty && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
  slots_[at] = {key, merge};
}

MergeTable::Merge MergeTable::Find(int32_t left, int32_t right) const {
  const uint64_t key = (static_cast<uint64_t>(left) << 32) | static_cast<uint32_t>(right);
  size_t at = FirstSlot(key);
  while (slots_[at].key != kEmpty) {
    if (slots_[at].key == key) return slots_[at].merge;
    at = (at + 1) & (slots_.size() - 1);
  }
  return {};
}

Bpe::Bpe(const BpeSpec& spec)
    : ignore_merges_(spec.ignore_merges),
      fuse_unknown_(spec.fuse_unknown),
      merges_(spec.merges.size()) {
  byte_id_.fill(-1);
}

Result<std::unique_ptr<Bpe>> Bpe::Build(const BpeSpec& spec) {
  std::unique_ptr<Bpe> bpe(new Bpe(spec));
  IdOfText id_of_text;
  WINNOW_RETURN_IF_ERROR(bpe->ReadVocabulary(spec, &id_of_text));
  WINNOW_RETURN_IF_ERROR(bpe->ReadMerges(spec, id_of_text));
  return bpe;
}

Status Bpe::ReadVocabulary(const BpeSpec& spec, IdOfText* id_of_text) {
  int32_t max_id = -1;
  for (const auto& [text, id] : spec.vocabulary) {
    if (id < 0 || id > kMaxId) {
      return InvalidArgument(
          Format("model.vocab: id of `{}` must be in 0..{}: {}", text, kMaxId, id));
    }
    max_id = std::max(max_id, id);
  }
  std::vector<bool> used(static_cast<size_t>(max_id) + 1);
  id_of_text->reserve(spec.vocabulary.size());
  id_of_word_.reserve(spec.vocabulary.size());
  words_.reserve(spec.vocabulary.size());  // never grows: id_of_word_ points into it
  for (const auto& [text, id] : spec.vocabulary) {
    if (used[static_cast<size_t>(id)]) {
      return InvalidArgument(Format("model.vocab: id {} is used twice, again by `{}`", id, text));
    }
    used[static_cast<size_t>(id)] = true;
    id_of_text->emplace(text, id);
    std::optional<std::string> bytes = FromAlphabet(text);
    if (!bytes.has_value()) continue;
    if (bytes->size() == 1) byte_id_[static_cast<uint8_t>(bytes->front())] = id;
    words_.push_back(*std::move(bytes));
    id_of_word_.emplace(words_.back(), id);
  }
  whole_ = std::vector<std::atomic<Whole>>(used.size());
  if (!spec.unknown_token.has_value()) return Status();
  const auto unknown = id_of_text->find(*spec.unknown_token);
  if (unknown == id_of_text->end()) {
    return InvalidArgument(
        Format("model.unk_token is not in the vocabulary: `{}`", *spec.unknown_token));
  }
  unknown_id_ = unknown->second;
  return Status();
}

Status Bpe::ReadMerges(const BpeSpec& spec, const IdOfText& id_of_text) {
  if (spec.merges.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    return InvalidArgument("model.merges: too many");
  }
  int32_t rank = 0;
  for (const auto& [left, right] : spec.merges) {
    const auto id_of = [&](const std::string& text) {
      const auto found = id_of_text.find(text);
      return found == id_of_text.end() ? -1 : found->second;
    };
    const int32_t left_id = id_of(left);
    const int32_t right_id = id_of(right);
    const int32_t joined_id = id_of(left + right);
    if (left_id < 0 || right_id < 0 || joined_id < 0) {
      const std::string& missing = left_id < 0 ? left : right_id < 0 ? right : left + right;
      return InvalidArgument(
          Format("model.merges[{}]: `{}` is not in the vocabulary", rank, missing));
    }
    merges_.Insert(left_id, right_id, {rank, joined_id});
    ++rank;
  }
  return Status();
}

void Bpe::EncodeWord(std::string_view bytes, std::vector<int32_t>* ids) const {
  const auto word = id_of_word_.find(bytes);
  if (word != id_of_word_.end() && (ignore_merges_ || IsWhole(word->second, bytes))) {
    ids->push_back(word->second);
    return;
  }
  std::vector<int32_t> symbols;
  StartSymbols(bytes, &symbols);
  if (symbols.size() <= kShortWord) {
    MergeShort(&symbols);
  } else {
    MergeLong(&symbols);
  }
  ids->insert(ids->end(), symbols.begin(), symbols.end());
}

bool Bpe::IsWhole(int32_t id, std::string_view bytes) const {
  std::atomic<Whole>& state = whole_[static_cast<size_t>(id)];
  Whole known = state.load(std::memory_order_relaxed);
  if (known == Whole::kUnknown) {
    std::vector<int32_t> symbols;
    StartSymbols(bytes, &symbols);
    MergeLong(&symbols);
    known = symbols.size() == 1 && symbols[0] == id ? Whole::kYes : Whole::kNo;
    state.store(known, std::memory_order_relaxed);
  }
  return known == Whole::kYes;
}

void Bpe::StartSymbols(std::string_view bytes, std::vector<int32_t>* symbols) const {
  symbols->reserve(bytes.size());
  bool after_unknown = false;
  for (char byte : bytes) {
    const int32_t id = byte_id_[static_cast<uint8_t>(byte)];
    if (id >= 0) {
      symbols->push_back(id);
    } else if (unknown_id_ >= 0 && !(fuse_unknown_ && after_unknown)) {
      symbols->push_back(unknown_id_);
    }
    after_unknown = id < 0;
  }
}

void Bpe::MergeShort(std::vector<int32_t>* symbols) const {
  std::array<MergeTable::Merge, kShortWord> pairs;  // pairs[i] joins symbols i and i+1
  std::vector<int32_t>& ids = *symbols;
  for (size_t i = 0; i + 1 < ids.size(); ++i) pairs[i] = merges_.Find(ids[i], ids[i + 1]);
  while (ids.size() > 1) {
    size_t best = ids.size();
    for (size_t i = 0; i + 1 < ids.size(); ++i) {
      if (pairs[i].rank < 0) continue;
      if (best == ids.size() || pairs[i].rank < pairs[best].rank) best = i;
    }
    if (best == ids.size()) return;
    ids[best] = pairs[best].id;
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    for (size_t i = best + 1; i + 1 < ids.size(); ++i) pairs[i] = pairs[i + 1];
    if (best > 0) pairs[best - 1] = merges_.Find(ids[best - 1], ids[best]);
    if (best + 1 < ids.size()) pairs[best] = merges_.Find(ids[best], ids[best + 1]);
  }
}

namespace {

// A symbol in a doubly linked list; id < 0 once it is part of its left neighbour.
struct Symbol {
  int32_t id;
  int32_t previous;
  int32_t next;
};

// A pair that could merge when it was found; stale if its ids have changed since.
struct Candidate {
  MergeTable::Merge merge;
  int32_t at;
  int32_t left;
  int32_t right;
  bool operator>(const Candidate& other) const {
    return merge.rank != other.merge.rank ? merge.rank > other.merge.rank : at > other.at;
  }
};

}  // namespace

void Bpe::MergeLong(std::vector<int32_t>* symbols) const {
  WINNOW_CHECK_LT(symbols->size(), size_t{1} << 31);
  const auto count = static_cast<int32_t>(symbols->size());
  std::vector<Symbol> list(symbols->size());
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto symbol = [&list](int32_t at) -> Symbol& { return list[static_cast<size_t>(at)]; };
  const auto offer = [&](int32_t at) {  // the pair of `at` and its right neighbour
    if (at < 0 || symbol(at).next < 0) return;
    const int32_t left = symbol(at).id;
    const int32_t right = symbol(symbol(at).next).id;
    const MergeTable::Merge merge = merges_.Find(left, right);
    if (merge.rank >= 0) queue.push({merge, at, left, right});
  };
  for (int32_t i = 0; i < count; ++i) {
    symbol(i) = {(*symbols)[static_cast<size_t>(i)], i - 1, i + 1 < count ? i + 1 : -1};
  }
  for (int32_t i = 0; i < count; ++i) offer(i);
  while (!queue.empty()) {
    const Candidate top = queue.top();
    queue.pop();
    Symbol& left = symbol(top.at);
    if (left.id != top.left || left.next < 0 || symbol(left.next).id != top.right) continue;
    Symbol& right = symbol(left.next);
    left.id = top.merge.id;
    right.id = -1;
    left.next = right.next;
    if (left.next >= 0) symbol(left.next).previous = top.at;
    offer(left.previous);
    offer(top.at);
  }
  symbols->clear();
  for (const Symbol& s : list) {
    if (s.id >= 0) symbols->push_back(s.id);
  }
}

}  // namespace winnow::model
