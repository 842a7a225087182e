#include "orchestrator/dispatcher.h"

#include <algorithm>

#include "base/check.h"
#include "base/format.h"

namespace winnow::orchestrator {

std::vector<Action> Dispatcher::OpenWave(std::span<const uint32_t> samples_per_group) {
  WINNOW_CHECK(!wave_open_);
  wave_.clear();
  wave_tasks_ = 0;
  wave_done_ = 0;
  for (const uint32_t samples : samples_per_group) {
    wave_.emplace_back(samples);
    wave_tasks_ += samples;
  }
  counts_.issued += wave_tasks_;
  counts_.pending += wave_tasks_;
  wave_open_ = wave_tasks_ > 0;
  if (!wave_open_) return {{.kind = Action::Kind::kWaveDone}};
  return IssuePending();
}

std::vector<Action> Dispatcher::OnCredit(uint32_t actor, uint64_t credits) {
  Actor& known = actors_[actor];
  known.credits = std::max(known.credits, credits);
  return IssuePending();
}

std::vector<Action> Dispatcher::OnTrajectory(uint32_t actor, TaskKey key, const Digest& digest) {
  Task& task = Find(key);
  if (task.state == State::kGenerated || task.state == State::kDone) {
    ++counts_.duplicates;
    if (task.digest != digest) ++counts_.duplicate_mismatches;
    return {};
  }
  // A result of an expired lease is valid: noise is keyed, so every issue gives the same tokens.
  if (task.state == State::kPending) {
    --counts_.pending;
    ++counts_.leased;
  }
  task.state = State::kGenerated;
  task.actor = actor;
  task.digest = digest;
  return {{.kind = Action::Kind::kScore, .task = key, .actor = actor, .lease = task.lease}};
}

std::vector<Action> Dispatcher::OnVerdict(TaskKey key) {
  Task& task = Find(key);
  WINNOW_CHECK(task.state == State::kGenerated);
  task.state = State::kDone;
  --counts_.leased;
  ++counts_.done;
  if (++wave_done_ < wave_tasks_) return {};
  wave_open_ = false;
  return {{.kind = Action::Kind::kWaveDone}};
}

std::vector<Action> Dispatcher::OnActorLost(uint32_t actor) {
  actors_.erase(actor);
  for (std::vector<Task>& group : wave_) {
    for (Task& task : group) {
      if (task.state != State::kLeased || task.actor != actor) continue;
      task.state = State::kPending;
      --counts_.leased;
      ++counts_.pending;
    }
  }
  return IssuePending();
}

Status Dispatcher::CheckConservation() const {
  const uint64_t accounted = counts_.done + counts_.dropped + counts_.leased + counts_.pending;
  if (counts_.issued == accounted) return OkStatus();
  return Internal(
      Format("tasks issued {} = done {} + dropped {} + leased {} + pending {} is broken",
             counts_.issued, counts_.done, counts_.dropped, counts_.leased, counts_.pending));
}

Dispatcher::Task& Dispatcher::Find(TaskKey key) {
  WINNOW_CHECK_LT(key.group, wave_.size());
  WINNOW_CHECK_LT(key.sample, wave_[key.group].size());
  return wave_[key.group][key.sample];
}

// Group by group, so that samples which share a prompt go to one actor while its credits last.
std::vector<Action> Dispatcher::IssuePending() {
  std::vector<Action> actions;
  if (!wave_open_) return actions;
  auto actor = actors_.begin();
  for (size_t g = 0; g < wave_.size(); ++g) {
    for (uint32_t s = 0; s < wave_[g].size(); ++s) {
      Task& task = wave_[g][s];
      if (task.state != State::kPending) continue;
      while (actor != actors_.end() && actor->second.sent >= actor->second.credits) ++actor;
      if (actor == actors_.end()) return actions;
      task.state = State::kLeased;
      task.actor = actor->first;
      ++task.lease;
      ++actor->second.sent;
      --counts_.pending;
      ++counts_.leased;
      actions.push_back({.kind = Action::Kind::kGenerate,
                         .task = {.group = g, .sample = s},
                         .actor = actor->first,
                         .lease = task.lease});
    }
  }
  return actions;
}

}  // namespace winnow::orchestrator
