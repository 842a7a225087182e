#include "orchestrator/problems/registry.h"

#include "base/format.h"

namespace winnow::orchestrator {
namespace {

struct Entry {
  const char* name;
  std::unique_ptr<ProblemFamily> (*make)(DifficultyReader&);
};
constexpr Entry kEntries[] = {
    {"chain_sum", MakeChainSum}, {"countdown", MakeCountdown}, {"gsm_graph", MakeGsmGraph}};

}  // namespace

std::vector<std::string> ProblemFamilyNames() {
  std::vector<std::string> names;
  for (const Entry& entry : kEntries) names.push_back(entry.name);
  return names;
}

Result<std::unique_ptr<ProblemFamily>> MakeProblemFamily(const std::string& task,
                                                         const std::string& difficulty) {
  for (const Entry& entry : kEntries) {
    if (task != entry.name) continue;
    DifficultyReader reader(difficulty);
    std::unique_ptr<ProblemFamily> family = entry.make(reader);
    WINNOW_RETURN_IF_ERROR(reader.Finish());
    return family;
  }
  std::string list;
  for (const Entry& entry : kEntries) list += Format("{}{}", list.empty() ? "" : ", ", entry.name);
  return InvalidArgument(Format("--task must be one of {}: \"{}\"", list, task));
}

}  // namespace winnow::orchestrator
