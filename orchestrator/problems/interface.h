#pragma once

#include <optional>
#include <string>

#include "orchestrator/problems/keyed_draws.h"

namespace winnow::orchestrator {

// A problem with its answer. The two JSON texts are objects.
struct Problem {
  std::string prompt;
  std::string answer;
  std::string level;            // of its id: "t2d1"
  std::string difficulty_json;  // {"terms":2,"digits":1}
  std::string metadata_json;    // what the verifier of the task needs, and more
};

// Makes verifiable problems of graded difficulty.
// Threads: stateless after construction, so any.
class ProblemFamily {
 public:
  virtual ~ProblemFamily() = default;
  // The task's name: `task` of a row, and the first part of its id.
  virtual std::string name() const = 0;
  // A problem that is a pure function of the draws; nullopt if these draws lead to none (a target
  // out of its range), the caller goes on to the next attempt.
  virtual std::optional<Problem> Make(KeyedDraws& draws) const = 0;
};

}  // namespace winnow::orchestrator
