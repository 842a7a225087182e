// The table of the specification (config.md §2) and the declarations agree, key by key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "cli/config/keys.h"

namespace winnow::cli {
namespace {

std::string SpecFile() {
  const char* folder = std::getenv("WINNOW_SHARED_DIR");
  const std::filesystem::path shared =
      folder != nullptr ? folder : std::filesystem::path(WINNOW_SOURCE_DIR) / ".." / "shared";
  return (shared / "spec" / "config.md").string();
}

std::string Trimmed(std::string text) {
  const size_t first = text.find_first_not_of(" `*");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" `*") - first + 1);
}

// Splits at `separator` outside of brackets, braces and backticks.
std::vector<std::string> Split(const std::string& text, const std::string& separators) {
  std::vector<std::string> parts(1);
  int depth = 0;
  bool in_code = false;
  for (const char c : text) {
    if (c == '`') in_code = !in_code;
    if (c == '{' || c == '[' || c == '(') ++depth;
    if (c == '}' || c == ']' || c == ')') --depth;
    if (depth == 0 && !in_code && separators.find(c) != std::string::npos) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  for (std::string& part : parts) part = Trimmed(part);
  return parts;
}

// The texts between backticks.
std::vector<std::string> CodeIn(const std::string& text) {
  std::vector<std::string> code;
  for (size_t at = text.find('`'); at != std::string::npos;) {
    const size_t end = text.find('`', at + 1);
    if (end == std::string::npos) break;
    code.push_back(text.substr(at + 1, end - at - 1));
    at = text.find('`', end + 1);
  }
  return code;
}

// "a.{b, c}" as a.b, a.c.
std::vector<std::string> Expanded(const std::string& name) {
  const size_t open = name.find('{');
  if (open == std::string::npos) return {name};
  const size_t close = name.find('}', open);
  std::vector<std::string> names;
  for (const std::string& inside : Split(name.substr(open + 1, close - open - 1), ",")) {
    names.push_back(name.substr(0, open) + inside);
  }
  return names;
}

struct Row {
  std::vector<std::string> names;  // With their section.
  std::string defaults;
  std::string aliases;
};

std::vector<Row> RowsOfTable(std::ifstream* file) {
  std::vector<Row> rows;
  std::string line;
  std::string section;
  bool in_table = false;
  while (std::getline(*file, line)) {
    if (line.starts_with("| key |")) in_table = true;
    if (!in_table || !line.starts_with("|") || line.starts_with("|---") ||
        line.starts_with("| key |")) {
      if (in_table && line.empty()) break;
      continue;
    }
    const std::vector<std::string> cells = Split(line.substr(1), "|");
    std::string first = line.substr(1, line.find('|', 1) - 1);
    if (const size_t bold = first.find("**"); bold != std::string::npos) {
      section = first.substr(bold + 2, first.find("**", bold + 2) - bold - 2);
    }
    Row row{.names = {}, .defaults = cells.at(1), .aliases = cells.at(4)};
    // The cell of `defaults` loses its outer backticks in Split; take it as it stands.
    const size_t begin = line.find('|', 1) + 1;
    row.defaults = line.substr(begin, line.find('|', begin) - begin);
    for (const std::string& code : CodeIn(first)) {
      for (const std::string& name : Expanded(code)) row.names.push_back(section + "." + name);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

// Without the words for types; "" where the table speaks in words.
std::vector<std::string> DefaultsOf(const Row& row) {
  std::string text = row.defaults;
  const size_t minus = std::string("−").size();
  for (size_t at = text.find("−"); at != std::string::npos; at = text.find("−")) {
    text.replace(at, minus, "-");
  }
  std::vector<std::string> defaults;
  for (std::string part : Split(text, ",;")) {
    for (const char* type : {"str? ", "str ", "path? ", "path ", "enum ", "int? ", "int ", "num? ",
                             "num ", "size? ", "list ", "bool "}) {
      if (part.starts_with(type)) part = Trimmed(part.substr(std::string(type).size()));
    }
    defaults.push_back(part);
  }
  return defaults;
}

class SpecTableTest : public testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file(SpecFile());
    if (!file) {
      std::printf("not compared: %s is absent\n", SpecFile().c_str());
      GTEST_SKIP() << "the specification is absent: " << SpecFile();
    }
    rows_ = RowsOfTable(&file);
    ASSERT_GT(rows_.size(), 60u);
  }
  std::vector<Row> rows_;
};

// Stand in other specifications: verifiers' own options (verifiers.md §4), `mopps.*` (greso.md §5).
bool IsFromElsewhere(const KeyDeclaration& key) {
  return !key.read_by.empty() || key.name.starts_with("filter.mopps.") ||
         key.name == "reward.thinking" || key.name == "reward.count";
}

TEST_F(SpecTableTest, HasTheSameKeys) {
  std::set<std::string> in_table;
  for (const Row& row : rows_) in_table.insert(row.names.begin(), row.names.end());
  // Written in other words in the table.
  in_table.erase("filter.mopps.*");
  size_t compared = 0;
  for (const std::string& name : in_table) {
    EXPECT_TRUE(KeyRegistry::Get().Find(name).has_value()) << name << " is not declared";
    ++compared;
  }
  for (const KeyDeclaration& key : KeyRegistry::Get().keys()) {
    EXPECT_TRUE(in_table.contains(key.name) || IsFromElsewhere(key)) << key.name;
  }
  std::printf("%zu keys compared\n", compared);
  EXPECT_GT(compared, 200u);
}

TEST_F(SpecTableTest, HasTheSameDefaults) {
  // In words in the table, or of another number than the names.
  const std::set<std::string> in_words = {
      "learner.loss_scale_factor",  // "int? response": null means that
      "filter.skip_rate",           // the row joins variants with `;`
      "filter.skip_rate_from", "reward.max_unknown_fraction"};
  size_t compared = 0;
  for (const Row& row : rows_) {
    std::vector<std::string> defaults = DefaultsOf(row);
    if (defaults.size() == 1) defaults.assign(row.names.size(), defaults[0]);
    if (defaults.size() != row.names.size()) continue;
    for (size_t i = 0; i < row.names.size(); ++i) {
      const auto index = KeyRegistry::Get().Find(row.names[i]);
      if (!index || in_words.contains(row.names[i])) continue;
      const KeyDeclaration& key = KeyRegistry::Get().key(*index);
      const std::string& text = defaults[i];
      if (key.required || !key.derived.empty() || text == "–") continue;
      double left = 0;
      double right = 0;
      const bool are_numbers = ParseNumber(text, &left) && ParseNumber(key.default_text, &right);
      if (are_numbers) {
        EXPECT_EQ(left, right) << key.name;
      } else {
        EXPECT_EQ(text, key.default_text) << key.name;
      }
      ++compared;
    }
  }
  std::printf("%zu defaults compared\n", compared);
  EXPECT_GT(compared, 150u);
}

TEST_F(SpecTableTest, HasItsAliasesAndRefusedNames) {
  const KeyRegistry& registry = KeyRegistry::Get();
  size_t compared = 0;
  for (const Row& row : rows_) {
    const size_t mark = row.aliases.find("≠");
    const auto names_in = [](const std::string& text) {
      std::vector<std::string> names;
      for (const std::string& part : Split(text, ",;")) {
        std::string name = part.substr(0, part.find(" ("));
        // `.*` has lost its star; `*.parquet` is a value.
        const bool is_group = name.starts_with('.') || name.ends_with('.');
        const bool is_name = !name.empty() && !is_group && name.find(' ') == std::string::npos &&
                             name.find('*') == std::string::npos &&
                             name.find('"') == std::string::npos;
        if (is_name) names.push_back(name);
      }
      return names;
    };
    for (const std::string& name : names_in(row.aliases.substr(0, mark))) {
      EXPECT_NE(registry.FindAlias(name), nullptr) << name;
      ++compared;
    }
    if (mark == std::string::npos) continue;
    const std::set<std::string> values = {"gae", "wandb", "mlflow", "swanlab", "token-sum"};
    for (const std::string& name : names_in(row.aliases.substr(mark + std::string("≠").size()))) {
      if (values.contains(name)) continue;
      const std::string section = row.names.front().substr(0, row.names.front().find('.'));
      EXPECT_TRUE(registry.FindRefused(name) || registry.FindRefused(section + "." + name)) << name;
      ++compared;
    }
  }
  std::printf("%zu names of other systems compared\n", compared);
  EXPECT_GT(compared, 70u);
}

}  // namespace
}  // namespace winnow::cli
