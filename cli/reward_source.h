#pragma once

#include <memory>

#include "base/status.h"
#include "cli/config/config.h"
#include "reward/interface.h"

namespace winnow::cli {

// The verifier that a job's section `reward` names: a built-in, a Python function or a command. A
// plug-in's first worker is started here, so that a mistake in the user's file is found at once.
// Errors: kInvalidArgument with the place in the job file, or with file and line of the user's
// code.
Result<std::unique_ptr<reward::Verifier>> MakeJobVerifier(const Config& config);

}  // namespace winnow::cli
