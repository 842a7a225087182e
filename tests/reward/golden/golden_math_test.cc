// The verifier `math` against the golden pairs: the committed copy, and $WINNOW_GOLDEN_DIR/math if
// it is set and there.
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "tests/reward/judging.h"

namespace winnow::reward {
namespace {

// Kinds where numbers suffice: no difference is excused beyond arguable.tsv.
const std::set<std::string> kStrictKinds = {
    "integer",      "sign",           "decimal_fraction", "percent",        "thousands",
    "mixed_number", "fraction_forms", "units_text",       "answer_prose",   "gsm8k_hash",
    "no_answer",    "real_dapo",      "real_gsm8k",       "worked_solution"};

std::vector<std::string> GoldenFolders() {
  std::vector<std::string> folders = {std::string(WINNOW_SOURCE_DIR) + "/tests/golden/math"};
  const char* given = std::getenv("WINNOW_GOLDEN_DIR");
  if (given != nullptr && std::filesystem::exists(std::string(given) + "/math")) {
    folders.push_back(std::string(given) + "/math");
  }
  return folders;
}

// Id to what a careful reader says: "true", "false" or "unclear".
std::map<std::string, std::string> ReadArguable(const std::string& path) {
  std::map<std::string, std::string> readers;
  const Status status = ForEachLine(path, [&](std::string_view line, size_t number) {
    const size_t first = line.find('\t'), last = line.rfind('\t');
    if (number == 1) {
      return line == "id\tverdict\treader" ? OkStatus() : DataLoss("unknown columns");
    }
    if (first == last) return DataLoss("a line needs three columns");
    readers[std::string(line.substr(0, first))] = std::string(line.substr(last + 1));
    return OkStatus();
  });
  EXPECT_TRUE(status.ok()) << path << ": " << status.ToString();
  return readers;
}

TEST(GoldenMathTest, AgreesOnWhatIsNotArguable) {
  for (const std::string& folder : GoldenFolders()) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const std::string name = entry.path().filename();
      EXPECT_TRUE(name == "pairs.jsonl" || name == "arguable.tsv" || name == "README.md")
          << "unknown golden file " << entry.path();
    }
    const auto readers = ReadArguable(folder + "/arguable.tsv");
    Judge judge("math");
    int checked = 0, different = 0;
    const Status status = ForEachLine(folder + "/pairs.jsonl", [&](std::string_view line, size_t) {
      const auto pair = nlohmann::json::parse(line);
      const std::string id = pair.at("id"), gold = pair.at("gold"), response = pair.at("response");
      const bool equal = judge.Reward(gold, response) == 1.0f;
      ++checked;
      const auto reader = readers.find(id);
      if (reader != readers.end()) {
        // A reader who says no must not be overruled.
        EXPECT_FALSE(equal && reader->second == "false") << line;
        return OkStatus();
      }
      const bool expected = pair.at("verdict");
      if (equal == expected) return OkStatus();
      ++different;
      std::cout << "different: " << id << "\n";
      EXPECT_FALSE(equal) << "paid for a wrong answer: " << line;
      EXPECT_FALSE(kStrictKinds.contains(pair.at("kind").get<std::string>())) << line;
      return OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status.ToString();
    EXPECT_GT(checked, 0) << folder << " holds no pairs";
    const int judged = checked - static_cast<int>(readers.size());
    EXPECT_LE(different * 50, judged) << "below 98 %";
    std::cout << folder << ": " << checked << " pairs checked, " << different << " of " << judged
              << " different where nothing is arguable\n";
  }
}

}  // namespace
}  // namespace winnow::reward
