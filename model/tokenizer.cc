#include "model/tokenizer.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/file.h"
#include "base/format.h"
#include "model/bpe.h"
#include "model/bpe_alphabet.h"
#include "model/pre_tokenizer.h"
#include "model/tokenizer_added.h"
#include "model/tokenizer_json.h"
#include "model/unicode.h"

namespace winnow::model {
namespace {

constexpr int32_t kMaxId = (1 << 21) - 1;  // as of bpe.cc; a huge id would ask for huge tables

class BpeTokenizer final : public Tokenizer {
 public:
  BpeTokenizer(TokenizerSpec spec, PreTokenizer pre_tokenizer, std::unique_ptr<Bpe> bpe,
               Digest digest);

  std::vector<int32_t> Encode(std::string_view text) const override;
  std::string Decode(std::span<const int32_t> ids) const override;
  std::string_view TokenBytes(int32_t id) const override;
  int vocab_size() const override { return static_cast<int>(bytes_.size()); }
  std::optional<int32_t> TokenId(std::string_view content) const override;
  bool IsSpecial(int32_t id) const override;
  Digest digest() const override { return digest_; }

 private:
  void SetToken(int32_t id, const std::string& content);
  void EncodePiece(std::string_view text, std::vector<int32_t>* ids) const;
  void EncodeNormalized(std::string_view text, std::vector<int32_t>* ids) const;

  // Constant after construction.
  const bool normalize_nfc_;
  const PreTokenizer pre_tokenizer_;
  const std::unique_ptr<Bpe> bpe_;
  const Digest digest_;
  AddedTokenFinder before_normalization_;
  AddedTokenFinder after_normalization_;
  std::vector<std::string> bytes_;  // by id
  std::vector<bool> special_;       // by id
  std::unordered_map<std::string, int32_t> id_of_content_;
};

BpeTokenizer::BpeTokenizer(TokenizerSpec spec, PreTokenizer pre_tokenizer, std::unique_ptr<Bpe> bpe,
                           Digest digest)
    : normalize_nfc_(spec.normalize_nfc),
      pre_tokenizer_(std::move(pre_tokenizer)),
      bpe_(std::move(bpe)),
      digest_(digest) {
  int32_t max_id = -1;
  for (const auto& [text, id] : spec.bpe.vocabulary) max_id = std::max(max_id, id);
  for (const AddedToken& token : spec.added_tokens) max_id = std::max(max_id, token.id);
  bytes_.resize(static_cast<size_t>(max_id) + 1);
  special_.resize(bytes_.size());
  id_of_content_.reserve(bytes_.size());
  for (const auto& [text, id] : spec.bpe.vocabulary) SetToken(id, text);
  std::vector<AddedToken> before;
  std::vector<AddedToken> after;
  std::unordered_map<std::string, bool> seen;
  for (AddedToken& token : spec.added_tokens) {
    id_of_content_[token.content] = token.id;
    special_[static_cast<size_t>(token.id)] = token.special;
    // A normalised token also decodes to its normal form.
    if (token.normalized && normalize_nfc_) token.content = NormalizeNfc(token.content);
    SetToken(token.id, token.content);
    if (!token.normalized) {
      before.push_back(std::move(token));
      continue;
    }
    // Two contents may normalise to one; the first counts.
    if (seen.emplace(token.content, true).second) after.push_back(std::move(token));
  }
  before_normalization_ = AddedTokenFinder(std::move(before));
  after_normalization_ = AddedTokenFinder(std::move(after));
}

// A token is written in the alphabet, or else (as a whole) in plain text.
void BpeTokenizer::SetToken(int32_t id, const std::string& content) {
  std::string bytes = FromAlphabet(content).value_or(content);
  id_of_content_.emplace(bytes, id);
  bytes_[static_cast<size_t>(id)] = std::move(bytes);
}

std::vector<int32_t> BpeTokenizer::Encode(std::string_view text) const {
  std::string repaired;
  if (!IsValidUtf8(text)) {
    repaired = RepairUtf8(text);
    text = repaired;
  }
  std::vector<int32_t> ids;
  ids.reserve(text.size() / 3 + 1);
  for (const AddedPart& part : before_normalization_.Split(text)) {
    if (part.id >= 0) {
      ids.push_back(part.id);
    } else {
      EncodePiece(text.substr(part.range.begin, part.range.size()), &ids);
    }
  }
  return ids;
}

// Text between the added tokens that are found as written.
void BpeTokenizer::EncodePiece(std::string_view text, std::vector<int32_t>* ids) const {
  std::string normalized;
  if (normalize_nfc_) {
    normalized = NormalizeNfc(text);
    text = normalized;
  }
  for (const AddedPart& part : after_normalization_.Split(text)) {
    if (part.id >= 0) {
      ids->push_back(part.id);
    } else {
      EncodeNormalized(text.substr(part.range.begin, part.range.size()), ids);
    }
  }
}

void BpeTokenizer::EncodeNormalized(std::string_view text, std::vector<int32_t>* ids) const {
  const PreTokenized pieces = pre_tokenizer_.Run(text);
  const std::string_view all = pieces.text;
  for (const TextRange& word : pieces.words) {
    bpe_->EncodeWord(all.substr(word.begin, word.size()), ids);
  }
}

std::string BpeTokenizer::Decode(std::span<const int32_t> ids) const {
  std::string bytes;
  for (int32_t id : ids) bytes += TokenBytes(id);
  return RepairUtf8(bytes);
}

std::string_view BpeTokenizer::TokenBytes(int32_t id) const {
  if (id < 0 || id >= vocab_size()) return {};
  return bytes_[static_cast<size_t>(id)];
}

std::optional<int32_t> BpeTokenizer::TokenId(std::string_view content) const {
  const auto found = id_of_content_.find(std::string(content));
  if (found == id_of_content_.end()) return std::nullopt;
  return found->second;
}

bool BpeTokenizer::IsSpecial(int32_t id) const {
  return id >= 0 && id < vocab_size() && special_[static_cast<size_t>(id)];
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> Tokenizer::Load(const std::string& folder) {
  const std::string path = folder + "/tokenizer.json";
  WINNOW_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return Parse(text, path);
}

Result<std::unique_ptr<Tokenizer>> Tokenizer::Parse(std::string_view json,
                                                    const std::string& origin) {
  WINNOW_ASSIGN_OR_RETURN(TokenizerSpec spec, ParseTokenizerJson(json, origin));
  for (const AddedToken& token : spec.added_tokens) {
    if (token.id > kMaxId) {
      return InvalidArgument(Format("{}: added_tokens: id of `{}` must be at most {}: {}", origin,
                                    token.content, kMaxId, token.id));
    }
  }
  auto pre_tokenizer = PreTokenizer::Build(spec.pre_tokenizer);
  if (!pre_tokenizer.ok()) {
    return pre_tokenizer.status().WithPrefix(origin + ": pre_tokenizer");
  }
  auto bpe = Bpe::Build(spec.bpe);
  if (!bpe.ok()) return bpe.status().WithPrefix(origin);
  return std::unique_ptr<Tokenizer>(new BpeTokenizer(
      std::move(spec), std::move(pre_tokenizer).value(), std::move(bpe).value(), DigestOf(json)));
}

}  // namespace winnow::model
