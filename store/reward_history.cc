#include "store/reward_history.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/file.h"
#include "base/format.h"
#include "base/log.h"
#include "store/database.h"
#include "store/events_log.h"
#include "store/high_water_mark.h"
#include "store/prompt_records.h"
#include "store/record.h"

namespace winnow::store {
namespace {

const Logger kLog("store");

constexpr size_t kPromptsPerWrite = 8192;

Status WithHint(const Status& status, const std::string& hint) {
  if (status.code() != StatusCode::kDataLoss || hint.empty()) return status;
  return DataLoss(Format("{}; {}", status.message(), hint));
}

Result<HistoryMark> ReadMark(const std::string& events_log) {
  WINNOW_ASSIGN_OR_RETURN(const EventsLogContents contents, ReadEventsLog(events_log));
  return LastMark(contents);
}

// A new database, or one that is there; never a new one where the mark says that one was.
Result<std::unique_ptr<Database>> OpenDatabase(const std::string& path, bool create,
                                               const HistoryMark& mark) {
  WINNOW_ASSIGN_OR_RETURN(const bool exists, Database::Exists(path));
  if (!exists && mark.hist_seq > 0) {
    return DataLoss(
        Format("history: the store is missing, events.log marks step {}: {}", mark.step, path));
  }
  if (!exists && !create) return NotFound(Format("history: there is no store: {}", path));
  return Database::Open(path, exists ? Database::Mode::kWrite : Database::Mode::kCreate);
}

// Folds every posterior again, after lambda, prior or range changed; one batch with the new rule.
Status RefoldPosteriors(const HistoryRule& rule, Database* database) {
  std::vector<Put> puts = {{Family::kMeta, std::string(kRuleKey), EncodeRule(rule)}};
  const std::unique_ptr<Cursor> agg = database->Scan(Family::kAgg);
  for (; agg->Valid(); agg->Next()) {
    WINNOW_ASSIGN_OR_RETURN(PromptAggregate aggregate, DecodeAggregate(agg->key(), agg->value()));
    PromptAggregate folded = EmptyAggregate(rule.mopps);
    const std::unique_ptr<Cursor> hist = database->Scan(Family::kHist, agg->key());
    for (; hist->Valid(); hist->Next()) {
      WINNOW_ASSIGN_OR_RETURN(const Outcome outcome, DecodeOutcome(hist->key(), hist->value()));
      FoldOutcome(rule.mopps, outcome, &folded);
    }
    WINNOW_RETURN_IF_ERROR(hist->status());
    aggregate.mopps_a = folded.mopps_a;
    aggregate.mopps_b = folded.mopps_b;
    puts.push_back({Family::kAgg, std::string(agg->key()), EncodeAggregate(aggregate)});
  }
  WINNOW_RETURN_IF_ERROR(agg->status());
  return database->Write(puts);
}

// Writes what a new store starts with, or compares an old one's schema and rule.
Status InitialiseOrCheck(const HistoryOptions& options, Database* database) {
  WINNOW_ASSIGN_OR_RETURN(const std::optional<std::string> schema,
                          database->Get(Family::kMeta, kSchemaKey));
  if (!schema) {
    return database->Write({{Family::kMeta, std::string(kSchemaKey), std::string(kSchema)},
                            {Family::kMeta, std::string(kRunIdKey), options.run_id},
                            {Family::kMeta, std::string(kConfigDigestKey), options.config_digest},
                            {Family::kMeta, std::string(kRuleKey), EncodeRule(options.rule)}});
  }
  WINNOW_RETURN_IF_ERROR(CheckSchema(*database));
  WINNOW_ASSIGN_OR_RETURN(const std::optional<std::string> text,
                          database->Get(Family::kMeta, kRuleKey));
  WINNOW_ASSIGN_OR_RETURN(const HistoryRule stored, DecodeRule(text.value_or("")));
  WINNOW_RETURN_IF_ERROR(CheckSameRule(stored, options.rule));
  if (stored.mopps == options.rule.mopps) return OkStatus();
  kLog.Info("parameters of mopps changed: posteriors of all prompts are folded again");
  return RefoldPosteriors(options.rule, database);
}

// {"count":…,"digest":"…"} of the rows, in id order.
std::string SummarizePrompts(const std::map<std::string, std::string>& records) {
  Digester digester;
  for (const auto& [key, value] : records) {
    digester.Add(key);
    digester.Add(value);
  }
  return Format(R"({{"count":{},"digest":"{}"}})", records.size(), ToHex(digester.Finish()));
}

}  // namespace

struct RewardHistory::OpenStep {
  uint64_t step = 0;
  bool present = false;  // committed before: everything is dropped
  std::map<std::pair<PromptId, uint16_t>, Outcome> groups;  // in the order of their keys
  std::map<PromptId, Skip> skips;                           // likewise
  std::map<std::string, std::string, std::less<>> meta;
};

struct RewardHistory::State {
  State(HistoryOptions options, std::unique_ptr<Database> database, EventsLog events)
      : options(std::move(options)), database(std::move(database)), events(std::move(events)) {}

  const HistoryOptions options;              // Constant after construction.
  const std::unique_ptr<Database> database;  // Synchronises itself.

  // Of the committing thread.
  EventsLog events;
  std::optional<OpenStep> open;
  Status broken;  // of the first Commit that failed

  mutable std::mutex mutex;  // Guards all below.
  HistoryPosition position;

  HistoryPosition Position() const {
    const std::lock_guard lock(mutex);
    return position;
  }
  Status AppendMark(const HistoryPosition& at) {
    return events.Append(
        EncodeMark({.step = at.step, .hist_seq = at.hist_seq, .hist_digest = at.hist_digest}));
  }
  Status AddAggregates(std::vector<Put>* puts) const;
  HistoryPosition AddRecords(std::vector<Put>* puts) const;
};

// The records of the open step, and the position that they lead to.
HistoryPosition RewardHistory::State::AddRecords(std::vector<Put>* puts) const {
  StepDigester digester;
  for (const auto& [unused, outcome] : open->groups) {
    Put put{Family::kHist, HistKey(outcome.prompt, outcome.step, outcome.occurrence),
            EncodeOutcome(outcome)};
    digester.AddHist(put.key, put.value);
    puts->push_back(std::move(put));
    puts->push_back({Family::kStep, StepKey(outcome.step, outcome.prompt, outcome.occurrence), ""});
  }
  for (const auto& [prompt, skip] : open->skips) {
    Put put{Family::kSkip, SkipKey(prompt, skip.step), EncodeSkip(skip)};
    digester.AddSkip(put.key, put.value);
    puts->push_back(std::move(put));
  }
  HistoryPosition next = Position();
  next.step = open->step;
  next.hist_seq += 1;
  next.num_records += open->groups.size() + open->skips.size();
  next.hist_digest = digester.Chain(next.hist_digest, open->step);
  return next;
}

// Read, modify, write: a merge operator would not be idempotent.
Status RewardHistory::State::AddAggregates(std::vector<Put>* puts) const {
  std::map<PromptId, PromptAggregate> touched;
  for (const auto& [key, unused] : open->groups) touched.try_emplace(key.first);
  for (const auto& [prompt, unused] : open->skips) touched.try_emplace(prompt);
  std::vector<std::string> keys;
  for (const auto& [prompt, unused] : touched) keys.push_back(PromptKey(prompt));
  WINNOW_ASSIGN_OR_RETURN(const auto stored, database->GetMany(Family::kAgg, keys));
  size_t i = 0;
  for (auto& [unused, aggregate] : touched) {
    aggregate = EmptyAggregate(options.rule.mopps);
    if (stored[i]) {
      WINNOW_ASSIGN_OR_RETURN(aggregate, DecodeAggregate(keys[i], *stored[i]));
    }
    ++i;
  }
  for (const auto& [key, outcome] : open->groups) {
    FoldOutcome(options.rule.mopps, outcome, &touched[key.first]);
  }
  for (const auto& [prompt, skip] : open->skips) FoldSkip(skip, &touched[prompt]);
  for (const auto& [prompt, aggregate] : touched) {
    puts->push_back({Family::kAgg, PromptKey(prompt), EncodeAggregate(aggregate)});
  }
  return OkStatus();
}

RewardHistory::RewardHistory(std::unique_ptr<State> state) : state_(std::move(state)) {}
RewardHistory::~RewardHistory() = default;

Result<std::unique_ptr<RewardHistory>> RewardHistory::Open(const std::string& path,
                                                           const HistoryOptions& options) {
  const auto open = [&]() -> Result<std::unique_ptr<RewardHistory>> {
    WINNOW_ASSIGN_OR_RETURN(const HistoryMark mark, ReadMark(options.events_log));
    WINNOW_ASSIGN_OR_RETURN(std::unique_ptr<Database> database,
                            OpenDatabase(path, options.create, mark));
    WINNOW_ASSIGN_OR_RETURN(const MarkFit fit, FitMark(mark, *database));
    WINNOW_RETURN_IF_ERROR(InitialiseOrCheck(options, database.get()));
    WINNOW_ASSIGN_OR_RETURN(EventsLog events, EventsLog::Open(options.events_log));
    auto state = std::make_unique<State>(options, std::move(database), std::move(events));
    WINNOW_ASSIGN_OR_RETURN(state->position, ReadPosition(*state->database));
    if (fit == MarkFit::kOneStepPast) {
      kLog.Info(Format("events.log lacked the last commit, added: step {}", state->position.step));
      WINNOW_RETURN_IF_ERROR(state->AppendMark(state->position));
    }
    return std::unique_ptr<RewardHistory>(new RewardHistory(std::move(state)));
  };
  Result<std::unique_ptr<RewardHistory>> history = open();
  if (!history.ok()) return WithHint(history.status(), options.recovery_hint);
  return history;
}

Status RewardHistory::RegisterPrompts(std::span<const PromptInfo> prompts) {
  std::map<std::string, std::string> records;
  std::map<PromptId, uint64_t> rows;
  for (const PromptInfo& info : prompts) {
    const auto [other, fresh] = rows.try_emplace(info.prompt, info.row);
    if (!fresh) {
      return InvalidArgument(Format("history: prompt ids must differ: rows {} and {}, prompt {}",
                                    other->second, info.row, ToHex(info.prompt)));
    }
    records.emplace(PromptKey(info.prompt), EncodePromptInfo(info));
  }
  const std::string summary = SummarizePrompts(records);
  WINNOW_ASSIGN_OR_RETURN(const std::optional<std::string> stored,
                          state_->database->Get(Family::kMeta, kPromptsKey));
  if (stored == summary) return OkStatus();
  if (stored) {
    return FailedPrecondition(
        Format("history: data.train_files must be the store's, or filter.reset_history true: "
               "store {}, config {}",
               *stored, summary));
  }
  std::vector<Put> puts;
  for (auto& [key, value] : records) {
    puts.push_back({Family::kPrompt, key, std::move(value)});
    if (puts.size() < kPromptsPerWrite) continue;
    WINNOW_RETURN_IF_ERROR(state_->database->Write(puts));
    puts.clear();
  }
  puts.push_back({Family::kMeta, std::string(kPromptsKey), summary});  // last: all rows are there
  return state_->database->Write(puts);
}

void RewardHistory::BeginStep(uint64_t step) {
  WINNOW_CHECK(!state_->open.has_value());
  const HistoryPosition position = state_->Position();
  state_->open.emplace();
  state_->open->step = step;
  state_->open->present = position.hist_seq > 0 && step <= position.step;
}

Status RewardHistory::Append(const Outcome& outcome) {
  WINNOW_CHECK(state_->open.has_value());
  WINNOW_CHECK_EQ(outcome.step, state_->open->step);
  for (const SampleOutcome& sample : outcome.samples) {
    if (sample.kind != VerdictKind::kScored) continue;
    if (std::isfinite(sample.reward) && std::isfinite(sample.metric)) continue;
    return InvalidArgument(Format("history: reward and metric must be finite: prompt {}, {} and {}",
                                  ToHex(outcome.prompt), sample.reward, sample.metric));
  }
  if (!state_->open->present) {
    state_->open->groups.try_emplace({outcome.prompt, outcome.occurrence}, outcome);
  }
  return OkStatus();
}

void RewardHistory::AppendSkip(const Skip& skip) {
  WINNOW_CHECK(state_->open.has_value());
  WINNOW_CHECK_EQ(skip.step, state_->open->step);
  if (!state_->open->present) state_->open->skips.try_emplace(skip.prompt, skip);
}

void RewardHistory::SetMeta(std::string_view key, std::string_view bytes) {
  WINNOW_CHECK(state_->open.has_value());
  WINNOW_CHECK(!IsReservedMetaKey(key));
  if (!state_->open->present) state_->open->meta.insert_or_assign(std::string(key), bytes);
}

Status RewardHistory::Commit(uint64_t step) {
  WINNOW_CHECK(state_->open.has_value());
  WINNOW_CHECK_EQ(step, state_->open->step);
  WINNOW_RETURN_IF_ERROR(state_->broken);
  if (state_->open->present) {
    state_->open.reset();
    return OkStatus();
  }
  const auto commit = [&]() -> Status {
    std::vector<Put> puts;
    const HistoryPosition next = state_->AddRecords(&puts);
    WINNOW_RETURN_IF_ERROR(state_->AddAggregates(&puts));
    for (const auto& [key, bytes] : state_->open->meta) puts.push_back({Family::kMeta, key, bytes});
    PutPosition(next, &puts);
    WINNOW_RETURN_IF_ERROR(state_->database->Write(puts));
    {
      const std::lock_guard lock(state_->mutex);
      state_->position = next;
    }
    return state_->AppendMark(next);
  };
  state_->broken = commit();
  state_->open.reset();
  return state_->broken;
}

void RewardHistory::DiscardStep() { state_->open.reset(); }

Result<PromptAggregate> RewardHistory::Find(PromptId prompt) const {
  const std::string key = PromptKey(prompt);
  WINNOW_ASSIGN_OR_RETURN(const std::optional<std::string> value,
                          state_->database->Get(Family::kAgg, key));
  if (!value) return NotFound(Format("history: prompt has no history: {}", ToHex(prompt)));
  return DecodeAggregate(key, *value);
}

Result<std::vector<PromptAggregate>> RewardHistory::FindMany(
    std::span<const PromptId> prompts) const {
  std::vector<std::string> keys;
  keys.reserve(prompts.size());
  for (PromptId prompt : prompts) keys.push_back(PromptKey(prompt));
  WINNOW_ASSIGN_OR_RETURN(const auto values, state_->database->GetMany(Family::kAgg, keys));
  std::vector<PromptAggregate> found(prompts.size(), EmptyAggregate(state_->options.rule.mopps));
  for (size_t i = 0; i < prompts.size(); ++i) {
    if (!values[i]) continue;
    WINNOW_ASSIGN_OR_RETURN(found[i], DecodeAggregate(keys[i], *values[i]));
  }
  return found;
}

Result<std::vector<Outcome>> RewardHistory::Outcomes(PromptId prompt) const {
  return ReadOutcomes(*state_->database, prompt);
}

Result<std::vector<Skip>> RewardHistory::Skips(PromptId prompt) const {
  return ReadSkips(*state_->database, prompt);
}

Result<PromptInfo> RewardHistory::FindPrompt(PromptId prompt) const {
  const std::string key = PromptKey(prompt);
  WINNOW_ASSIGN_OR_RETURN(const std::optional<std::string> value,
                          state_->database->Get(Family::kPrompt, key));
  if (!value) return NotFound(Format("history: prompt is not of this run: {}", ToHex(prompt)));
  return DecodePromptInfo(key, *value);
}

Result<std::string> RewardHistory::GetMeta(std::string_view key) const {
  WINNOW_ASSIGN_OR_RETURN(std::optional<std::string> value,
                          state_->database->Get(Family::kMeta, key));
  if (!value) return NotFound(Format("history: meta has no such key: {}", key));
  return *std::move(value);
}

Status RewardHistory::ForEachAggregate(
    const std::function<void(PromptId, const PromptAggregate&)>& visit) const {
  const std::unique_ptr<Cursor> cursor = state_->database->Scan(Family::kAgg);
  for (; cursor->Valid(); cursor->Next()) {
    WINNOW_ASSIGN_OR_RETURN(const PromptId prompt, DecodePromptKey(cursor->key()));
    WINNOW_ASSIGN_OR_RETURN(const PromptAggregate aggregate,
                            DecodeAggregate(cursor->key(), cursor->value()));
    visit(prompt, aggregate);
  }
  return cursor->status();
}

HistoryPosition RewardHistory::position() const { return state_->Position(); }

Result<VerifyReport> RewardHistory::Verify() const {
  return VerifyDatabase(state_->database.get());
}

Status RewardHistory::CreateCheckpoint(const std::string& path) const {
  WINNOW_RETURN_IF_ERROR(state_->database->CreateCheckpoint(path));
  WINNOW_RETURN_IF_ERROR(SyncFolder(path));
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return SyncFolder(parent.empty() ? "." : parent);
}

}  // namespace winnow::store
