#include "store/query.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "base/digest.h"
#include "base/format.h"
#include "store/chain.h"
#include "store/database.h"
#include "store/history_rule.h"
#include "store/prompt_records.h"
#include "store/record.h"

namespace winnow::store {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, kNumNamedClasses> kNamedClasses = {
    "unseen", "effective", "easy", "hard", "solved", "hopeless", "flipping", "skipped"};
constexpr std::array<std::string_view, 5> kSorts = {"id", "streak", "mean", "changes", "last_seen"};

template <typename Enum, size_t kSize>
Result<Enum> ParseName(const std::array<std::string_view, kSize>& names, std::string_view what,
                       std::string_view text) {
  std::string allowed;
  for (size_t i = 0; i < kSize; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
    allowed += Format("{}{}", i == 0 ? "" : ", ", names[i]);
  }
  return InvalidArgument(Format("{} must be one of {}: {}", what, allowed, text));
}

std::string Dump(const Json& json) {
  return json.dump(/*indent=*/-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

// What is known of one prompt.
struct Entry {
  PromptId prompt;
  std::optional<PromptInfo> info;
  PromptAggregate aggregate;
};

// Visits each prompt that is registered or has history, by id, until `visit` fails.
Status ForEachEntry(const Database& database, const std::function<Status(const Entry&)>& visit) {
  const std::unique_ptr<Cursor> info = database.Scan(Family::kPrompt);
  const std::unique_ptr<Cursor> agg = database.Scan(Family::kAgg);
  while (info->Valid() || agg->Valid()) {
    const bool from_info = info->Valid() && (!agg->Valid() || info->key() <= agg->key());
    const bool from_agg = agg->Valid() && (!info->Valid() || agg->key() <= info->key());
    Entry entry;
    WINNOW_ASSIGN_OR_RETURN(entry.prompt, DecodePromptKey(from_info ? info->key() : agg->key()));
    if (from_info) {
      WINNOW_ASSIGN_OR_RETURN(entry.info, DecodePromptInfo(info->key(), info->value()));
      info->Next();
    }
    if (from_agg) {
      WINNOW_ASSIGN_OR_RETURN(entry.aggregate, DecodeAggregate(agg->key(), agg->value()));
      agg->Next();
    }
    WINNOW_RETURN_IF_ERROR(visit(entry));
  }
  WINNOW_RETURN_IF_ERROR(info->status());
  return agg->status();
}

Result<std::optional<Entry>> FindEntry(const Database& database, PromptId prompt) {
  const std::string key = PromptKey(prompt);
  WINNOW_ASSIGN_OR_RETURN(const auto info, database.Get(Family::kPrompt, key));
  WINNOW_ASSIGN_OR_RETURN(const auto aggregate, database.Get(Family::kAgg, key));
  if (!info && !aggregate) return std::optional<Entry>();
  Entry entry{.prompt = prompt};
  if (info) {
    WINNOW_ASSIGN_OR_RETURN(entry.info, DecodePromptInfo(key, *info));
  }
  if (aggregate) {
    WINNOW_ASSIGN_OR_RETURN(entry.aggregate, DecodeAggregate(key, *aggregate));
  }
  return std::optional<Entry>(std::move(entry));
}

Json ClassCounts(const std::array<uint64_t, 4>& counts) {
  Json json;
  for (OutcomeClass cls : {OutcomeClass::kEffective, OutcomeClass::kEasy, OutcomeClass::kHard,
                           OutcomeClass::kUnknown}) {
    json[std::string(OutcomeClassName(cls))] = counts[static_cast<size_t>(cls)];
  }
  return json;
}

Json KindCounts(const std::array<uint64_t, 4>& counts) {
  Json json;
  for (size_t i = 0; i < counts.size(); ++i) {
    json[std::string(VerdictKindName(static_cast<VerdictKind>(i + 1)))] = counts[i];
  }
  return json;
}

Json ReasonCounts(const std::array<uint64_t, kNumFilterReasons>& counts) {
  Json json;
  for (int i = static_cast<int>(FilterReason::kEasy); i < kNumFilterReasons; ++i) {
    json[std::string(FilterReasonName(static_cast<FilterReason>(i)))] = counts[i];
  }
  return json;
}

template <size_t kSize>
std::array<uint64_t, kSize> Widen(const std::array<uint32_t, kSize>& counts) {
  std::array<uint64_t, kSize> wide{};
  std::copy(counts.begin(), counts.end(), wide.begin());
  return wide;
}

// Sums over groups and skips: of the run, or of one step.
struct Totals {
  uint64_t groups = 0, trained = 0, surplus = 0, shadow = 0, skips = 0;
  std::array<uint64_t, 4> by_class{};
  std::array<uint64_t, 4> by_kind{};
  std::array<uint64_t, kNumFilterReasons> by_reason{};
  double reward_sum = 0;

  void Add(const PromptAggregate& aggregate) {
    groups += aggregate.groups;
    trained += aggregate.trained;
    surplus += aggregate.surplus;
    shadow += aggregate.shadow;
    skips += aggregate.skips;
    for (size_t i = 0; i < 4; ++i) by_class[i] += aggregate.groups_by_class[i];
    for (size_t i = 0; i < 4; ++i) by_kind[i] += aggregate.samples_by_kind[i];
    for (size_t i = 0; i < kNumFilterReasons; ++i) by_reason[i] += aggregate.skips_by_reason[i];
    reward_sum += aggregate.reward_sum;
  }
  void AppendTo(Json* json) const {
    (*json)["groups"] = groups;
    (*json)["trained"] = trained;
    (*json)["surplus"] = surplus;
    (*json)["shadow"] = shadow;
    (*json)["classes"] = ClassCounts(by_class);
    (*json)["samples"] = KindCounts(by_kind);
    (*json)["mean_reward"] = by_kind[0] == 0 ? Json() : Json(reward_sum / by_kind[0]);
    (*json)["skipped"] = skips;
    (*json)["skips"] = ReasonCounts(by_reason);
  }
};

Json EntryJson(const Entry& entry) {
  const PromptAggregate& aggregate = entry.aggregate;
  Json json;
  json["prompt"] = ToHex(entry.prompt);
  json["row"] = entry.info ? Json(entry.info->row) : Json();
  json["data_source"] = entry.info ? Json(entry.info->data_source) : Json();
  json["text"] = entry.info ? Json(entry.info->display) : Json();
  json["class"] = aggregate.unseen() ? "unseen" : OutcomeClassName(aggregate.last_class());
  json["named"] = Json::array();
  for (int i = 0; i < kNumNamedClasses; ++i) {
    if (IsIn(static_cast<NamedClass>(i), aggregate)) json["named"].push_back(kNamedClasses[i]);
  }
  json["streak"] = aggregate.streak;
  json["mean"] = aggregate.num_scored() == 0 ? Json() : Json(aggregate.mean_reward());
  json["changes"] = aggregate.class_changes;
  json["groups"] = aggregate.groups;
  json["skipped"] = aggregate.skips;
  const bool seen = aggregate.groups > aggregate.shadow;
  json["last_step"] = seen ? Json(aggregate.last_step) : Json();
  json["last_epoch"] = seen ? Json(aggregate.last_epoch) : Json();
  return json;
}

Json OutcomeJson(const Outcome& outcome) {
  Json json;
  json["step"] = outcome.step;
  json["occurrence"] = outcome.occurrence;
  json["epoch"] = outcome.epoch;
  json["version_min"] = outcome.version_min.value();
  json["version_max"] = outcome.version_max.value();
  json["class"] = OutcomeClassName(outcome.cls);
  json["trained"] = outcome.trained;
  json["surplus"] = outcome.surplus;
  json["shadow"] = outcome.shadow;
  json["samples"] = Json::array();
  for (const SampleOutcome& sample : outcome.samples) {
    Json item;
    item["kind"] = VerdictKindName(sample.kind);
    item["finish"] = FinishReasonName(sample.finish);
    item["length"] = sample.length;
    if (sample.kind == VerdictKind::kScored) {
      item["reward"] = sample.reward;
      if (sample.metric != sample.reward) item["metric"] = sample.metric;
    }
    json["samples"].push_back(std::move(item));
  }
  return json;
}

Json SkipJson(const Skip& skip) {
  Json json;
  json["step"] = skip.step;
  json["epoch"] = skip.epoch;
  json["reason"] = FilterReasonName(skip.reason);
  json["streak"] = skip.streak;
  json["p"] = skip.p;
  json["skip_probability"] = skip.skip_probability;
  json["u"] = skip.u;
  return json;
}

Result<std::string> ShowEntry(const Database& database, const Entry& entry) {
  const PromptAggregate& aggregate = entry.aggregate;
  Json json = EntryJson(entry);
  json["content_digest"] = entry.info ? Json(ToHex(entry.info->content)) : Json();
  json["trained"] = aggregate.trained;
  json["surplus"] = aggregate.surplus;
  json["shadow"] = aggregate.shadow;
  json["classes"] = ClassCounts(Widen(aggregate.groups_by_class));
  json["samples"] = KindCounts(Widen(aggregate.samples_by_kind));
  json["recent"] = Json::array();
  for (int i = 0; i < aggregate.num_recent; ++i) {
    json["recent"].push_back(OutcomeClassName(aggregate.recent[i]));
  }
  json["unknown_run"] = aggregate.unknown_run;
  json["skips"] = ReasonCounts(Widen(aggregate.skips_by_reason));
  json["mopps_a"] = aggregate.groups > 0 ? Json(aggregate.mopps_a) : Json();
  json["mopps_b"] = aggregate.groups > 0 ? Json(aggregate.mopps_b) : Json();
  WINNOW_ASSIGN_OR_RETURN(const auto outcomes, ReadOutcomes(database, entry.prompt));
  json["outcomes"] = Json::array();
  for (const Outcome& outcome : outcomes) json["outcomes"].push_back(OutcomeJson(outcome));
  WINNOW_ASSIGN_OR_RETURN(const auto skips, ReadSkips(database, entry.prompt));
  json["skip_records"] = Json::array();
  for (const Skip& skip : skips) json["skip_records"].push_back(SkipJson(skip));
  return Dump(json);
}

// What a page is sorted by; NaN for a prompt without a value.
double SortValue(SortBy sort_by, const PromptAggregate& aggregate) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  switch (sort_by) {
    case SortBy::kId:
      return 0;
    case SortBy::kStreak:
      return aggregate.unseen() ? kNone : aggregate.streak;
    case SortBy::kMean:
      return aggregate.num_scored() == 0 ? kNone : aggregate.mean_reward();
    case SortBy::kChanges:
      return aggregate.unseen() ? kNone : aggregate.class_changes;
    case SortBy::kLastSeen:
      return aggregate.groups == aggregate.shadow ? kNone
                                                  : static_cast<double>(aggregate.last_step);
  }
  return kNone;
}

}  // namespace

std::string_view NamedClassName(NamedClass named) {
  return kNamedClasses[static_cast<size_t>(named)];
}

Result<NamedClass> ParseNamedClass(std::string_view text) {
  return ParseName<NamedClass>(kNamedClasses, "class", text);
}

Result<SortBy> ParseSortBy(std::string_view text) {
  return ParseName<SortBy>(kSorts, "sort", text);
}

bool IsIn(NamedClass named, const PromptAggregate& aggregate) {
  switch (named) {
    case NamedClass::kUnseen:
      return aggregate.unseen();
    case NamedClass::kEffective:
      return aggregate.last_class() == OutcomeClass::kEffective;
    case NamedClass::kEasy:
      return aggregate.last_class() == OutcomeClass::kEasy;
    case NamedClass::kHard:
      return aggregate.last_class() == OutcomeClass::kHard;
    case NamedClass::kSolved:
      return aggregate.streak >= 2;
    case NamedClass::kHopeless:
      return aggregate.streak <= -2;
    case NamedClass::kFlipping:
      return aggregate.recent_changes() >= 2;
    case NamedClass::kSkipped:
      return aggregate.skipped_last();
  }
  return false;
}

Result<std::string> SummaryJson(const Database& database) {
  WINNOW_ASSIGN_OR_RETURN(const HistoryPosition position, ReadPosition(database));
  Totals totals;
  uint64_t prompts = 0;
  std::array<uint64_t, kNumNamedClasses> named{};
  WINNOW_RETURN_IF_ERROR(ForEachEntry(database, [&](const Entry& entry) {
    ++prompts;
    totals.Add(entry.aggregate);
    for (int i = 0; i < kNumNamedClasses; ++i) {
      named[i] += IsIn(static_cast<NamedClass>(i), entry.aggregate) ? 1 : 0;
    }
    return OkStatus();
  }));
  Json json;
  json["step"] = position.step;
  json["steps"] = position.hist_seq;
  json["hist_digest"] = ToHex(position.hist_digest);
  json["records"] = position.num_records;
  json["prompts"] = prompts;
  for (int i = 0; i < kNumNamedClasses; ++i) {
    json["prompts_by_class"][std::string(kNamedClasses[i])] = named[i];
  }
  totals.AppendTo(&json);
  return Dump(json);
}

Result<std::string> StepsJson(const Database& database, uint64_t first, uint64_t last) {
  std::map<uint64_t, Totals> steps;
  WINNOW_ASSIGN_OR_RETURN(const std::vector<ChainLink> chain, ReadWholeChain(database));
  for (const ChainLink& link : chain) {
    if (link.step >= first && link.step <= last) steps.try_emplace(link.step);
  }
  const std::unique_ptr<Cursor> hist = database.Scan(Family::kHist);
  for (; hist->Valid(); hist->Next()) {
    WINNOW_ASSIGN_OR_RETURN(const Outcome outcome, DecodeOutcome(hist->key(), hist->value()));
    const auto step = steps.find(outcome.step);
    if (step == steps.end()) continue;
    PromptAggregate one;
    FoldOutcome(MoppsPrior(), outcome, &one);
    step->second.Add(one);
  }
  WINNOW_RETURN_IF_ERROR(hist->status());
  const std::unique_ptr<Cursor> skips = database.Scan(Family::kSkip);
  for (; skips->Valid(); skips->Next()) {
    WINNOW_ASSIGN_OR_RETURN(const Skip skip, DecodeSkip(skips->key(), skips->value()));
    const auto step = steps.find(skip.step);
    if (step == steps.end()) continue;
    ++step->second.skips;
    ++step->second.by_reason[static_cast<size_t>(skip.reason)];
  }
  WINNOW_RETURN_IF_ERROR(skips->status());
  Json json = Json::array();
  for (const auto& [step, totals] : steps) {
    Json item;
    item["step"] = step;
    totals.AppendTo(&item);
    json.push_back(std::move(item));
  }
  return Dump(json);
}

Result<std::string> ShowJson(const Database& database, PromptId prompt) {
  WINNOW_ASSIGN_OR_RETURN(const std::optional<Entry> entry, FindEntry(database, prompt));
  if (!entry) return NotFound(Format("history: prompt is not of this run: {}", ToHex(prompt)));
  return ShowEntry(database, *entry);
}

Result<std::string> ListJson(const Database& database, const ListQuery& query) {
  std::vector<std::pair<double, PromptId>> found;  // sort value, in id order
  WINNOW_RETURN_IF_ERROR(ForEachEntry(database, [&](const Entry& entry) {
    if (!query.named || IsIn(*query.named, entry.aggregate)) {
      found.emplace_back(SortValue(query.sort_by, entry.aggregate), entry.prompt);
    }
    return OkStatus();
  }));
  if (query.sort_by == SortBy::kId) {
    if (query.descending) std::reverse(found.begin(), found.end());
  } else {
    std::stable_sort(found.begin(), found.end(), [&](const auto& a, const auto& b) {
      const bool a_none = a.first != a.first;
      const bool b_none = b.first != b.first;
      if (a_none || b_none) return !a_none && b_none;
      return query.descending ? a.first > b.first : a.first < b.first;
    });
  }
  Json json;
  json["total"] = found.size();
  json["offset"] = query.offset;
  json["prompts"] = Json::array();
  const uint64_t first = std::min<uint64_t>(query.offset, found.size());
  const uint64_t count = std::min<uint64_t>(query.limit, found.size() - first);
  for (uint64_t i = first; i < first + count; ++i) {
    WINNOW_ASSIGN_OR_RETURN(const std::optional<Entry> entry, FindEntry(database, found[i].second));
    if (entry) json["prompts"].push_back(EntryJson(*entry));
  }
  return Dump(json);
}

Status ExportJson(const Database& database, const std::function<Status(std::string_view)>& line) {
  return ForEachEntry(database, [&](const Entry& entry) -> Status {
    WINNOW_ASSIGN_OR_RETURN(const std::string json, ShowEntry(database, entry));
    return line(json);
  });
}

Result<PromptId> ResolvePrompt(const Database& database, std::string_view text) {
  uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, /*base=*/16);
  if (text.size() == 16 && error == std::errc() && stop == end) {
    WINNOW_ASSIGN_OR_RETURN(const std::optional<Entry> entry, FindEntry(database, PromptId(value)));
    if (entry) return PromptId(value);
  }
  const PromptId hashed(Hash64(text));
  WINNOW_ASSIGN_OR_RETURN(const std::optional<Entry> entry, FindEntry(database, hashed));
  if (entry) return hashed;
  return NotFound(
      Format("history: prompt must be a row's id or 16 hexadecimal digits of this run: {}", text));
}

}  // namespace winnow::store
