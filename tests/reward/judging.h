#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "reward/registry.h"
#include "reward/scorer.h"

namespace winnow::reward {

// Asks one verifier about single samples, for tests.
class Judge {
 public:
  explicit Judge(const std::string& name, const VerifierOptions& options = {})
      : verifier_(MakeVerifier(name, options).value()) {}

  Verdict Ask(Sample sample) {
    Verdict verdict;
    verifier_->Verify(std::span<const Sample>(&sample, 1), Deadline::Never(),
                      std::span<Verdict>(&verdict, 1));
    return verdict;
  }
  Verdict Ask(std::string_view reference, std::string_view response,
              std::string_view extra_json = "") {
    return Ask(Sample{.response = response, .reference = reference, .extra_json = extra_json});
  }
  // The reward; -100 for a verdict without one.
  float Reward(std::string_view reference, std::string_view response,
               std::string_view extra_json = "") {
    const Verdict verdict = Ask(reference, response, extra_json);
    return verdict.is_scored() ? verdict.reward() : -100.0f;
  }
  // 1: an answer was found, 0: none, -1: not scored.
  double Answered(std::string_view reference, std::string_view response,
                  std::string_view extra_json = "") {
    const Verdict verdict = Ask(reference, response, extra_json);
    const double* answered = verdict.FindPart("answered");
    return answered == nullptr ? -1.0 : *answered;
  }
  const Traits& traits() const { return verifier_->traits(); }

 private:
  std::unique_ptr<Verifier> verifier_;
};

// The message of the mistake in making a verifier; "" if there is none.
inline std::string MistakeOf(const std::string& name, const VerifierOptions& options) {
  const auto verifier = MakeVerifier(name, options);
  return verifier.ok() ? "" : verifier.status().message();
}

}  // namespace winnow::reward
