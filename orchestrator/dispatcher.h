#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/ids.h"
#include "base/status.h"

namespace winnow::orchestrator {

// One response to generate. Group and sample name it; `lease` counts how often it was issued.
struct TaskKey {
  size_t group = 0;     // index in the wave, dispatch order
  uint32_t sample = 0;  // index in the group
  friend auto operator<=>(const TaskKey&, const TaskKey&) = default;
};

// What the caller is to do after an event.
struct Action {
  enum class Kind {
    kGenerate,  // hand task to `actor`
    kScore,     // give task's trajectory to the verifier
    kWaveDone,  // every task of the wave has a verdict
  };
  Kind kind = Kind::kWaveDone;
  TaskKey task;
  uint32_t actor = 0;
  uint32_t lease = 0;
};

// Conservation: issued = done + dropped + leased + pending, after every event (reliability.md
// §1.3).
struct TaskCounts {
  uint64_t issued = 0;
  uint64_t pending = 0;
  uint64_t leased = 0;
  uint64_t done = 0;
  uint64_t dropped = 0;
  uint64_t duplicates = 0;            // results that came after the first; dropped
  uint64_t duplicate_mismatches = 0;  // of those, with another digest: an alarm in sync mode
};

// Turns a wave of groups into tasks, leases them to actors with credits, and collects verdicts.
// A pure state machine: event in, actions out; no clock, socket or thread inside.
// Results do not depend on actors: tasks are issued group by group, the first valid result wins,
// and the wave ends when each task has exactly one verdict. Threads: one caller. Errors: kInternal
// if the law of conservation is broken (our bug, exit 42).
class Dispatcher {
 public:
  // Starts a wave of groups with these sizes. REQUIRES: no wave is open.
  std::vector<Action> OpenWave(std::span<const uint32_t> samples_per_group);
  // `actor` can take `credits` tasks in all since its start (absolute and monotone: repetition and
  // loss of the message are harmless).
  std::vector<Action> OnCredit(uint32_t actor, uint64_t credits);
  // A trajectory arrived. A repeated one is counted and dropped.
  std::vector<Action> OnTrajectory(uint32_t actor, TaskKey task, const Digest& digest);
  // The final verdict of a task, after retries.
  std::vector<Action> OnVerdict(TaskKey task);
  // The actor died: what it held goes back to pending and is issued again.
  std::vector<Action> OnActorLost(uint32_t actor);

  bool wave_open() const { return wave_open_; }
  const TaskCounts& counts() const { return counts_; }
  Status CheckConservation() const;

 private:
  enum class State : uint8_t { kPending, kLeased, kGenerated, kDone };
  struct Task {
    State state = State::kPending;
    uint32_t actor = 0;
    uint32_t lease = 0;
    Digest digest;
  };
  struct Actor {
    uint64_t credits = 0;
    uint64_t sent = 0;
  };
  Task& Find(TaskKey key);
  std::vector<Action> IssuePending();

  std::vector<std::vector<Task>> wave_;
  std::map<uint32_t, Actor> actors_;
  TaskCounts counts_;
  size_t wave_tasks_ = 0;
  size_t wave_done_ = 0;
  bool wave_open_ = false;
};

}  // namespace winnow::orchestrator
