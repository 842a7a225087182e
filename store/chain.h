#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/status.h"

namespace winnow::store {

class Database;
struct Put;

// Where a history ends. Equal positions mean equal histories; a checkpoint's manifest has one.
struct HistoryPosition {
  uint64_t step = 0;         // the last committed one
  uint64_t hist_seq = 0;     // steps committed
  uint64_t num_records = 0;  // of `hist` and `skip`
  Digest hist_digest;        // of all of them, chained; 0 before the first step

  friend bool operator==(const HistoryPosition&, const HistoryPosition&) = default;
};

// "step 12, seq 12, digest 0f…", for messages.
std::string Describe(const HistoryPosition& position);

// Digests the records of one step and chains the result to the steps before it:
//   chained = D(previous | step u64 | D(hist records) | D(skip records)),   D = XXH3-128
// each record as key size u32, key, value size u32, value; in key order; numbers little-endian,
// digests as low u64, high u64. Nothing but records enters, so two runs agree iff their chains do.
class StepDigester {
 public:
  void AddHist(std::string_view key, std::string_view value);
  void AddSkip(std::string_view key, std::string_view value);
  Digest Chain(const Digest& previous, uint64_t step) const;

 private:
  Digester hist_;
  Digester skip_;
};

// Texts of `meta` that the store itself keeps; every other key belongs to the caller.
inline constexpr std::string_view kSchemaKey = "schema";
inline constexpr std::string_view kRunIdKey = "run_id";
inline constexpr std::string_view kConfigDigestKey = "config_digest";
inline constexpr std::string_view kRuleKey = "rule";
inline constexpr std::string_view kPromptsKey = "prompts";
inline constexpr std::string_view kSchema = "1";
// True for the keys above and those of the position.
bool IsReservedMetaKey(std::string_view key);

// `meta` of a commit: step, hist_seq, hist_count, hist_digest and chain/STEP.
void PutPosition(const HistoryPosition& position, std::vector<Put>* puts);
// All zero if nothing was committed yet; kDataLoss if a number cannot be read.
Result<HistoryPosition> ReadPosition(const Database& database);
// The chained digest after `step`; nothing if no such step was committed.
Result<std::optional<Digest>> ReadChain(const Database& database, uint64_t step);

// One chained digest per committed step, in step order.
struct ChainLink {
  uint64_t step = 0;
  Digest digest;
};
Result<std::vector<ChainLink>> ReadWholeChain(const Database& database);

// kDataLoss unless the database is of the schema that this program reads.
Status CheckSchema(const Database& database);

}  // namespace winnow::store
