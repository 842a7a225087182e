#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "orchestrator/problems/generator.h"
#include "reward/registry.h"
#include "reward/scorer.h"

namespace winnow::orchestrator {

// The lines of `options`; fails the test on an error.
inline std::vector<std::string> Generate(const GeneratorOptions& options) {
  std::vector<std::string> lines;
  const Status status = GenerateProblems(options, [&](std::string_view line) {
    lines.emplace_back(line);
    return OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  return lines;
}

// Scores each line's own answer and expects 1.
inline void ExpectAnswersScoreOne(const std::vector<std::string>& lines,
                                  const std::string& verifier) {
  reward::Scorer scorer(reward::MakeVerifier(verifier, {}).value());
  for (const std::string& line : lines) {
    const auto row = nlohmann::json::parse(line);
    const std::string answer = row.at("answer");
    reward::Sample sample;
    sample.response = answer;
    sample.reference = answer;
    sample.extra_json = line;
    const reward::Verdict verdict = scorer.Score(std::span(&sample, 1))[0];
    ASSERT_TRUE(verdict.is_scored()) << verdict.ToString() << line;
    ASSERT_EQ(verdict.reward(), 1.0f) << line;
  }
}

}  // namespace winnow::orchestrator
