#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "store/aggregate.h"

namespace winnow::store {

class Database;

// Named classes of prompts (greso.md §9); a prompt can be in several.
enum class NamedClass : uint8_t {
  kUnseen,     // no known outcome
  kEffective,  // these three: the last known outcome
  kEasy,
  kHard,
  kSolved,    // z >= 2
  kHopeless,  // z <= -2
  kFlipping,  // at least 2 class changes in the last 8 known outcomes
  kSkipped,   // at its last offer
};
inline constexpr int kNumNamedClasses = 8;
std::string_view NamedClassName(NamedClass named);
// Reads what NamedClassName gives; kInvalidArgument naming the allowed ones.
Result<NamedClass> ParseNamedClass(std::string_view text);
bool IsIn(NamedClass named, const PromptAggregate& aggregate);

enum class SortBy : uint8_t { kId, kStreak, kMean, kChanges, kLastSeen };
// `id`, `streak`, `mean`, `changes` or `last_seen`; else kInvalidArgument naming them.
Result<SortBy> ParseSortBy(std::string_view text);

struct ListQuery {
  std::optional<NamedClass> named;  // all prompts without it
  SortBy sort_by = SortBy::kId;     // ties by id, upwards; prompts without a value come last
  bool descending = false;
  uint64_t offset = 0;
  uint64_t limit = 50;
};

// The answers of `winnow history`, each one JSON text with keys in a fixed order
// (docs/formats/history.md, "Answers"). All read one view of the database.

// Totals of the run: position, prompts by named class, groups by class, samples by verdict kind,
// skips by reason, mean reward.
Result<std::string> SummaryJson(const Database& database);
// One object per step with first <= step <= last, as an array.
Result<std::string> StepsJson(const Database& database, uint64_t first, uint64_t last);
// One prompt with all its outcomes and skips. kNotFound if it is neither registered nor offered.
Result<std::string> ShowJson(const Database& database, PromptId prompt);
// A page of prompts: {"total", "offset", "prompts": […]}.
Result<std::string> ListJson(const Database& database, const ListQuery& query);
// Gives `line` what ShowJson gives, for every prompt by id; stops at the first error it returns.
Status ExportJson(const Database& database, const std::function<Status(std::string_view)>& line);

// The prompt that a person means: 16 hexadecimal digits of a prompt of the store, else the row's
// own id, as text. kNotFound if the store knows neither.
Result<PromptId> ResolvePrompt(const Database& database, std::string_view text);

}  // namespace winnow::store
