#pragma once

#include <initializer_list>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "cli/config/keys.h"

namespace winnow::cli {

// Fills in one KeyDeclaration; lives as long as the statement that declares the key.
class KeyBuilder {
 public:
  explicit KeyBuilder(KeyDeclaration* key) : key_(key) {}

  KeyBuilder& Default(std::string yaml) { return key_->default_text = std::move(yaml), *this; }
  KeyBuilder& Required() { return key_->required = true, *this; }
  KeyBuilder& Derived(std::string rule) { return key_->derived = std::move(rule), *this; }
  // Null is allowed, and the default unless another is given.
  KeyBuilder& Nullable(std::string word = "null");
  KeyBuilder& AtLeast(double low) { return key_->range.low = low, *this; }
  KeyBuilder& Positive() { return key_->range.low_open = true, AtLeast(0); }
  KeyBuilder& In(double low, double high);
  KeyBuilder& LowOpen() { return key_->range.low_open = true, *this; }
  KeyBuilder& HighOpen() { return key_->range.high_open = true, *this; }
  KeyBuilder& Also(double value) { return key_->range.also.push_back(value), *this; }
  KeyBuilder& OneOf(std::vector<std::string> values) {
    return key_->values = std::move(values), *this;
  }
  KeyBuilder& Word(std::string theirs, std::string ours);
  KeyBuilder& RefuseWord(std::string word, std::string reason);
  // A rule on the value, said as "must ALLOWED".
  KeyBuilder& Must(std::string allowed, std::function<bool(const Value&)> validate);
  KeyBuilder& ReadBy(std::vector<std::string> verifiers) {
    return key_->read_by = std::move(verifiers), *this;
  }
  KeyBuilder& Means(std::string text) { return key_->meaning = std::move(text), *this; }
  KeyBuilder& Alias(std::string name) { return AliasAs(std::move(name), {}); }
  // An alias whose words stand for other words here, such as true for "full".
  KeyBuilder& AliasAs(std::string name, std::vector<std::pair<std::string, std::string>> values);

 private:
  KeyDeclaration* key_;
};

// Where the declarations go: called once, by KeyRegistry.
class KeyTable {
 public:
  void Section(std::string name);
  KeyBuilder Add(std::string short_name, KeyType type);
  KeyBuilder Bool(std::string name) { return Add(std::move(name), KeyType::kBool); }
  KeyBuilder Int(std::string name) { return Add(std::move(name), KeyType::kInt); }
  KeyBuilder Number(std::string name) { return Add(std::move(name), KeyType::kNumber); }
  KeyBuilder Text(std::string name) { return Add(std::move(name), KeyType::kString); }
  KeyBuilder Enum(std::string name, std::vector<std::string> values);
  KeyBuilder Path(std::string name) { return Add(std::move(name), KeyType::kPath); }
  KeyBuilder List(std::string name) { return Add(std::move(name), KeyType::kList); }
  // Names of other systems whose meaning or unit differs. One without a dot is also refused inside
  // the section.
  void Refuse(std::initializer_list<const char*> names, const std::string& reason);

  std::vector<std::string> sections;
  std::vector<KeyDeclaration> keys;
  std::vector<std::pair<std::string, std::string>> refused;
};

void DeclareRunModelData(KeyTable* table);
void DeclareRollout(KeyTable* table);
void DeclareFilter(KeyTable* table);
void DeclareReward(KeyTable* table);
void DeclareLearner(KeyTable* table);
void DeclareAlgorithm(KeyTable* table);
void DeclareTrainerPlacementMetrics(KeyTable* table);

}  // namespace winnow::cli
