#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/config/value.h"

namespace winnow::cli {

enum class KeyType {
  kBool,
  kInt,  // up to 2^31 - 1
  kU64,
  kNumber,
  kSize,  // bytes, or 512MiB
  kString,
  kEnum,
  kPath,  // absolute once resolved, but for words in `values`
  kList,  // of strings
  kPathList,
  kNumberList,
  kDevices,  // 0-3 or [0, 2]
  kMap,      // free names
};
std::string_view KeyTypeName(KeyType type);

// Bounds of a number; `also` lists single values beside the interval.
struct KeyRange {
  std::optional<double> low;
  std::optional<double> high;
  bool low_open = false;
  bool high_open = false;
  std::vector<double> also;

  bool Contains(double number) const;
  // "be positive", "lie in (0, 1]": what stands after "must" in a message; "" if unbounded.
  std::string Rule() const;
};

// A name from another system. With `values`, only the words listed are read, as their partners.
struct KeyAlias {
  std::string name;
  std::vector<std::pair<std::string, std::string>> values;
};

// One key of the job file: the only place where it is described.
struct KeyDeclaration {
  std::string name;  // "learner.optim.lr"
  KeyType type = KeyType::kString;
  bool nullable = false;
  std::string null_word = "null";  // Another word for null, such as "auto".
  bool required = false;           // No default; which commands need it: RequiredKeys().
  std::string default_text;        // YAML; "" if required or derived.
  std::string derived;             // In words, what the default is computed from; see derive.h.
  KeyRange range;
  std::vector<std::string> values;  // Allowed words (kEnum, or items of a kList).
  std::vector<std::pair<std::string, std::string>> value_aliases;   // other system's word -> ours
  std::vector<std::pair<std::string, std::string>> refused_values;  // word -> why
  std::string allowed;                               // What `validate` asks, after "must".
  std::function<bool(const Value& value)> validate;  // Null: nothing more to check.
  std::vector<std::string> read_by;  // Verifiers that read this option; empty: no such limit.
  std::string meaning;
  std::vector<KeyAlias> aliases;

  std::string section() const { return name.substr(0, name.find('.')); }
  // The name without its section.
  std::string short_name() const { return name.substr(name.find('.') + 1); }
  // The allowed values in words, "" if any.
  std::string AllowedText() const;
};

// What a name from another system stands for.
struct AliasTarget {
  std::vector<size_t> keys;  // Indices; more than one if the alias sets several.
  const KeyAlias* alias = nullptr;
};

// All keys, aliases and refused names; built once, immutable, safe from any thread.
class KeyRegistry {
 public:
  static const KeyRegistry& Get();

  const std::vector<std::string>& sections() const { return sections_; }
  const std::vector<KeyDeclaration>& keys() const { return keys_; }
  const KeyDeclaration& key(size_t index) const { return keys_[index]; }
  std::optional<size_t> Find(std::string_view name) const;
  // Null if `name` is no alias.
  const AliasTarget* FindAlias(std::string_view name) const;
  // Why `name` is refused, null if it is not.
  const std::string* FindRefused(std::string_view name) const;
  // True if some key, alias or refused name lies below `name`.
  bool IsGroup(std::string_view name) const;
  const std::map<std::string, AliasTarget, std::less<>>& aliases() const { return aliases_; }
  const std::map<std::string, std::string, std::less<>>& refused() const { return refused_; }

 private:
  KeyRegistry();
  std::vector<std::string> sections_;
  std::vector<KeyDeclaration> keys_;
  std::map<std::string, size_t, std::less<>> by_name_;
  std::map<std::string, AliasTarget, std::less<>> aliases_;
  std::map<std::string, std::string, std::less<>> refused_;
  std::map<std::string, bool, std::less<>> groups_;
};

// `actor_rollout_ref.actor.LEAF` as `learner.LEAF` and so on; other names unchanged.
std::string TranslateByRule(std::string_view name);

}  // namespace winnow::cli
