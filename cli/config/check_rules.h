#pragma once

#include <string>
#include <string_view>

#include "cli/config/checks.h"

namespace winnow::cli {

// How the checks speak: collects findings about one config in the forms of config.md §3.
class Rules {
 public:
  Rules(const Config& config, Findings* findings) : config_(config), findings_(findings) {}

  const Config& config() const { return config_; }
  // Not a default: a file, the environment or --set names it.
  bool IsGiven(std::string_view key) const;

  // `text` at the place of `key`.
  void Report(std::string_view key, const std::string& text) const;
  void Warn(std::string_view key, const std::string& text) const;
  // `A RULE B (place of B): value, value`, or the other way round if only B is given.
  void Pair(std::string_view a, std::string_view a_rule, std::string_view b,
            std::string_view b_rule) const;
  // `KEY is read by READER only: value`, if `key` is changed though its reader is off.
  void OnlyFor(std::string_view key, bool is_read, std::string_view reader) const;
  // `KEY must be given`, for a key that is null.
  void Require(std::string_view key) const;
  // The same for an empty list, with the reason.
  void RequireList(std::string_view key, std::string_view why) const;

 private:
  const Config& config_;
  Findings* findings_;
};

// Parts of check 11 and 12.
void CheckOverlong(const Rules& rules);
void CheckVerifierOptions(const Rules& rules);

}  // namespace winnow::cli
