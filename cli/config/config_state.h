#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/config/layer.h"
#include "cli/config/value.h"

namespace winnow::cli {

// What a Config holds. The values given and the values derived by the caller are kept apart from
// the defaults, so that a derived value can be computed anew when what it depends on changes.
struct ConfigState {
  struct Entry {
    Value value;
    ValueOrigin origin;
  };
  std::map<size_t, Entry> given;      // By files, environment, --set.
  std::map<size_t, Entry> by_caller;  // Config::WithDerived; wins over `given`.
  std::vector<Entry> entries;         // One per key: the value in force.
  std::vector<Value> defaults;        // One per key, derived defaults computed.
  std::map<std::string, int> section_lines;
  std::string file;            // The job file as it was named, "" if none.
  std::string working_folder;  // Absolute.
  int64_t creation_time = 0;
  bool has_key_file = false;  // WINNOW_KEY_FILE is set.
};

// Fills in `entries` and `defaults` from `given` and `by_caller`.
void Resolve(ConfigState* state);

}  // namespace winnow::cli
