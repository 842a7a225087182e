#include "orchestrator/filter/memory_prompt_state.h"

namespace winnow::orchestrator {

void MemoryPromptState::Put(PromptId prompt, const store::PromptAggregate& aggregate) {
  aggregates_.insert_or_assign(prompt, aggregate);
}

std::optional<store::PromptAggregate> MemoryPromptState::Find(PromptId prompt) const {
  const auto found = aggregates_.find(prompt);
  if (found == aggregates_.end()) return std::nullopt;
  return found->second;
}

void MemoryPromptState::ForEach(
    const std::function<void(PromptId, const store::PromptAggregate&)>& visit) const {
  for (const auto& [prompt, aggregate] : aggregates_) visit(prompt, aggregate);
}

void MemoryPromptState::Observe(const store::Outcome& outcome) {
  store::FoldOutcome(prior_, outcome, &At(outcome.prompt));
}

void MemoryPromptState::OnSkip(const store::Skip& skip) { store::FoldSkip(skip, &At(skip.prompt)); }

store::PromptAggregate& MemoryPromptState::At(PromptId prompt) {
  return aggregates_.try_emplace(prompt, store::EmptyAggregate(prior_)).first->second;
}

}  // namespace winnow::orchestrator
