#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "reward/interface.h"

namespace winnow::cli {

// What a line says its verdict should be: a reward, equal within 1e-6, or a kind.
struct Expected {
  VerdictKind kind = VerdictKind::kScored;
  std::optional<double> reward;  // with kScored: null if any reward will do
};
bool IsAsExpected(const reward::Verdict& verdict, const Expected& expected);
// "1" or "timeout".
std::string ExpectedText(const Expected& expected);

// One line of a file of responses.
struct VerifyRow {
  std::string origin;  // FILE:LINE
  PromptId prompt_id;
  uint32_t index = 0;  // within its group
  std::string data_source, prompt, response, reference;
  std::string row_json;  // the whole line
  uint32_t response_tokens = 0;
  FinishReason finish = FinishReason::kStop;
  std::optional<Expected> expected;

  // Views into this row.
  reward::Sample AsSample() const;
};

struct RowKeys {
  std::string response = "response";
  std::string reference;  // "" for `reference`, else `gold`
};

// Reads JSON lines with a response each; dots in keys enter objects. `reference` (or `gold`),
// `prompt`, `data_source`, `response_tokens`, `finish` and `expected` (a number or a kind; or
// `verdict`, true or false) may be missing. Consecutive lines of equal prompt and data source are
// a group. Errors: kInvalidArgument FILE:LINE: what is allowed.
Result<std::vector<VerifyRow>> ReadRows(const std::string& file, const RowKeys& keys);

}  // namespace winnow::cli
