#include "reward/math/units.h"

#include <unordered_map>
#include <vector>

namespace winnow::reward::math {
namespace {

using Table = std::unordered_map<std::string, Unit>;

void AddNames(Table& table, const std::string& dimension, Rational factor,
              const std::vector<std::string>& names) {
  for (const std::string& name : names) table[name] = {dimension, factor};
}

// SI units with the prefixes that occur in word problems.
void AddPrefixed(Table& table, const std::string& dimension, Rational base,
                 const std::string& symbol, const std::string& word) {
  struct Prefix {
    const char* symbol;
    const char* word;
    Rational factor;
  };
  const Prefix prefixes[] = {
      {"", "", {1, 1}},
      {"k", "kilo", {1000, 1}},
      {"c", "centi", {1, 100}},
      {"m", "milli", {1, 1000}},
      {"d", "deci", {1, 10}},
      {"M", "mega", {1000000, 1}},
      {"\\mu", "micro", {1, 1000000}},
      {"n", "nano", {1, 1000000000}},
  };
  for (const Prefix& prefix : prefixes) {
    const Rational factor = *Multiply(prefix.factor, base);
    table[prefix.symbol + symbol] = {dimension, factor};
    table[prefix.word + word] = {dimension, factor};
    table[prefix.word + word + "s"] = {dimension, factor};
  }
}

Table MakeTable() {
  Table table;
  AddPrefixed(table, "length", {1, 1}, "m", "meter");
  AddPrefixed(table, "length", {1, 1}, "m", "metre");
  AddPrefixed(table, "mass", {1, 1000}, "g", "gram");
  AddPrefixed(table, "volume", {1, 1}, "L", "liter");
  AddPrefixed(table, "volume", {1, 1}, "l", "litre");
  AddPrefixed(table, "energy", {1, 1}, "J", "joule");
  AddPrefixed(table, "power", {1, 1}, "W", "watt");
  AddPrefixed(table, "force", {1, 1}, "N", "newton");
  AddPrefixed(table, "voltage", {1, 1}, "V", "volt");
  AddPrefixed(table, "frequency", {1, 1}, "Hz", "hertz");
  AddPrefixed(table, "pressure", {1, 1}, "Pa", "pascal");
  AddNames(table, "length", {254, 10000}, {"inch", "inches", "in"});
  AddNames(table, "length", {3048, 10000}, {"foot", "feet", "ft"});
  AddNames(table, "length", {9144, 10000}, {"yard", "yards", "yd"});
  AddNames(table, "length", {1609344, 1000}, {"mile", "miles", "mi"});
  AddNames(table, "mass", {45359237, 100000000}, {"pound", "pounds", "lb", "lbs"});
  AddNames(table, "mass", {45359237, 1600000000}, {"ounce", "ounces", "oz"});
  AddNames(table, "mass", {1000, 1}, {"ton", "tons", "tonne", "tonnes"});
  AddNames(table, "time", {1, 1}, {"second", "seconds", "sec", "secs", "s"});
  AddNames(table, "time", {60, 1}, {"minute", "minutes", "min", "mins"});
  AddNames(table, "time", {3600, 1}, {"hour", "hours", "hr", "hrs", "h"});
  AddNames(table, "time", {86400, 1}, {"day", "days"});
  AddNames(table, "time", {604800, 1}, {"week", "weeks"});
  AddNames(table, "month", {1, 1}, {"month", "months"});
  AddNames(table, "year", {1, 1}, {"year", "years", "yr", "yrs"});
  AddNames(table, "money:dollar", {1, 1}, {"dollar", "dollars", "USD", "usd"});
  AddNames(table, "money:dollar", {1, 100}, {"cent", "cents", "\xC2\xA2"});
  AddNames(table, "money:euro", {1, 1}, {"euro", "euros", "EUR"});
  AddNames(table, "degree", {1, 1}, {"degree", "degrees", "deg"});
  AddNames(table, "radian", {1, 1}, {"radian", "radians", "rad"});
  AddNames(table, "item", {1, 1},
           {"unit", "units", "people", "person", "items", "ways", "students", "apples", "times"});
  return table;
}

const Table& Units() {
  static const Table table = MakeTable();
  return table;
}

std::string Powered(const std::string& dimension, int power) {
  return power == 1 ? dimension : dimension + "^" + std::to_string(power);
}

// Words of a phrase; `/` and `^n` and "per" are words of their own.
std::vector<std::string> WordsOf(std::string_view phrase) {
  std::vector<std::string> words(1);
  for (char c : phrase) {
    const bool space = c == ' ' || c == '{' || c == '}' || c == '.' || c == '(' || c == ')';
    if (space) {
      if (!words.back().empty()) words.emplace_back();
    } else if (c == '/' || c == '^') {
      if (!words.back().empty()) words.emplace_back();
      words.back() = c;
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

// One unit word with the powers around it, from words[at]; moves `at` behind it.
std::optional<Unit> ReadPoweredUnit(const std::vector<std::string>& words, size_t& at) {
  int power = 1;
  if (at < words.size() && (words[at] == "square" || words[at] == "sq")) {
    power = 2;
    ++at;
  } else if (at < words.size() && (words[at] == "cubic" || words[at] == "cu")) {
    power = 3;
    ++at;
  }
  if (at >= words.size()) return std::nullopt;
  const auto it = Units().find(words[at]);
  if (it == Units().end()) return std::nullopt;
  ++at;
  if (at < words.size() && (words[at] == "squared" || words[at] == "cubed")) {
    power = words[at++] == "squared" ? 2 : 3;
  } else if (at + 1 < words.size() && words[at] == "^" && words[at + 1].size() == 1 &&
             words[at + 1][0] >= '1' && words[at + 1][0] <= '6') {
    power = words[at + 1][0] - '0';
    at += 2;
  }
  return RaiseUnit(it->second, power);
}

}  // namespace

std::optional<Unit> RaiseUnit(const Unit& unit, int power) {
  if (power < 1 || power > 6) return std::nullopt;
  const std::optional<Rational> factor = Power(unit.factor, power);
  if (!factor) return std::nullopt;
  return Unit{Powered(unit.dimension, power), *factor};
}

std::optional<Unit> ReadUnit(std::string_view phrase) {
  const std::vector<std::string> words = WordsOf(phrase);
  if (words.empty() || words.size() > 8) return std::nullopt;
  size_t at = 0;
  std::optional<Unit> unit = ReadPoweredUnit(words, at);
  while (unit && at < words.size()) {
    if (words[at] != "/" && words[at] != "per" && words[at] != "an") return std::nullopt;
    ++at;
    const std::optional<Unit> below = ReadPoweredUnit(words, at);
    if (!below) return std::nullopt;
    const std::optional<Rational> factor = Divide(unit->factor, below->factor);
    if (!factor) return std::nullopt;
    unit = Unit{unit->dimension + "/" + below->dimension, *factor};
  }
  return unit;
}

}  // namespace winnow::reward::math
