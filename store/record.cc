#include "store/record.h"

#include "base/format.h"
#include "store/coding.h"

namespace winnow::store {
namespace {

constexpr uint8_t kVersion = 1;  // of every value; a new layout takes the next number

constexpr uint8_t kClassMask = 0x03;
constexpr uint8_t kTrained = 0x04;
constexpr uint8_t kSurplus = 0x08;
constexpr uint8_t kShadow = 0x10;
constexpr uint8_t kHasMetric = 0x20;
constexpr uint8_t kKnownFlags = 0x3F;

Status Damaged(std::string_view family, std::string_view key) {
  std::string hex;
  for (char byte : key) hex += Format("{:02x}", static_cast<uint8_t>(byte));
  return DataLoss(Format("history: record of `{}` cannot be read: key {}", family, hex));
}

bool HasOwnMetric(const Outcome& outcome) {
  for (const SampleOutcome& sample : outcome.samples) {
    if (sample.kind == VerdictKind::kScored && sample.metric != sample.reward) return true;
  }
  return false;
}

// kind | finish << 4, then the length; the numbers only if scored: a failure has no reward.
void PutSample(const SampleOutcome& sample, bool has_metric, std::string* out) {
  out->push_back(static_cast<char>(static_cast<uint8_t>(sample.kind) |
                                   static_cast<uint8_t>(sample.finish) << 4));
  PutVarint(sample.length, out);
  if (sample.kind != VerdictKind::kScored) return;
  PutFloat(sample.reward, out);
  if (has_metric) PutFloat(sample.metric, out);
}

bool ReadSample(ByteReader* reader, bool has_metric, SampleOutcome* sample) {
  const uint8_t head = reader->Byte();
  const int kind = head & 0x0F;
  const int finish = head >> 4;
  if (kind < 1 || kind > 4 || finish < 1 || finish > 3) return false;
  sample->kind = static_cast<VerdictKind>(kind);
  sample->finish = static_cast<FinishReason>(finish);
  sample->length = reader->Varint32();
  if (sample->kind == VerdictKind::kScored) {
    sample->reward = reader->Float();
    sample->metric = has_metric ? reader->Float() : sample->reward;
  }
  return reader->ok();
}

}  // namespace

std::string HistKey(PromptId prompt, uint64_t step, uint16_t occurrence) {
  std::string key;
  PutBigEndian64(prompt.value(), &key);
  PutBigEndian64(step, &key);
  PutBigEndian16(occurrence, &key);
  return key;
}

std::string StepKey(uint64_t step, PromptId prompt, uint16_t occurrence) {
  std::string key;
  PutBigEndian64(step, &key);
  PutBigEndian64(prompt.value(), &key);
  PutBigEndian16(occurrence, &key);
  return key;
}

std::string SkipKey(PromptId prompt, uint64_t step) {
  std::string key;
  PutBigEndian64(prompt.value(), &key);
  PutBigEndian64(step, &key);
  return key;
}

std::string PromptKey(PromptId prompt) {
  std::string key;
  PutBigEndian64(prompt.value(), &key);
  return key;
}

std::string EncodeOutcome(const Outcome& outcome) {
  const bool has_metric = HasOwnMetric(outcome);
  std::string out;
  out.push_back(kVersion);
  PutVarint(outcome.epoch, &out);
  PutVarint(outcome.version_min.value(), &out);
  PutVarint(outcome.version_max.value(), &out);
  PutVarint(outcome.samples.size(), &out);
  out.push_back(static_cast<char>(static_cast<uint8_t>(outcome.cls) |
                                  (outcome.trained ? kTrained : 0) |
                                  (outcome.surplus ? kSurplus : 0) |
                                  (outcome.shadow ? kShadow : 0) | (has_metric ? kHasMetric : 0)));
  for (const SampleOutcome& sample : outcome.samples) PutSample(sample, has_metric, &out);
  return out;
}

Result<Outcome> DecodeOutcome(std::string_view key, std::string_view value) {
  Outcome outcome;
  ByteReader key_reader(key);
  outcome.prompt = PromptId(key_reader.BigEndian64());
  outcome.step = key_reader.BigEndian64();
  outcome.occurrence = key_reader.BigEndian16();
  ByteReader reader(value);
  if (!key_reader.AtEnd() || reader.Byte() != kVersion) return Damaged("hist", key);
  outcome.epoch = reader.Varint32();
  outcome.version_min = PolicyVersion(reader.Varint());
  outcome.version_max = PolicyVersion(reader.Varint());
  const uint64_t n = reader.Varint();
  const uint8_t flags = reader.Byte();
  // A sample takes two bytes at least, so a damaged count cannot ask for much memory.
  if (!reader.ok() || n > reader.size_left() / 2 || (flags & ~kKnownFlags) != 0) {
    return Damaged("hist", key);
  }
  outcome.cls = static_cast<OutcomeClass>(flags & kClassMask);
  outcome.trained = (flags & kTrained) != 0;
  outcome.surplus = (flags & kSurplus) != 0;
  outcome.shadow = (flags & kShadow) != 0;
  outcome.samples.resize(n);
  for (SampleOutcome& sample : outcome.samples) {
    if (!ReadSample(&reader, (flags & kHasMetric) != 0, &sample)) return Damaged("hist", key);
  }
  if (!reader.AtEnd()) return Damaged("hist", key);
  return outcome;
}

std::string EncodeSkip(const Skip& skip) {
  std::string out;
  out.push_back(kVersion);
  PutVarint(skip.epoch, &out);
  out.push_back(static_cast<char>(skip.reason));
  PutSignedVarint(skip.streak, &out);
  PutDouble(skip.p, &out);
  PutDouble(skip.skip_probability, &out);
  PutDouble(skip.u, &out);
  return out;
}

Result<Skip> DecodeSkip(std::string_view key, std::string_view value) {
  Skip skip;
  ByteReader key_reader(key);
  skip.prompt = PromptId(key_reader.BigEndian64());
  skip.step = key_reader.BigEndian64();
  ByteReader reader(value);
  if (!key_reader.AtEnd() || reader.Byte() != kVersion) return Damaged("skip", key);
  skip.epoch = reader.Varint32();
  const uint8_t reason = reader.Byte();
  skip.streak = static_cast<int32_t>(reader.SignedVarint());
  skip.p = reader.Double();
  skip.skip_probability = reader.Double();
  skip.u = reader.Double();
  if (!reader.AtEnd() || reason >= kNumFilterReasons) return Damaged("skip", key);
  skip.reason = static_cast<FilterReason>(reason);
  return skip;
}

std::string EncodeAggregate(const PromptAggregate& aggregate) {
  std::string out;
  out.push_back(kVersion);
  PutVarint(aggregate.groups, &out);
  PutVarint(aggregate.trained, &out);
  PutVarint(aggregate.surplus, &out);
  PutVarint(aggregate.shadow, &out);
  for (uint32_t count : aggregate.samples_by_kind) PutVarint(count, &out);
  PutDouble(aggregate.reward_sum, &out);
  PutDouble(aggregate.reward_square_sum, &out);
  PutVarint(aggregate.last_step, &out);
  PutVarint(aggregate.last_epoch, &out);
  PutSignedVarint(aggregate.streak, &out);
  PutVarint(aggregate.class_changes, &out);
  for (uint32_t count : aggregate.groups_by_class) PutVarint(count, &out);
  out.push_back(static_cast<char>(aggregate.num_recent));
  for (int i = 0; i < aggregate.num_recent; ++i) {
    out.push_back(static_cast<char>(aggregate.recent[i]));
  }
  PutVarint(aggregate.unknown_run, &out);
  PutVarint(aggregate.skips, &out);
  for (uint32_t count : aggregate.skips_by_reason) PutVarint(count, &out);
  PutVarint(aggregate.last_skip_step, &out);
  PutVarint(aggregate.last_skip_epoch, &out);
  out.push_back(static_cast<char>(aggregate.last_skip_reason));
  PutDouble(aggregate.mopps_a, &out);
  PutDouble(aggregate.mopps_b, &out);
  return out;
}

Result<PromptAggregate> DecodeAggregate(std::string_view key, std::string_view value) {
  PromptAggregate aggregate;
  ByteReader reader(value);
  if (key.size() != 8 || reader.Byte() != kVersion) return Damaged("agg", key);
  aggregate.groups = reader.Varint32();
  aggregate.trained = reader.Varint32();
  aggregate.surplus = reader.Varint32();
  aggregate.shadow = reader.Varint32();
  for (uint32_t& count : aggregate.samples_by_kind) count = reader.Varint32();
  aggregate.reward_sum = reader.Double();
  aggregate.reward_square_sum = reader.Double();
  aggregate.last_step = reader.Varint();
  aggregate.last_epoch = reader.Varint32();
  aggregate.streak = static_cast<int32_t>(reader.SignedVarint());
  aggregate.class_changes = reader.Varint32();
  for (uint32_t& count : aggregate.groups_by_class) count = reader.Varint32();
  aggregate.num_recent = reader.Byte();
  if (aggregate.num_recent > PromptAggregate::kMaxRecent) return Damaged("agg", key);
  for (int i = 0; i < aggregate.num_recent; ++i) {
    const uint8_t cls = reader.Byte();
    if (cls < 1 || cls > 3) return Damaged("agg", key);
    aggregate.recent[i] = static_cast<OutcomeClass>(cls);
  }
  aggregate.unknown_run = reader.Varint32();
  aggregate.skips = reader.Varint32();
  for (uint32_t& count : aggregate.skips_by_reason) count = reader.Varint32();
  aggregate.last_skip_step = reader.Varint();
  aggregate.last_skip_epoch = reader.Varint32();
  const uint8_t reason = reader.Byte();
  aggregate.mopps_a = reader.Double();
  aggregate.mopps_b = reader.Double();
  if (!reader.AtEnd() || reason >= kNumFilterReasons) return Damaged("agg", key);
  aggregate.last_skip_reason = static_cast<FilterReason>(reason);
  return aggregate;
}

std::string EncodePromptInfo(const PromptInfo& info) {
  std::string out;
  out.push_back(kVersion);
  PutVarint(info.row, &out);
  PutBytes(info.data_source, &out);
  PutLittleEndian64(info.content.low, &out);
  PutLittleEndian64(info.content.high, &out);
  PutBytes(TruncateUtf8(info.display, PromptInfo::kMaxDisplayBytes), &out);
  return out;
}

Result<PromptInfo> DecodePromptInfo(std::string_view key, std::string_view value) {
  PromptInfo info;
  ByteReader key_reader(key);
  info.prompt = PromptId(key_reader.BigEndian64());
  ByteReader reader(value);
  if (!key_reader.AtEnd() || reader.Byte() != kVersion) return Damaged("prompt", key);
  info.row = reader.Varint();
  info.data_source = reader.Bytes();
  info.content.low = reader.LittleEndian64();
  info.content.high = reader.LittleEndian64();
  info.display = reader.Bytes();
  if (!reader.AtEnd()) return Damaged("prompt", key);
  return info;
}

Result<PromptId> DecodePromptKey(std::string_view key) {
  ByteReader reader(key);
  const PromptId prompt(reader.BigEndian64());
  if (!reader.AtEnd()) return Damaged("agg", key);
  return prompt;
}

std::string_view TruncateUtf8(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t size = max_bytes;
  while (size > 0 && max_bytes - size < 3 && (static_cast<uint8_t>(text[size]) & 0xC0) == 0x80) {
    --size;
  }
  return text.substr(0, size);
}

}  // namespace winnow::store
