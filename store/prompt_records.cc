#include "store/prompt_records.h"

#include <memory>

#include "store/database.h"
#include "store/record.h"

namespace winnow::store {
namespace {

template <typename Record>
Result<std::vector<Record>> ReadRecords(const Database& database, Family family, PromptId prompt,
                                        Result<Record> (*decode)(std::string_view,
                                                                 std::string_view)) {
  std::vector<Record> records;
  const std::unique_ptr<Cursor> cursor = database.Scan(family, PromptKey(prompt));
  for (; cursor->Valid(); cursor->Next()) {
    WINNOW_ASSIGN_OR_RETURN(Record record, decode(cursor->key(), cursor->value()));
    records.push_back(std::move(record));
  }
  WINNOW_RETURN_IF_ERROR(cursor->status());
  return records;
}

}  // namespace

Result<std::vector<Outcome>> ReadOutcomes(const Database& database, PromptId prompt) {
  return ReadRecords<Outcome>(database, Family::kHist, prompt, DecodeOutcome);
}

Result<std::vector<Skip>> ReadSkips(const Database& database, PromptId prompt) {
  return ReadRecords<Skip>(database, Family::kSkip, prompt, DecodeSkip);
}

}  // namespace winnow::store
