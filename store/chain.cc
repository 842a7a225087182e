#include "store/chain.h"

#include <array>
#include <charconv>

#include "base/format.h"
#include "store/coding.h"
#include "store/database.h"

namespace winnow::store {
namespace {

constexpr std::string_view kStepKey = "step";
constexpr std::string_view kSeqKey = "hist_seq";
constexpr std::string_view kCountKey = "hist_count";
constexpr std::string_view kDigestKey = "hist_digest";
constexpr std::string_view kChainPrefix = "chain/";

void AddPart(std::string_view bytes, Digester* digester) {
  std::string size;
  PutLittleEndian32(static_cast<uint32_t>(bytes.size()), &size);
  digester->Add(size);
  digester->Add(bytes);
}

void PutDigest(const Digest& digest, std::string* out) {
  PutLittleEndian64(digest.low, out);
  PutLittleEndian64(digest.high, out);
}

std::string ChainKey(uint64_t step) { return Format("{}{:016x}", kChainPrefix, step); }

Status Unreadable(std::string_view key, std::string_view text) {
  return DataLoss(Format("history: meta {} cannot be read: {}", key, text));
}

Result<uint64_t> ReadNumber(const Database& database, std::string_view key) {
  WINNOW_ASSIGN_OR_RETURN(const std::optional<std::string> text, database.Get(Family::kMeta, key));
  if (!text) return uint64_t{0};
  uint64_t value = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc() || stop != end) return Unreadable(key, *text);
  return value;
}

}  // namespace

std::string Describe(const HistoryPosition& position) {
  return Format("step {}, seq {}, digest {}", position.step, position.hist_seq,
                ToHex(position.hist_digest));
}

void StepDigester::AddHist(std::string_view key, std::string_view value) {
  AddPart(key, &hist_);
  AddPart(value, &hist_);
}

void StepDigester::AddSkip(std::string_view key, std::string_view value) {
  AddPart(key, &skip_);
  AddPart(value, &skip_);
}

Digest StepDigester::Chain(const Digest& previous, uint64_t step) const {
  std::string link;
  PutDigest(previous, &link);
  PutLittleEndian64(step, &link);
  PutDigest(hist_.Finish(), &link);
  PutDigest(skip_.Finish(), &link);
  return DigestOf(link);
}

bool IsReservedMetaKey(std::string_view key) {
  for (std::string_view reserved : {kSchemaKey, kRunIdKey, kConfigDigestKey, kRuleKey, kPromptsKey,
                                    kStepKey, kSeqKey, kCountKey, kDigestKey}) {
    if (key == reserved) return true;
  }
  return key.starts_with(kChainPrefix);
}

void PutPosition(const HistoryPosition& position, std::vector<Put>* puts) {
  const auto put = [&](std::string_view key, std::string value) {
    puts->push_back({Family::kMeta, std::string(key), std::move(value)});
  };
  put(kStepKey, Format("{}", position.step));
  put(kSeqKey, Format("{}", position.hist_seq));
  put(kCountKey, Format("{}", position.num_records));
  put(kDigestKey, ToHex(position.hist_digest));
  put(ChainKey(position.step), ToHex(position.hist_digest));
}

Result<HistoryPosition> ReadPosition(const Database& database) {
  HistoryPosition position;
  WINNOW_ASSIGN_OR_RETURN(position.step, ReadNumber(database, kStepKey));
  WINNOW_ASSIGN_OR_RETURN(position.hist_seq, ReadNumber(database, kSeqKey));
  WINNOW_ASSIGN_OR_RETURN(position.num_records, ReadNumber(database, kCountKey));
  WINNOW_ASSIGN_OR_RETURN(const std::optional<std::string> digest,
                          database.Get(Family::kMeta, kDigestKey));
  if (digest && !ParseDigest(*digest, &position.hist_digest)) {
    return Unreadable(kDigestKey, *digest);
  }
  return position;
}

Result<std::optional<Digest>> ReadChain(const Database& database, uint64_t step) {
  const std::string key = ChainKey(step);
  WINNOW_ASSIGN_OR_RETURN(const std::optional<std::string> text, database.Get(Family::kMeta, key));
  if (!text) return std::optional<Digest>();
  Digest digest;
  if (!ParseDigest(*text, &digest)) return Unreadable(key, *text);
  return std::optional<Digest>(digest);
}

Result<std::vector<ChainLink>> ReadWholeChain(const Database& database) {
  std::vector<ChainLink> chain;
  const std::unique_ptr<Cursor> cursor = database.Scan(Family::kMeta, kChainPrefix);
  for (; cursor->Valid(); cursor->Next()) {
    const std::string_view digits = cursor->key().substr(kChainPrefix.size());
    const char* const end = digits.data() + digits.size();
    ChainLink link;
    const auto [stop, error] = std::from_chars(digits.data(), end, link.step, /*base=*/16);
    if (error != std::errc() || stop != end || !ParseDigest(cursor->value(), &link.digest)) {
      return Unreadable(cursor->key(), cursor->value());
    }
    chain.push_back(link);
  }
  WINNOW_RETURN_IF_ERROR(cursor->status());
  return chain;
}

Status CheckSchema(const Database& database) {
  WINNOW_ASSIGN_OR_RETURN(const std::optional<std::string> schema,
                          database.Get(Family::kMeta, kSchemaKey));
  if (schema == kSchema) return OkStatus();
  return DataLoss(Format("history: schema must be {}: {}", kSchema, schema.value_or("missing")));
}

}  // namespace winnow::store
