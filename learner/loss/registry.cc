#include "learner/loss/registry.h"

#include "base/format.h"
#include "learner/loss/cispo.h"
#include "learner/loss/clip_cov.h"
#include "learner/loss/gspo.h"
#include "learner/loss/kl_cov.h"
#include "learner/loss/vanilla.h"

namespace winnow::learner {

const std::vector<std::string_view>& PolicyLossNames() {
  static const std::vector<std::string_view> names = {"vanilla", "gspo", "cispo", "clip_cov",
                                                      "kl_cov"};
  return names;
}

Result<std::unique_ptr<PolicyLoss>> MakePolicyLoss(const PolicyLossOptions& options) {
  if (options.loss_mode == "vanilla") return MakeVanilla(options);
  if (options.loss_mode == "gspo") return MakeGspo(options);
  if (options.loss_mode == "cispo") return MakeCispo(options);
  if (options.loss_mode == "clip_cov") return MakeClipCov(options);
  if (options.loss_mode == "kl_cov") return MakeKlCov(options);
  return InvalidArgument(
      Format("learner.policy_loss.loss_mode must be one of vanilla, gspo, cispo, clip_cov, kl_cov: "
             "\"{}\"",
             options.loss_mode));
}

}  // namespace winnow::learner
