#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace winnow::reward {

// JSON in which integers beyond 64 bits keep all their digits (nlohmann alone would round them):
// they are held as texts with a mark that no text of a program starts with by chance. nullopt if
// `text` is no JSON or nested deeper than 256. Included by .cc files only.
std::optional<nlohmann::json> ParseExactly(std::string_view text);

// The text of such a value, those integers as numbers again; ASCII only.
std::string DumpExactly(const nlohmann::json& json);

}  // namespace winnow::reward
