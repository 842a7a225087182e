#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace winnow::reward {

// A verifier's options, as the keys below `reward:` without that prefix; dots enter sections
// (`overlong_buffer.len`). Values are scalar text (`1e-6`, `yes`, `auto`) or, where an option takes
// a list or a map, JSON text (`["think","answer"]`, `{"math":1}`) or names joined by commas.
using VerifierOptions = std::map<std::string, std::string>;

// Declares one option: its name, its default as text ("" if none) and one line of help.
struct OptionSpec {
  const char* name;
  const char* default_text;
  const char* help;
};

// Reads typed values out of VerifierOptions; the first mistake is kept and returned by Finish, so a
// factory reads all options first and asks once. Not thread-safe; lives on a factory's stack.
// Errors: kInvalidArgument `reward.KEY must be …: FOUND`.
class OptionReader {
 public:
  // `specs` are the options of verifier `owner`; the name "*." allows every key with a dot.
  OptionReader(std::string owner, const VerifierOptions& options, std::vector<OptionSpec> specs);

  // The text given, else the default.
  std::string Text(std::string_view key);
  bool IsGiven(std::string_view key) const;
  double Number(std::string_view key, double min, double max);
  bool Bool(std::string_view key);
  // One of `choices`; returns its index.
  size_t Choice(std::string_view key, const std::vector<std::string>& choices);
  std::vector<std::string> List(std::string_view key);
  // Options given as PREFIX…, without the prefix.
  VerifierOptions WithPrefix(std::string_view prefix) const;
  // Names to numbers, in the order given.
  std::vector<std::pair<std::string, double>> NumberMap(std::string_view key);
  std::vector<std::pair<std::string, std::string>> TextMap(std::string_view key);

  // Records a mistake: `reward.KEY must be RULE: "FOUND"`.
  void Refuse(std::string_view key, std::string_view rule, std::string_view found);
  Status Finish() const { return status_; }

 private:
  const OptionSpec* Find(std::string_view key) const;

  const std::string owner_;
  const VerifierOptions& options_;
  const std::vector<OptionSpec> specs_;
  Status status_;
};

}  // namespace winnow::reward
