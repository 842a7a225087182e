#pragma once

#include <cstdint>
#include <span>

#include "reward/interface.h"

namespace winnow::reward::plugin {

// What one attempt at a sample came to.
struct Attempt {
  Verdict verdict;
  bool may_retry = true;  // an unknown verdict may be another one next time
};

// Asks a plug-in once about each sample. Threads: any.
class Backend {
 public:
  virtual ~Backend() = default;
  // Fills out[i] for samples[i], with its wall time. `alone`: each sample in a call of its own,
  // also where the plug-in prefers whole groups. REQUIRES: out.size() == samples.size().
  virtual void Ask(std::span<const Sample> samples, Deadline deadline, bool alone,
                   std::span<Attempt> out) = 0;
  // Workers that were replaced before their time.
  virtual uint64_t num_restarts() const { return 0; }
};

}  // namespace winnow::reward::plugin
