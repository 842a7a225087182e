#pragma once

#include <span>
#include <string>

#include "base/status.h"
#include "model/base_weights.h"
#include "model/lora.h"

namespace winnow::model {

// Writes the folder that Policy::Export describes. `adapters` may be null; kMerged adds s·B·A to
// their layers in float32 before rounding to the stored dtype.
// Errors: kInvalidArgument if kAdapter has no adapters, or the folder has files already.
template <typename Real>
Status ExportPolicy(const BaseWeights<Real>& base, const Adapters<Real>* adapters, ExportKind kind,
                    const std::string& source_folder, const std::string& folder);

}  // namespace winnow::model
