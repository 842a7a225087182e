#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "reward/interface.h"
#include "reward/options.h"

namespace winnow::reward {

// How a verifier stands in the registry.
struct VerifierEntry {
  const char* name;
  const char* summary;  // one line for people
  std::vector<OptionSpec> options;
  // Mistakes go to the reader, which the registry asks after the call.
  Result<std::unique_ptr<Verifier>> (*make)(OptionReader& options);
};

// One function a built-in; each is defined in the file of that name.
VerifierEntry ExactEntry();
VerifierEntry NumericEntry();
VerifierEntry JsonEntry();
VerifierEntry MathEntry();
VerifierEntry RegexEntry();
VerifierEntry FormatEntry();
VerifierEntry NumberListEntry();
VerifierEntry AssignmentEntry();
VerifierEntry MultipleChoiceEntry();
VerifierEntry CountdownEntry();
VerifierEntry OverlongEntry();
VerifierEntry ComposeEntry();
VerifierEntry CodeEntry();

}  // namespace winnow::reward
