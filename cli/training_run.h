#pragma once

#include "base/status.h"
#include "cli/training_job.h"

namespace winnow::cli {

// Runs or resumes a job in its run.dir to its end, with export and summary; a signal ends it at the
// next step's commit. Errors: those of the trainer; kFailedPrecondition if the run.dir holds
// another run, unless `accept_changed`.
Status TrainInFolder(JobInputs inputs, bool accept_changed);

}  // namespace winnow::cli
