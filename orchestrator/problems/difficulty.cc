#include "orchestrator/problems/difficulty.h"

#include <algorithm>
#include <charconv>

#include "base/format.h"

namespace winnow::orchestrator {
namespace {

bool ReadInteger(std::string_view text, int64_t* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

// "2" or "2-4"; the dash is searched behind the first character, which may be a sign.
bool ReadRange(std::string_view text, IntegerRange* range) {
  const size_t dash = text.find('-', 1);
  if (text.empty()) return false;
  if (dash == std::string_view::npos) {
    if (!ReadInteger(text, &range->low)) return false;
    range->high = range->low;
    return true;
  }
  return ReadInteger(text.substr(0, dash), &range->low) &&
         ReadInteger(text.substr(dash + 1), &range->high) && range->low <= range->high;
}

std::string Joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

}  // namespace

std::string ToString(IntegerRange range) {
  return range.low == range.high ? Format("{}", range.low) : Format("{}-{}", range.low, range.high);
}

DifficultyReader::DifficultyReader(std::string_view text) {
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    const size_t mark = item.find('=');
    if (mark == std::string_view::npos || mark == 0) {
      Refuse(Format("must be key=value joined by commas: \"{}\"", item));
    } else if (!values_.emplace(item.substr(0, mark), item.substr(mark + 1)).second) {
      Refuse(Format("{} is given twice", item.substr(0, mark)));
    }
    text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
  }
}

void DifficultyReader::Refuse(const std::string& message) {
  if (status_.ok()) status_ = InvalidArgument("--difficulty: " + message);
}

const std::string* DifficultyReader::Find(const std::string& key) {
  known_.push_back(key);
  const auto it = values_.find(key);
  return it == values_.end() ? nullptr : &it->second;
}

IntegerRange DifficultyReader::Range(const std::string& key, IntegerRange fallback,
                                     IntegerRange allowed) {
  const std::string* text = Find(key);
  if (text == nullptr) return fallback;
  IntegerRange range;
  if (!ReadRange(*text, &range) || range.low < allowed.low || range.high > allowed.high) {
    Refuse(Format("{} must be an integer or a range in {}: \"{}\"", key, ToString(allowed), *text));
    return fallback;
  }
  return range;
}

int64_t DifficultyReader::Integer(const std::string& key, int64_t fallback, IntegerRange allowed) {
  const std::string* text = Find(key);
  if (text == nullptr) return fallback;
  int64_t value = 0;
  if (!ReadInteger(*text, &value) || value < allowed.low || value > allowed.high) {
    Refuse(Format("{} must be an integer in {}: \"{}\"", key, ToString(allowed), *text));
    return fallback;
  }
  return value;
}

std::string DifficultyReader::Word(const std::string& key, const std::string& fallback,
                                   const std::vector<std::string>& allowed) {
  const std::string* text = Find(key);
  if (text == nullptr) return fallback;
  if (std::find(allowed.begin(), allowed.end(), *text) == allowed.end()) {
    Refuse(Format("{} must be one of {}: \"{}\"", key, Joined(allowed), *text));
    return fallback;
  }
  return *text;
}

std::string DifficultyReader::Letters(const std::string& key, const std::string& fallback,
                                      std::string_view allowed) {
  const std::string* text = Find(key);
  if (text == nullptr) return fallback;
  std::string seen;
  for (char c : *text) {
    if (allowed.find(c) != std::string_view::npos && seen.find(c) == std::string::npos) seen += c;
  }
  if (seen.empty() || seen.size() != text->size()) {
    Refuse(Format("{} must be some of {}, each once: \"{}\"", key, allowed, *text));
    return fallback;
  }
  return seen;
}

Status DifficultyReader::Finish() const {
  if (!status_.ok()) return status_;
  for (const auto& [key, value] : values_) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    return InvalidArgument(
        Format("--difficulty: {} is not a key: the keys are {}", key, Joined(known_)));
  }
  return OkStatus();
}

}  // namespace winnow::orchestrator
