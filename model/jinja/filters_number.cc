// abs, int, float, round, default.
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

#include "base/format.h"
#include "model/jinja/error.h"
#include "model/jinja/filters.h"
#include "model/jinja/operators.h"
#include "model/jinja/parameters.h"
#include "model/jinja/text_cutting.h"

namespace winnow::model::jinja {
namespace {

using Kind = Value::Kind;

// Digits as Python's int() and float() take them: no white space around, single underscores inside.
std::optional<std::string> CleanNumber(const std::string& text) {
  std::string number = Strip(text, std::nullopt, StripSide::kBoth);
  const auto is_digit = [&](size_t i) {
    return i < number.size() && number[i] >= '0' && number[i] <= '9';
  };
  for (size_t i = 0; i < number.size(); ++i) {
    if (number[i] == '_' && (i == 0 || !is_digit(i - 1) || !is_digit(i + 1))) return std::nullopt;
    if (static_cast<uint8_t>(number[i]) >= 0x80) {
      throw Error("numbers of other scripts are not supported");
    }
  }
  std::erase(number, '_');
  return number;
}

std::optional<int64_t> ParseInteger(const std::string& text) {
  std::optional<std::string> number = CleanNumber(text);
  if (!number.has_value() || number->empty()) return std::nullopt;
  const bool has_plus = number->front() == '+';
  const char* begin = number->data() + (has_plus ? 1 : 0);
  const char* end = number->data() + number->size();
  int64_t value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (has_plus && *begin == '-') return std::nullopt;
  if (stop != end) return std::nullopt;
  if (error == std::errc::result_out_of_range) throw Error("integer does not fit 64 bits");
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

std::optional<double> ParseFloat(const std::string& text) {
  std::optional<std::string> number = CleanNumber(text);
  if (!number.has_value() || number->empty()) return std::nullopt;
  if (number->find_first_of("xXpP(") != std::string::npos) return std::nullopt;  // C, not Python
  char* end = nullptr;
  const double value = std::strtod(number->c_str(), &end);
  if (end != number->c_str() + number->size()) return std::nullopt;
  return value;
}

std::optional<int64_t> Truncate(double number) {
  if (std::isnan(number) || std::isinf(number)) return std::nullopt;
  if (std::abs(number) >= 9.2e18) throw Error("integer does not fit 64 bits");
  return static_cast<int64_t>(number);
}

Value Int(Runtime&, const Value& input, const Arguments& arguments) {
  const Parameters parameters("int", arguments, {"default", "base"});
  RequireDefined(input);
  if (parameters.Integer(1, 10) != 10) throw Error("int: argument 'base' must be 10");
  std::optional<int64_t> value;
  if (input.IsInteger()) {
    value = input.integer();
  } else if (input.Is(Kind::kFloat)) {
    value = Truncate(input.number());
  } else if (input.IsString()) {
    value = ParseInteger(input.text());
    if (!value.has_value()) {
      const std::optional<double> number = ParseFloat(input.text());
      if (number.has_value()) value = Truncate(*number);
    }
  }
  return value.has_value() ? Value::Int(*value) : parameters.Or(0, Value::Int(0));
}

Value Float(Runtime&, const Value& input, const Arguments& arguments) {
  const Parameters parameters("float", arguments, {"default"});
  RequireDefined(input);
  std::optional<double> value;
  if (input.IsNumber()) value = input.number();
  if (input.IsString()) value = ParseFloat(input.text());
  return value.has_value() ? Value::Float(*value) : parameters.Or(0, Value::Float(0.0));
}

Value Abs(Runtime&, const Value& input, const Arguments& arguments) {
  const Parameters none("abs", arguments, {});
  RequireDefined(input);
  if (input.Is(Kind::kFloat)) return Value::Float(std::abs(input.number()));
  if (!input.IsInteger()) {
    throw Error(Format("bad operand type for abs(): '{}'", input.TypeName()));
  }
  return input.integer() < 0 ? Negate(input) : Value::Int(input.integer());
}

// To the nearest, ties to even, of the exact binary value: what printf does.
double RoundCommon(double number, int64_t precision) {
  if (precision > 300 || std::isnan(number) || std::isinf(number)) return number;
  if (precision < 0) {
    const double scale = std::pow(10.0, static_cast<double>(-precision));
    return std::nearbyint(number / scale) * scale;
  }
  return std::strtod(Format("{:.{}f}", number, precision).c_str(), nullptr);
}

Value Round(Runtime&, const Value& input, const Arguments& arguments) {
  const Parameters parameters("round", arguments, {"precision", "method"});
  RequireDefined(input);
  if (!input.IsNumber()) throw Error(Format("round needs a number, not {}", input.TypeName()));
  const int64_t precision = parameters.Integer(0, 0);
  const std::string method = parameters.Text(1, "common");
  if (precision < -300) throw Error("round: precision is too low");
  if (method == "common") {
    if (input.IsInteger() && precision >= 0) return Value::Int(input.integer());
    if (input.IsInteger()) throw Error("round of integers to tens is not supported");
    return Value::Float(RoundCommon(input.number(), precision));
  }
  if (method != "ceil" && method != "floor") {
    throw Error("method must be common, ceil or floor");
  }
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double scaled = input.number() * scale;
  return Value::Float((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale);
}

Value Default(Runtime&, const Value& input, const Arguments& arguments) {
  const Parameters parameters("default", arguments, {"default_value", "boolean"});
  const bool replaces = input.IsUndefined() || (parameters.Bool(1, false) && !input.Truthy());
  return replaces ? parameters.Or(0, Value::String("")) : input;
}

constexpr FilterEntry kFilters[] = {
    {"abs", Abs},   {"int", Int},         {"float", Float},
    {"d", Default}, {"default", Default}, {"round", Round},
};

}  // namespace

std::span<const FilterEntry> NumberFilters() { return kFilters; }

}  // namespace winnow::model::jinja
