#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "learner/loss/interface.h"

namespace winnow::learner {

// Names that learner.policy_loss.loss_mode accepts, in the order of spec/config.md.
const std::vector<std::string_view>& PolicyLossNames();

// The loss named options.loss_mode. Errors: kInvalidArgument naming what is allowed.
Result<std::unique_ptr<PolicyLoss>> MakePolicyLoss(const PolicyLossOptions& options);

}  // namespace winnow::learner
