// Reference mode against the published GRESO code: every trace in tests/golden/greso and in
// $WINNOW_GOLDEN_DIR/greso, all events equal, doubles bit for bit (format: golden/greso/README.md).

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/file.h"
#include "orchestrator/filter/replay.h"

namespace winnow::orchestrator {
namespace {

using nlohmann::json;

constexpr std::string_view kTraceSuffix = ".trace.json";
constexpr std::string_view kEventsSuffix = ".events.json";

// Equal kinds, equal values; integers and doubles stay apart, doubles are compared as bits.
bool Identical(const json& a, const json& b) {
  if (a.is_number_float() != b.is_number_float()) return false;
  if (a.is_number_float()) {
    return std::bit_cast<uint64_t>(a.get<double>()) == std::bit_cast<uint64_t>(b.get<double>());
  }
  if (a.is_array() && b.is_array()) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), Identical);
  }
  if (a.is_object() && b.is_object() && a.size() == b.size()) {
    for (const auto& [key, value] : a.items()) {
      if (!b.contains(key) || !Identical(value, b[key])) return false;
    }
    return true;
  }
  return a == b;
}

std::string Brief(const json& event) { return event.dump().substr(0, 400); }

void CheckPair(const std::string& stem) {
  const Result<std::string> trace = ReadFile(stem + std::string(kTraceSuffix));
  const Result<std::string> wanted_text = ReadFile(stem + std::string(kEventsSuffix));
  ASSERT_TRUE(trace.ok()) << trace.status().ToString();
  ASSERT_TRUE(wanted_text.ok()) << wanted_text.status().ToString();
  const Result<std::string> text = ReplayTrace(*trace, {.mode = FilterMode::kReference});
  ASSERT_TRUE(text.ok()) << stem << ": " << text.status().ToString();
  const json events = json::parse(*text);
  const json wanted = json::parse(*wanted_text, nullptr, /*allow_exceptions=*/false);
  ASSERT_TRUE(wanted.is_array() && !wanted.empty()) << stem << ": unknown format of events";
  for (size_t i = 0; i < std::min(events.size(), wanted.size()); ++i) {
    ASSERT_TRUE(Identical(events[i], wanted[i]))
        << stem << ", event " << i << "\n  got  " << Brief(events[i]) << "\n  want "
        << Brief(wanted[i]);
  }
  ASSERT_EQ(events.size(), wanted.size()) << stem;
  std::printf("  %s: %zu events equal\n", stem.c_str(), events.size());
}

// Checks every pair of a folder; a file that belongs to no pair is an unknown format.
size_t CheckFolder(const std::filesystem::path& folder) {
  std::vector<std::string> stems;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string path = entry.path().string();
    if (path.ends_with("README.md")) continue;
    if (path.ends_with(kTraceSuffix)) {
      stems.push_back(path.substr(0, path.size() - kTraceSuffix.size()));
      continue;
    }
    const bool has_trace =
        path.ends_with(kEventsSuffix) &&
        std::filesystem::exists(path.substr(0, path.size() - kEventsSuffix.size()) +
                                std::string(kTraceSuffix));
    EXPECT_TRUE(has_trace) << "unknown format: " << path;
  }
  std::sort(stems.begin(), stems.end());
  EXPECT_FALSE(stems.empty()) << "no trace in " << folder;
  for (const std::string& stem : stems) CheckPair(stem);
  std::printf("golden greso: %zu traces checked in %s\n", stems.size(), folder.c_str());
  return stems.size();
}

TEST(GoldenGresoTest, ReferenceModeEqualsEveryCommittedTrace) {
  EXPECT_GE(CheckFolder(std::string(WINNOW_SOURCE_DIR) + "/tests/golden/greso"), 5u);
}

TEST(GoldenGresoTest, ReferenceModeEqualsEveryGivenTrace) {
  const char* folder = std::getenv("WINNOW_GOLDEN_DIR");
  if (folder == nullptr || !std::filesystem::exists(std::filesystem::path(folder) / "greso")) {
    std::printf("golden greso: no $WINNOW_GOLDEN_DIR/greso, 0 given traces checked\n");
    return;
  }
  CheckFolder(std::filesystem::path(folder) / "greso");
}

TEST(GoldenGresoTest, AChangedValueIsSeen) {
  EXPECT_TRUE(Identical(json::parse(R"([{"p": 0.5, "ids": ["a"]}])"),
                        json::parse(R"([{"ids": ["a"], "p": 0.5}])")));
  EXPECT_FALSE(Identical(json::parse("[0.5]"), json::parse("[0.50000000000000011]")));
  EXPECT_FALSE(Identical(json::parse("[0]"), json::parse("[0.0]")));
  EXPECT_FALSE(Identical(json::parse("[0.0]"), json::parse("[-0.0]")));
  EXPECT_FALSE(Identical(json::parse("[1, 2]"), json::parse("[1]")));
  EXPECT_FALSE(Identical(json::parse(R"({"a": 1})"), json::parse(R"({"b": 1})")));
}

}  // namespace
}  // namespace winnow::orchestrator
