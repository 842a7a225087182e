#include "orchestrator/rollout_stage.h"

#include "base/check.h"
#include "base/clock.h"

namespace winnow::orchestrator {
namespace {

constexpr uint32_t kColocatedActor = 0;

Digest TrajectoryDigest(const rollout::Trajectory& trajectory) {
  Digester digester;
  digester.Add(trajectory.tokens.data(), trajectory.tokens.size() * sizeof(int32_t));
  digester.Add(trajectory.log_probs.data(), trajectory.log_probs.size() * sizeof(float));
  return digester.Finish();
}

// Views into `group` and `judged`.
reward::Sample SampleOf(const JudgedGroup& group, const JudgedTrajectory& judged) {
  const rollout::Trajectory& trajectory = judged.trajectory;
  const auto length = static_cast<uint32_t>(trajectory.tokens.size());
  return {.prompt_id = group.prompt->id,
          .index = trajectory.sample,
          .data_source = group.prompt->data_source,
          .prompt = group.prompt->text,
          .response = judged.text,
          .reference = group.prompt->reference,
          .extra_json = group.prompt->row_json,
          .response_tokens = length,
          .longest_path_tokens = length,
          .finish = trajectory.finish,
          .response_ids = trajectory.tokens};
}

}  // namespace

RolloutStage::RolloutStage(rollout::Engine* engine, const model::Tokenizer* tokenizer,
                           reward::Scorer* scorer)
    : tokenizer_(tokenizer), scorer_(scorer), worker_(engine, this) {}

Result<std::vector<JudgedGroup>> RolloutStage::Run(std::span<const GroupPlan> plans,
                                                   const rollout::GenerationOptions& options,
                                                   PolicyVersion version) {
  seconds_ = {};
  groups_.clear();
  first_samples_.clear();
  std::vector<uint32_t> sizes;
  for (const GroupPlan& plan : plans) {
    JudgedGroup group{.prompt = plan.prompt};
    group.samples.resize(plan.num_samples);
    groups_.push_back(std::move(group));
    first_samples_.push_back(plan.key.sample);
    sizes.push_back(plan.num_samples);
    credits_ += plan.num_samples;
  }
  worker_.SetVersion(version);
  WINNOW_RETURN_IF_ERROR(Perform(dispatcher_.OpenWave(sizes), plans, options));
  WINNOW_RETURN_IF_ERROR(Perform(dispatcher_.OnCredit(kColocatedActor, credits_), plans, options));
  WINNOW_CHECK(!dispatcher_.wave_open());
  WINNOW_RETURN_IF_ERROR(dispatcher_.CheckConservation());
  return std::move(groups_);
}

// Generates what the dispatcher issued, then judges it group by group.
Status RolloutStage::Perform(std::vector<Action> actions, std::span<const GroupPlan> plans,
                             const rollout::GenerationOptions& options) {
  std::vector<rollout::GroupRequest> requests;
  issued_groups_.clear();
  for (const Action& action : actions) {
    if (action.kind != Action::Kind::kGenerate) continue;
    const size_t g = action.task.group;
    if (issued_groups_.empty() || issued_groups_.back() != g) {
      NoiseKey key = plans[g].key;
      key.sample += action.task.sample;
      requests.push_back({.prompt = plans[g].prompt->tokens,
                          .key = key,
                          .num_samples = 0,
                          .expected_tokens = plans[g].expected_tokens});
      issued_groups_.push_back(g);
    }
    ++requests.back().num_samples;
  }
  if (requests.empty()) return OkStatus();
  const double start = MonotonicSeconds();
  WINNOW_RETURN_IF_ERROR(worker_.Work(requests, options));
  const double generated = MonotonicSeconds();
  for (const size_t g : issued_groups_) {
    Judge(&groups_[g]);
    for (uint32_t s = 0; s < groups_[g].samples.size(); ++s) {
      dispatcher_.OnVerdict({.group = g, .sample = s});
    }
  }
  seconds_.generate += generated - start;
  seconds_.judge += MonotonicSeconds() - generated;
  return OkStatus();
}

void RolloutStage::OnTrajectory(size_t group, const rollout::Trajectory& trajectory) {
  const size_t g = issued_groups_[group];
  const uint32_t sample = trajectory.sample - first_samples_[g];
  const std::vector<Action> next = dispatcher_.OnTrajectory(
      kColocatedActor, {.group = g, .sample = sample}, TrajectoryDigest(trajectory));
  WINNOW_CHECK_EQ(next.size(), 1u);
  JudgedTrajectory& judged = groups_[g].samples[sample];
  judged.trajectory = trajectory;
  const size_t length = trajectory.tokens.size() - (trajectory.ended_by_eos ? 1 : 0);
  judged.text = tokenizer_->Decode(std::span(trajectory.tokens).first(length));
}

void RolloutStage::Judge(JudgedGroup* group) {
  std::vector<reward::Sample> samples;
  for (const JudgedTrajectory& judged : group->samples) samples.push_back(SampleOf(*group, judged));
  std::vector<reward::Verdict> verdicts = scorer_->Score(samples);
  for (size_t s = 0; s < verdicts.size(); ++s) {
    // A response that was not delivered whole cannot be judged (verifiers.md §1).
    if (samples[s].finish == FinishReason::kError) {
      verdicts[s] = reward::Verdict::Error("generation failed: logits are not finite");
    }
    group->samples[s].verdict = std::move(verdicts[s]);
  }
}

void RolloutStage::JudgeAgain(JudgedGroup* group, size_t sample) {
  JudgedTrajectory& judged = group->samples[sample];
  const reward::Sample asked = SampleOf(*group, judged);
  judged.verdict = scorer_->Score(std::span(&asked, 1)).front();
}

}  // namespace winnow::orchestrator
