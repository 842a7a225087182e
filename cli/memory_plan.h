#pragma once

#include <string>

#include "cli/training_job.h"

namespace winnow::cli {

// Bytes that a job will hold at once, by part.
struct MemoryPlan {
  double weights = 0;      // master weights and packed copies; twice with a reference policy
  double gradient = 0;     // accumulators
  double optimizer = 0;    // two moments
  double activations = 0;  // of the largest micro-batch, and one head chunk
  double total() const { return weights + gradient + optimizer + activations; }
};
MemoryPlan PlanMemory(const JobInputs& inputs);

// "" or the message of check 20 of config.md §2, against the memory of this machine.
std::string CheckMemoryPlan(const JobInputs& inputs);
// "memory 1.2 GiB: weights 0.3, …".
std::string MemoryPlanText(const JobInputs& inputs);

}  // namespace winnow::cli
