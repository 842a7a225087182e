#include "store/verify.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "base/format.h"
#include "store/database.h"
#include "store/history_rule.h"
#include "store/record.h"

namespace winnow::store {
namespace {

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (char byte : bytes) hex += Format("{:02x}", static_cast<uint8_t>(byte));
  return hex;
}

// One walk over a store that adds to its report.
class Verifier {
 public:
  Verifier(Database* database, VerifyReport* report) : database_(database), report_(report) {}

  Status Run() {
    Note(database_->VerifyChecksums());
    WINNOW_RETURN_IF_ERROR(CheckSchema(*database_));
    WINNOW_ASSIGN_OR_RETURN(const std::optional<std::string> rule,
                            database_->Get(Family::kMeta, kRuleKey));
    WINNOW_ASSIGN_OR_RETURN(rule_, DecodeRule(rule.value_or("")));
    WINNOW_ASSIGN_OR_RETURN(report_->position, ReadPosition(*database_));
    WINNOW_RETURN_IF_ERROR(CheckAggregates());
    WINNOW_RETURN_IF_ERROR(CheckStepIndex());
    return CheckChain();
  }

 private:
  void Note(std::string problem) {
    if (++report_->num_problems <= VerifyReport::kMaxProblems) {
      report_->problems.push_back(std::move(problem));
    }
  }
  void Note(const Status& status) {
    if (!status.ok()) Note(status.message());
  }

  // The three families are in prompt order, so one walk meets all records of a prompt together.
  Status CheckAggregates() {
    const std::unique_ptr<Cursor> hist = database_->Scan(Family::kHist);
    const std::unique_ptr<Cursor> skip = database_->Scan(Family::kSkip);
    const std::unique_ptr<Cursor> agg = database_->Scan(Family::kAgg);
    while (hist->Valid() || skip->Valid() || agg->Valid()) {
      std::string prompt(8, '\xFF');
      for (const Cursor* cursor : {hist.get(), skip.get(), agg.get()}) {
        if (cursor->Valid()) prompt = std::min(prompt, std::string(cursor->key().substr(0, 8)));
      }
      PromptAggregate aggregate = EmptyAggregate(rule_.mopps);
      FoldHist(prompt, hist.get(), &aggregate);
      FoldSkips(prompt, skip.get(), &aggregate);
      CompareAggregate(prompt, EncodeAggregate(aggregate), agg.get());
      ++report_->num_prompts;
    }
    WINNOW_RETURN_IF_ERROR(hist->status());
    WINNOW_RETURN_IF_ERROR(skip->status());
    return agg->status();
  }

  void FoldHist(const std::string& prompt, Cursor* hist, PromptAggregate* aggregate) {
    for (; hist->Valid() && hist->key().starts_with(prompt); hist->Next()) {
      ++report_->num_groups;
      const Result<Outcome> outcome = DecodeOutcome(hist->key(), hist->value());
      if (!outcome.ok()) {
        Note(outcome.status());
        continue;
      }
      FoldOutcome(rule_.mopps, *outcome, aggregate);
      steps_[outcome->step].AddHist(hist->key(), hist->value());
      index_sum_ += Hash64(StepKey(outcome->step, outcome->prompt, outcome->occurrence));
    }
  }

  void FoldSkips(const std::string& prompt, Cursor* skips, PromptAggregate* aggregate) {
    for (; skips->Valid() && skips->key().starts_with(prompt); skips->Next()) {
      ++report_->num_skips;
      const Result<Skip> skip = DecodeSkip(skips->key(), skips->value());
      if (!skip.ok()) {
        Note(skip.status());
        continue;
      }
      FoldSkip(*skip, aggregate);
      steps_[skip->step].AddSkip(skips->key(), skips->value());
    }
  }

  void CompareAggregate(const std::string& prompt, const std::string& folded, Cursor* agg) {
    bool found = false;
    for (; agg->Valid() && agg->key().starts_with(prompt); agg->Next()) {
      found = found || agg->key() == prompt;
      if (agg->value() == folded && agg->key() == prompt) continue;
      Note(Format("history: `agg` is not the fold of `hist` and `skip`: prompt {}", Hex(prompt)));
    }
    if (!found) Note(Format("history: prompt has no record of `agg`: prompt {}", Hex(prompt)));
  }

  // Sums of key hashes are equal iff the sets are, but for chance: no order, no memory.
  Status CheckStepIndex() {
    const std::unique_ptr<Cursor> cursor = database_->Scan(Family::kStep);
    uint64_t count = 0;
    uint64_t sum = 0;
    for (; cursor->Valid(); cursor->Next()) {
      ++count;
      sum += Hash64(cursor->key());
    }
    if (count != report_->num_groups || sum != index_sum_) {
      Note(Format("history: `step` is not the index of `hist`: {} entries, {} groups", count,
                  report_->num_groups));
    }
    return cursor->status();
  }

  Status CheckChain() {
    WINNOW_ASSIGN_OR_RETURN(const std::vector<ChainLink> chain, ReadWholeChain(*database_));
    Digest digest;
    for (const ChainLink& link : chain) {
      digest = steps_[link.step].Chain(digest, link.step);
      if (digest != link.digest) {
        Note(Format("history: digest of the step does not match its records: step {}", link.step));
        digest = link.digest;  // so that one damaged step is one problem
      }
      steps_.erase(link.step);
    }
    for (const auto& [step, unused] : steps_) {
      Note(Format("history: records of a step that was not committed: step {}", step));
    }
    const HistoryPosition& position = report_->position;
    const uint64_t last = chain.empty() ? 0 : chain.back().step;
    if (position.hist_seq != chain.size() || position.step != last ||
        position.hist_digest != digest) {
      Note(Format("history: meta does not end where the chain ends, at step {} of {}: {}", last,
                  chain.size(), Describe(position)));
    }
    if (position.num_records != report_->num_groups + report_->num_skips) {
      Note(Format("history: hist_count is not the number of records, {}: {}",
                  report_->num_groups + report_->num_skips, position.num_records));
    }
    return OkStatus();
  }

  Database* const database_;
  VerifyReport* const report_;
  HistoryRule rule_;
  std::map<uint64_t, StepDigester> steps_;
  uint64_t index_sum_ = 0;
};

}  // namespace

Result<VerifyReport> VerifyDatabase(Database* database) {
  VerifyReport report;
  const Status status = Verifier(database, &report).Run();
  if (!status.ok() && status.code() != StatusCode::kDataLoss) return status;
  if (!status.ok()) {  // the walk ended early, there may be more
    ++report.num_problems;
    report.problems.push_back(status.message());
  }
  return report;
}

}  // namespace winnow::store
