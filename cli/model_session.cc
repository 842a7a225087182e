#include "cli/model_session.h"

namespace winnow::cli {

Result<ModelSession> OpenModel(const ModelSessionOptions& options) {
  ModelSession session;
  session.pool = std::make_unique<ThreadPool>(options.threads);
  WINNOW_ASSIGN_OR_RETURN(const device::Arithmetic arithmetic,
                          device::ResolveArithmetic(options.dtype));
  WINNOW_ASSIGN_OR_RETURN(session.ops, device::MakeCpuOps(arithmetic, session.pool.get()));
  const std::string& tokenizer = options.tokenizer.empty() ? options.model : options.tokenizer;
  WINNOW_ASSIGN_OR_RETURN(session.tokenizer, model::Tokenizer::Load(tokenizer));
  WINNOW_ASSIGN_OR_RETURN(session.chat, model::Chat::Load(tokenizer, options.chat_template));
  if (options.initialize) {
    WINNOW_ASSIGN_OR_RETURN(
        session.policy, model::InitializePolicy<float>(options.model, options.policy, options.seed,
                                                       session.ops.get()));
  } else {
    WINNOW_ASSIGN_OR_RETURN(
        session.policy, model::LoadPolicy<float>(options.model, options.policy, session.ops.get()));
  }
  return session;
}

}  // namespace winnow::cli
