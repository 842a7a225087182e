#include "orchestrator/problems/generator.h"

#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/digest.h"
#include "base/format.h"
#include "orchestrator/problems/registry.h"

namespace winnow::orchestrator {
namespace {

using Json = nlohmann::ordered_json;

// Attempts in a row without a new prompt after which a family counts as exhausted.
constexpr uint32_t kMaxMisses = 200'000;
constexpr uint64_t kMaxCount = 100'000'000;

std::string LineOf(const Problem& problem, const std::string& task, uint64_t seed, uint64_t index) {
  Json row;
  row["id"] = Format("{}-{}-s{}-i{}", task, problem.level, seed, index);
  row["prompt"] = problem.prompt;
  row["answer"] = problem.answer;
  row["difficulty"] = Json::parse(problem.difficulty_json);
  row["task"] = task;
  row["metadata"] = Json::parse(problem.metadata_json);
  return row.dump();
}

Status Exhausted(const GeneratorOptions& options, uint64_t found) {
  const std::string difficulty = options.difficulty.empty() ? "its defaults" : options.difficulty;
  if (options.offset == 0) {
    return InvalidArgument(
        Format("--count must be at most {}, the distinct problems of {} with {}: {}", found,
               options.task, difficulty, options.count));
  }
  return InvalidArgument(
      Format("--offset and --count together must be at most {}, the distinct problems of {} with "
             "{}: {}, {}",
             found, options.task, difficulty, options.offset, options.count));
}

}  // namespace

Status GenerateProblems(const GeneratorOptions& options,
                        const std::function<Status(std::string_view json_line)>& line) {
  WINNOW_ASSIGN_OR_RETURN(const std::unique_ptr<ProblemFamily> family,
                          MakeProblemFamily(options.task, options.difficulty));
  if (options.count > kMaxCount || options.offset > kMaxCount) {
    return InvalidArgument(Format("--count and --offset must be at most {}: {}, {}", kMaxCount,
                                  options.count, options.offset));
  }
  const uint64_t wanted = options.offset + options.count;
  std::unordered_set<uint64_t> seen;  // hashes: two prompts of one hash count as equal
  uint32_t misses = 0;
  for (uint32_t attempt = 0; seen.size() < wanted; ++attempt) {
    KeyedDraws draws(options.seed, options.task, attempt);
    const std::optional<Problem> problem = family->Make(draws);
    if (!problem || !seen.insert(Hash64(problem->prompt)).second) {
      if (++misses == kMaxMisses) return Exhausted(options, seen.size());
      continue;
    }
    misses = 0;
    const uint64_t index = seen.size() - 1;
    if (index < options.offset) continue;
    WINNOW_RETURN_IF_ERROR(line(LineOf(*problem, options.task, options.seed, index)));
  }
  return OkStatus();
}

}  // namespace winnow::orchestrator
