#include "reward/options.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/format.h"
#include "reward/nearest_name.h"

namespace winnow::reward {
namespace {

using Json = nlohmann::ordered_json;

std::string Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
}

Json Parse(std::string_view text) { return Json::parse(text, nullptr, /*allow_exceptions=*/false); }

std::string ScalarText(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// "a: 1, b: 2" or "a=1,b=2": a map that is not written as JSON.
Json LooseMap(std::string_view text) {
  Json map = Json::object();
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    const size_t mark = item.find_first_of(":=");
    if (mark == std::string_view::npos) return Json(Json::value_t::discarded);
    map[Trimmed(item.substr(0, mark))] = Trimmed(item.substr(mark + 1));
    text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
  }
  return map;
}

bool ReadDouble(std::string_view text, double* value) {
  const std::string trimmed = Trimmed(text);
  const auto [end, error] =
      std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), *value);
  return error == std::errc() && end == trimmed.data() + trimmed.size() && std::isfinite(*value);
}

}  // namespace

OptionReader::OptionReader(std::string owner, const VerifierOptions& options,
                           std::vector<OptionSpec> specs)
    : owner_(std::move(owner)), options_(options), specs_(std::move(specs)) {
  for (const auto& [key, value] : options_) {
    if (Find(key) != nullptr || !status_.ok()) continue;
    std::vector<std::string> names;
    for (const OptionSpec& spec : specs_) names.push_back(spec.name);
    status_ = InvalidArgument(
        Format("reward.{} is not an option of verifier {}{}", key, owner_, DidYouMean(key, names)));
  }
}

const OptionSpec* OptionReader::Find(std::string_view key) const {
  for (const OptionSpec& spec : specs_) {
    const std::string_view name = spec.name;
    if (name == key || (name == "*." && key.find('.') != std::string_view::npos)) return &spec;
  }
  return nullptr;
}

bool OptionReader::IsGiven(std::string_view key) const {
  return options_.contains(std::string(key));
}

VerifierOptions OptionReader::WithPrefix(std::string_view prefix) const {
  VerifierOptions found;
  for (const auto& [key, value] : options_) {
    if (key.starts_with(prefix)) found[key.substr(prefix.size())] = value;
  }
  return found;
}

std::string OptionReader::Text(std::string_view key) {
  const OptionSpec* spec = Find(key);
  WINNOW_CHECK(spec != nullptr);
  const auto it = options_.find(std::string(key));
  return it == options_.end() ? spec->default_text : it->second;
}

void OptionReader::Refuse(std::string_view key, std::string_view rule, std::string_view found) {
  if (!status_.ok()) return;
  status_ = InvalidArgument(Format("reward.{} must be {}: \"{}\"", key, rule, found));
}

double OptionReader::Number(std::string_view key, double min, double max) {
  const std::string text = Text(key);
  double value = 0.0;
  if (!ReadDouble(text, &value)) {
    Refuse(key, "a number", text);
  } else if (value < min || value > max) {
    Refuse(key, Format("in [{}, {}]", min, max), text);
  }
  return value;
}

bool OptionReader::Bool(std::string_view key) {
  const std::string text = Trimmed(Text(key));
  const bool yes = text == "true" || text == "yes";
  if (!yes && text != "false" && text != "no") Refuse(key, "true or false", text);
  return yes;
}

size_t OptionReader::Choice(std::string_view key, const std::vector<std::string>& choices) {
  const std::string text = Trimmed(Text(key));
  std::string list;
  for (size_t i = 0; i < choices.size(); ++i) {
    if (choices[i] == text) return i;
    list += (i == 0 ? "" : ", ") + choices[i];
  }
  if (status_.ok()) {
    status_ = InvalidArgument(Format("reward.{} must be one of {}: \"{}\"{}", key, list, text,
                                     DidYouMean(text, choices)));
  }
  return 0;
}

std::vector<std::string> OptionReader::List(std::string_view key) {
  const std::string text = Trimmed(Text(key));
  std::vector<std::string> items;
  if (text.empty()) return items;
  if (text.front() == '[') {
    const Json list = Parse(text);
    if (list.is_array()) {
      for (const Json& item : list) items.push_back(ScalarText(item));
      return items;
    }
  }
  const bool bracketed = text.size() >= 2 && text.front() == '[' && text.back() == ']';
  std::string_view rest = text;
  if (bracketed) rest = rest.substr(1, rest.size() - 2);
  while (true) {
    const size_t comma = rest.find(',');
    const std::string item = Trimmed(rest.substr(0, comma));
    if (!item.empty()) items.push_back(item);
    if (comma == std::string_view::npos) return items;
    rest = rest.substr(comma + 1);
  }
}

std::vector<std::pair<std::string, std::string>> OptionReader::TextMap(std::string_view key) {
  const std::string text = Trimmed(Text(key));
  std::vector<std::pair<std::string, std::string>> items;
  if (text.empty()) return items;
  std::string_view inner = text;
  if (inner.size() >= 2 && inner.front() == '{' && inner.back() == '}') {
    inner = inner.substr(1, inner.size() - 2);
  }
  Json map = Parse(text);
  if (!map.is_object()) map = LooseMap(inner);
  if (!map.is_object()) {
    Refuse(key, "a map of names", text);
    return items;
  }
  for (const auto& [name, value] : map.items()) items.emplace_back(name, ScalarText(value));
  return items;
}

std::vector<std::pair<std::string, double>> OptionReader::NumberMap(std::string_view key) {
  std::vector<std::pair<std::string, double>> numbers;
  for (const auto& [name, value] : TextMap(key)) {
    double number = 0.0;
    if (!ReadDouble(value, &number)) Refuse(Format("{}.{}", key, name), "a number", value);
    numbers.emplace_back(name, number);
  }
  return numbers;
}

}  // namespace winnow::reward
