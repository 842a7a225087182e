#include "cli/config/config.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/check.h"
#include "base/format.h"
#include "cli/config/config_state.h"
#include "cli/config/json_value.h"
#include "cli/config/keys.h"

namespace winnow::cli {
namespace {

using Json = nlohmann::ordered_json;

const KeyRegistry& Registry() { return KeyRegistry::Get(); }

size_t IndexOf(std::string_view key) {
  const auto index = Registry().Find(key);
  if (!index) CheckFailed(__FILE__, __LINE__, "the key is declared", key);
  return *index;
}

std::string Dump(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// Where in `root` a key of this name goes, objects made on the way.
Json* Descend(Json* root, const std::string& name) {
  std::istringstream parts(name);
  std::string part;
  while (std::getline(parts, part, '.')) root = &(*root)[part];
  return root;
}

}  // namespace

Config::Config() {
  auto state = std::make_shared<ConfigState>();
  std::error_code error;
  state->working_folder = std::filesystem::current_path(error).string();
  Resolve(state.get());
  state_ = std::move(state);
}

const Value& Config::value(std::string_view key) const {
  return state_->entries[IndexOf(key)].value;
}

const ValueOrigin& Config::origin(std::string_view key) const {
  return state_->entries[IndexOf(key)].origin;
}

namespace {

// The value of a key that must have one of the types given and not be null.
const Value& Typed(const Config& config, std::string_view key,
                   std::initializer_list<KeyType> types) {
  const KeyDeclaration& declaration = Registry().key(IndexOf(key));
  bool fits = false;
  for (const KeyType type : types) fits = fits || declaration.type == type;
  if (!fits) CheckFailed(__FILE__, __LINE__, "the key is read by its type", key);
  const Value& value = config.value(key);
  if (value.is_null) CheckFailed(__FILE__, __LINE__, "the key is not null", key);
  return value;
}

}  // namespace

bool Config::Bool(std::string_view key) const {
  return Typed(*this, key, {KeyType::kBool}).boolean;
}
int64_t Config::Int(std::string_view key) const {
  return Typed(*this, key, {KeyType::kInt}).integer;
}
uint64_t Config::U64(std::string_view key) const { return Typed(*this, key, {KeyType::kU64}).u64; }
double Config::Number(std::string_view key) const {
  return Typed(*this, key, {KeyType::kNumber}).number;
}
uint64_t Config::Size(std::string_view key) const {
  return Typed(*this, key, {KeyType::kSize}).u64;
}
const std::string& Config::String(std::string_view key) const {
  return Typed(*this, key, {KeyType::kString, KeyType::kEnum, KeyType::kPath}).text;
}
const std::vector<std::string>& Config::List(std::string_view key) const {
  return Typed(*this, key, {KeyType::kList, KeyType::kPathList, KeyType::kDevices}).list;
}
const std::vector<double>& Config::Numbers(std::string_view key) const {
  return Typed(*this, key, {KeyType::kNumberList}).numbers;
}
std::string Config::MapJson(std::string_view key) const {
  return Dump(NodeToJson(Typed(*this, key, {KeyType::kMap}).map));
}

bool Config::IsNull(std::string_view key) const { return value(key).is_null; }

std::optional<int64_t> Config::OptionalInt(std::string_view key) const {
  if (IsNull(key)) return std::nullopt;
  return Int(key);
}
std::optional<double> Config::OptionalNumber(std::string_view key) const {
  if (IsNull(key)) return std::nullopt;
  return Number(key);
}
std::optional<uint64_t> Config::OptionalSize(std::string_view key) const {
  if (IsNull(key)) return std::nullopt;
  return Size(key);
}
std::optional<std::string> Config::OptionalString(std::string_view key) const {
  if (IsNull(key)) return std::nullopt;
  return String(key);
}
std::optional<std::vector<std::string>> Config::OptionalList(std::string_view key) const {
  if (IsNull(key)) return std::nullopt;
  return List(key);
}

bool Config::IsGiven(std::string_view key) const { return state_->given.contains(IndexOf(key)); }

bool Config::IsChanged(std::string_view key) const {
  const size_t index = IndexOf(key);
  if (!state_->given.contains(index) && !state_->by_caller.contains(index)) return false;
  const KeyDeclaration& declaration = Registry().key(index);
  return WriteValue(declaration, state_->entries[index].value) !=
         WriteValue(declaration, state_->defaults[index]);
}

std::string Config::Origin(std::string_view key) const { return origin(key).Text(); }

std::vector<std::string> Config::Changed() const {
  std::vector<std::string> names;
  for (const KeyDeclaration& key : Registry().keys()) {
    if (IsChanged(key.name)) names.push_back(key.name);
  }
  return names;
}

std::string Config::Text(std::string_view key) const {
  return WriteValue(Registry().key(IndexOf(key)), value(key));
}

Config Config::WithDerived(std::string_view key, std::string_view yaml,
                           std::string_view reason) const {
  auto state = std::make_shared<ConfigState>(*state_);
  const size_t index = IndexOf(key);
  YamlNode node;
  std::vector<YamlMistake> mistakes;
  WINNOW_CHECK(ParseYaml(yaml, &node, &mistakes));
  ConfigState::Entry entry;
  std::string notice;
  WINNOW_CHECK_EQ(
      ReadValue(Registry().key(index), node, state->working_folder, &entry.value, &notice), "");
  entry.origin = {.kind = ValueOrigin::Kind::kDerived, .name = std::string(reason)};
  state->by_caller[index] = std::move(entry);
  Resolve(state.get());
  return Config(std::move(state));
}

Config Config::WithCreationTime(int64_t seconds) const {
  auto state = std::make_shared<ConfigState>(*state_);
  state->creation_time = seconds;
  return Config(std::move(state));
}

int64_t Config::creation_time() const { return state_->creation_time; }

std::string Config::ToJson(bool only_changed) const {
  Json root = Json::object();
  for (const KeyDeclaration& key : Registry().keys()) {
    if (only_changed && !IsChanged(key.name)) continue;
    *Descend(&root, key.name) = ValueToJson(key, value(key.name));
  }
  return Dump(root, /*indent=*/2);
}

std::string Config::ToResolvedYaml() const {
  std::string text =
      "# Written by winnow: every key with its value. Reading this file again gives the same "
      "job.\n";
  if (creation_time() != 0) text += Format("# created: {}\n", creation_time());
  // Keys of one map stand together, in the order of their first declaration.
  struct Group {
    std::vector<std::pair<std::string, Group>> groups;
    std::string leaf;
  };
  Group root;
  for (const KeyDeclaration& key : Registry().keys()) {
    if (key.required && IsNull(key.name)) continue;
    Group* group = &root;
    std::istringstream parts(key.name);
    std::string part;
    while (std::getline(parts, part, '.')) {
      auto found = std::find_if(group->groups.begin(), group->groups.end(),
                                [&](const auto& entry) { return entry.first == part; });
      if (found == group->groups.end()) {
        group->groups.emplace_back(part, Group());
        found = group->groups.end() - 1;
      }
      group = &found->second;
    }
    group->leaf = Text(key.name);
  }
  const auto write = [&text](const auto& self, const Group& group, int depth) -> void {
    for (const auto& [name, entry] : group.groups) {
      text += std::string(2 * depth, ' ') + name + ":";
      if (entry.groups.empty()) {
        text += " " + entry.leaf + "\n";
      } else {
        text += "\n";
        self(self, entry, depth + 1);
      }
    }
  };
  write(write, root, 0);
  return text;
}

}  // namespace winnow::cli
