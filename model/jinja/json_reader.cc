#include "model/jinja/json_reader.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/format.h"
#include "model/jinja/error.h"

namespace winnow::model::jinja {
namespace {

// Builds values while nlohmann parses; its interface asks for these names.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return Add(Value::None()); }
  bool boolean(bool value) override { return Add(Value::Bool(value)); }
  bool number_integer(number_integer_t value) override { return Add(Value::Int(value)); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      throw Error(Format("integer does not fit 64 bits: {}", value));
    }
    return Add(Value::Int(static_cast<int64_t>(value)));
  }
  bool number_float(number_float_t value, const string_t& text) override {
    if (text.find_first_of(".eE") == string_t::npos) {
      throw Error(Format("integer does not fit 64 bits: {}", text));
    }
    return Add(Value::Float(value));
  }
  bool string(string_t& value) override { return Add(Value::String(std::move(value))); }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override { return Open(/*is_dict=*/true); }
  bool start_array(size_t) override { return Open(/*is_dict=*/false); }
  bool key(string_t& value) override {
    open_.back().key = Value::String(std::move(value));
    return true;
  }
  bool end_object() override {
    Value made = Value::MakeDict(std::move(open_.back().dict));
    open_.pop_back();
    return Add(std::move(made));
  }
  bool end_array() override {
    Value made = Value::MakeList(std::move(open_.back().items));
    open_.pop_back();
    return Add(std::move(made));
  }
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception& error) override {
    throw Error(Format("is not JSON: {}", error.what()));
  }

  Value Take() { return std::move(result_); }

 private:
  struct Container {
    bool is_dict;
    Dict dict;
    Value key;
    std::vector<Value> items;
  };

  bool Open(bool is_dict) {
    if (open_.size() >= static_cast<size_t>(Value::kMaxDepth)) {
      throw Error(Format("JSON may be nested at most {} deep", Value::kMaxDepth));
    }
    open_.push_back({is_dict, {}, {}, {}});
    return true;
  }

  bool Add(Value value) {
    if (open_.empty()) {
      result_ = std::move(value);
    } else if (open_.back().is_dict) {
      open_.back().dict.Set(open_.back().key, std::move(value));
    } else {
      open_.back().items.push_back(std::move(value));
    }
    return true;
  }

  std::vector<Container> open_;
  Value result_;
};

}  // namespace

Value ReadJson(std::string_view text) {
  Builder builder;
  nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  return builder.Take();
}

}  // namespace winnow::model::jinja
