#include "cli/model_session.h"

#include <future>

namespace winnow::cli {
namespace {

Result<std::unique_ptr<model::Policy<float>>> OpenPolicy(const ModelSessionOptions& options,
                                                         device::Ops<float>* ops) {
  if (options.initialize) {
    return model::InitializePolicy<float>(options.model, options.policy, options.seed, ops);
  }
  return model::LoadPolicy<float>(options.model, options.policy, ops);
}

struct Text {
  std::unique_ptr<model::Tokenizer> tokenizer;
  std::unique_ptr<model::Chat> chat;
};

Result<Text> OpenText(const ModelSessionOptions& options) {
  const std::string& folder = options.tokenizer.empty() ? options.model : options.tokenizer;
  Text text;
  WINNOW_ASSIGN_OR_RETURN(text.tokenizer, model::Tokenizer::Load(folder));
  WINNOW_ASSIGN_OR_RETURN(text.chat, model::Chat::Load(folder, options.chat_template));
  return text;
}

}  // namespace

Result<ModelSession> OpenModel(const ModelSessionOptions& options) {
  ModelSession session;
  session.pool = std::make_unique<ThreadPool>(options.threads);
  WINNOW_ASSIGN_OR_RETURN(const device::Arithmetic arithmetic,
                          device::ResolveArithmetic(options.dtype));
  WINNOW_ASSIGN_OR_RETURN(session.ops, device::MakeCpuOps(arithmetic, session.pool.get()));
  // A tokenizer file takes one core about as long as the weights take the others.
  std::future<Result<Text>> text =
      std::async(std::launch::async, [&] { return OpenText(options); });
  Result<std::unique_ptr<model::Policy<float>>> policy = OpenPolicy(options, session.ops.get());
  WINNOW_ASSIGN_OR_RETURN(Text opened, text.get());
  session.tokenizer = std::move(opened.tokenizer);
  session.chat = std::move(opened.chat);
  WINNOW_ASSIGN_OR_RETURN(session.policy, std::move(policy));
  return session;
}

}  // namespace winnow::cli
