#pragma once

#include <functional>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "orchestrator/filter/interface.h"

namespace winnow::orchestrator {

// The state of all prompts in memory: the fold of what was observed, by the same functions as the
// store's aggregates, so a rebuilt state equals the stored one.
// Threads: as PromptState. About 300 bytes a prompt.
class MemoryPromptState : public PromptState {
 public:
  explicit MemoryPromptState(const store::MoppsPrior& prior) : prior_(prior) {}

  // Sets what the store has of a prompt; called at start and resume.
  void Put(PromptId prompt, const store::PromptAggregate& aggregate);
  // Keeps the prompt from being generated again in this run.
  void Quarantine(PromptId prompt) { quarantined_.insert(prompt); }
  size_t size() const { return aggregates_.size(); }

  std::optional<store::PromptAggregate> Find(PromptId prompt) const override;
  bool Quarantined(PromptId prompt) const override { return quarantined_.contains(prompt); }
  void ForEach(
      const std::function<void(PromptId, const store::PromptAggregate&)>& visit) const override;
  void Observe(const store::Outcome& outcome) override;
  void OnSkip(const store::Skip& skip) override;

 private:
  store::PromptAggregate& At(PromptId prompt);

  const store::MoppsPrior prior_;
  std::unordered_map<PromptId, store::PromptAggregate> aggregates_;
  std::unordered_set<PromptId> quarantined_;
};

}  // namespace winnow::orchestrator
