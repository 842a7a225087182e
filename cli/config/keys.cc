#include "cli/config/keys.h"

#include <algorithm>

#include "base/check.h"
#include "base/format.h"
#include "cli/config/key_builder.h"

namespace winnow::cli {

std::string_view KeyTypeName(KeyType type) {
  switch (type) {
    case KeyType::kBool:
      return "bool";
    case KeyType::kInt:
      return "int";
    case KeyType::kU64:
      return "int";
    case KeyType::kNumber:
      return "num";
    case KeyType::kSize:
      return "size";
    case KeyType::kString:
      return "str";
    case KeyType::kEnum:
      return "enum";
    case KeyType::kPath:
      return "path";
    case KeyType::kList:
    case KeyType::kPathList:
    case KeyType::kNumberList:
    case KeyType::kDevices:
      return "list";
    case KeyType::kMap:
      return "map";
  }
  return "?";
}

bool KeyRange::Contains(double number) const {
  if (std::find(also.begin(), also.end(), number) != also.end()) return true;
  if (low && (low_open ? number <= *low : number < *low)) return false;
  if (high && (high_open ? number >= *high : number > *high)) return false;
  return true;
}

std::string KeyRange::Rule() const {
  std::string rule;
  if (low && high) {
    rule = Format("lie in {}{}, {}{}", low_open ? '(' : '[', *low, *high, high_open ? ')' : ']');
  } else if (low && *low == 0) {
    rule = low_open ? "be positive" : "be non-negative";
  } else if (low) {
    rule = *low == 1 && !low_open ? "be positive" : Format("be at least {}", *low);
  } else if (high) {
    rule = Format("be at most {}", *high);
  }
  for (const double value : also) rule += Format(" or be {}", value);
  return rule;
}

std::string KeyDeclaration::AllowedText() const {
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "" : " ") + value;
  if (!allowed.empty()) text += (text.empty() ? "" : "; ") + allowed;
  if (const std::string rule = range.Rule(); !rule.empty()) {
    text += (text.empty() ? "" : "; ") + rule;
  }
  return text;
}

const KeyRegistry& KeyRegistry::Get() {
  static const KeyRegistry registry;
  return registry;
}

KeyRegistry::KeyRegistry() {
  KeyTable table;
  DeclareRunModelData(&table);
  DeclareRollout(&table);
  DeclareFilter(&table);
  DeclareReward(&table);
  DeclareLearner(&table);
  DeclareAlgorithm(&table);
  DeclareTrainerPlacementMetrics(&table);
  sections_ = std::move(table.sections);
  keys_ = std::move(table.keys);
  for (auto& [name, reason] : table.refused) refused_[name] = reason;
  for (size_t i = 0; i < keys_.size(); ++i) {
    WINNOW_CHECK(by_name_.emplace(keys_[i].name, i).second);
    for (const KeyAlias& alias : keys_[i].aliases) {
      AliasTarget& target = aliases_[alias.name];
      target.keys.push_back(i);
      target.alias = &alias;
    }
  }
  const auto add_groups = [this](std::string_view name) {
    for (size_t dot = name.find('.'); dot != std::string_view::npos;
         dot = name.find('.', dot + 1)) {
      groups_[std::string(name.substr(0, dot))] = true;
    }
  };
  for (const auto& [name, index] : by_name_) add_groups(name);
  for (const auto& [name, target] : aliases_) add_groups(name);
  for (const auto& [name, reason] : refused_) add_groups(name);
}

std::optional<size_t> KeyRegistry::Find(std::string_view name) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return std::nullopt;
  return found->second;
}

const AliasTarget* KeyRegistry::FindAlias(std::string_view name) const {
  const auto found = aliases_.find(name);
  return found == aliases_.end() ? nullptr : &found->second;
}

const std::string* KeyRegistry::FindRefused(std::string_view name) const {
  const auto found = refused_.find(name);
  if (found != refused_.end()) return &found->second;
  // vLLM's options as TRL spells them; the longer prefix has a reason of its own.
  static const std::string kCorrection =
      "its modes and caps differ; set algorithm.rollout_correction.rollout_is and "
      "rollout_is_threshold";
  static const std::string kEngine =
      "there is no vLLM here; rollout.gpu_memory_utilization or rollout.kv_cache_bytes set the "
      "memory";
  for (const std::string_view prefix : {"", "rollout.", "algorithm."}) {
    if (name.substr(0, prefix.size()) != prefix) continue;
    const std::string_view rest = name.substr(prefix.size());
    if (rest.starts_with("vllm_importance_sampling_")) return &kCorrection;
    if (rest.starts_with("vllm_")) return &kEngine;
  }
  return nullptr;
}

bool KeyRegistry::IsGroup(std::string_view name) const {
  return groups_.find(name) != groups_.end() || name == "actor_rollout_ref";
}

std::string TranslateByRule(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kRules[] = {
      {"actor_rollout_ref.actor", "learner"},
      {"actor_rollout_ref.rollout", "rollout"},
      {"actor_rollout_ref.model", "model"},
  };
  for (const auto& [from, to] : kRules) {
    if (!name.starts_with(from)) continue;
    const std::string_view rest = name.substr(from.size());
    if (rest.empty() || rest.front() == '.') return std::string(to) + std::string(rest);
  }
  return std::string(name);
}

}  // namespace winnow::cli
