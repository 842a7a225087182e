#pragma once

#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/status.h"
#include "store/aggregate.h"
#include "store/outcome.h"
#include "store/prompt_info.h"

namespace winnow::store {

// Keys and values of the column families, byte for byte as docs/formats/history.md draws them.
// Decoding takes any bytes: what is no record of a known version is kDataLoss.

std::string HistKey(PromptId prompt, uint64_t step, uint16_t occurrence);
std::string StepKey(uint64_t step, PromptId prompt, uint16_t occurrence);
std::string SkipKey(PromptId prompt, uint64_t step);
std::string PromptKey(PromptId prompt);  // of `agg` and `prompt`; prefix of `hist` and `skip`

// REQUIRES: kinds, finishes and class are of their enums.
std::string EncodeOutcome(const Outcome& outcome);
std::string EncodeSkip(const Skip& skip);
std::string EncodeAggregate(const PromptAggregate& aggregate);
std::string EncodePromptInfo(const PromptInfo& info);

Result<Outcome> DecodeOutcome(std::string_view key, std::string_view value);
Result<Skip> DecodeSkip(std::string_view key, std::string_view value);
Result<PromptAggregate> DecodeAggregate(std::string_view key, std::string_view value);
Result<PromptInfo> DecodePromptInfo(std::string_view key, std::string_view value);
Result<PromptId> DecodePromptKey(std::string_view key);

// The first `max_bytes` of UTF-8 text, or up to three less so as not to cut a character.
std::string_view TruncateUtf8(std::string_view text, size_t max_bytes);

}  // namespace winnow::store
