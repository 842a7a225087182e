#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace winnow::orchestrator {

// A range of integers, both ends included.
struct IntegerRange {
  int64_t low = 0;
  int64_t high = 0;
};

// Reads the text of --difficulty: `key=value` joined by commas, where a value is a word, an integer
// or a range (`terms=2-4,digits=1,style=short`). The first mistake is kept, so that a family reads
// all its keys and asks once.
// Errors: kInvalidArgument `--difficulty: terms must be an integer or a range in 2-16: "0"`.
class DifficultyReader {
 public:
  explicit DifficultyReader(std::string_view text);

  IntegerRange Range(const std::string& key, IntegerRange fallback, IntegerRange allowed);
  int64_t Integer(const std::string& key, int64_t fallback, IntegerRange allowed);
  std::string Word(const std::string& key, const std::string& fallback,
                   const std::vector<std::string>& allowed);
  // Letters out of `allowed`, each once.
  std::string Letters(const std::string& key, const std::string& fallback,
                      std::string_view allowed);
  // Records a mistake that joins keys: `--difficulty: MESSAGE`.
  void Refuse(const std::string& message);
  // Refuses the keys that were given and never asked for.
  Status Finish() const;

 private:
  const std::string* Find(const std::string& key);

  std::map<std::string, std::string> values_;
  std::vector<std::string> known_;
  Status status_;
};

// "2" or "2-4".
std::string ToString(IntegerRange range);

}  // namespace winnow::orchestrator
