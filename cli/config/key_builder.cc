#include "cli/config/key_builder.h"

namespace winnow::cli {

KeyBuilder& KeyBuilder::Nullable(std::string word) {
  key_->nullable = true;
  key_->null_word = std::move(word);
  if (key_->default_text.empty()) key_->default_text = key_->null_word;
  return *this;
}

KeyBuilder& KeyBuilder::In(double low, double high) {
  key_->range.low = low;
  key_->range.high = high;
  return *this;
}

KeyBuilder& KeyBuilder::Word(std::string theirs, std::string ours) {
  key_->value_aliases.emplace_back(std::move(theirs), std::move(ours));
  return *this;
}

KeyBuilder& KeyBuilder::RefuseWord(std::string word, std::string reason) {
  key_->refused_values.emplace_back(std::move(word), std::move(reason));
  return *this;
}

KeyBuilder& KeyBuilder::Must(std::string allowed, std::function<bool(const Value&)> validate) {
  key_->allowed = std::move(allowed);
  key_->validate = std::move(validate);
  return *this;
}

KeyBuilder& KeyBuilder::AliasAs(std::string name,
                                std::vector<std::pair<std::string, std::string>> values) {
  key_->aliases.push_back({std::move(name), std::move(values)});
  return *this;
}

void KeyTable::Section(std::string name) { sections.push_back(std::move(name)); }

KeyBuilder KeyTable::Add(std::string short_name, KeyType type) {
  KeyDeclaration key;
  key.name = sections.back() + "." + short_name;
  key.type = type;
  keys.push_back(std::move(key));
  return KeyBuilder(&keys.back());
}

KeyBuilder KeyTable::Enum(std::string name, std::vector<std::string> values) {
  KeyBuilder builder = Add(std::move(name), KeyType::kEnum);
  builder.OneOf(std::move(values));
  return builder;
}

void KeyTable::Refuse(std::initializer_list<const char*> names, const std::string& reason) {
  for (const std::string name : names) {
    refused.emplace_back(name, reason);
    if (name.find('.') == std::string::npos) {
      refused.emplace_back(sections.back() + "." + name, reason);
    }
  }
}

}  // namespace winnow::cli
