#include "model/strict_json.h"

#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/format.h"

namespace winnow::model {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxDepth = 4;
constexpr size_t kMaxNameBytes = 512;

// Receives the events of nlohmann's parser, which checks grammar and UTF-8, and adds our rules.
class Handler : public nlohmann::json_sax<Json> {
 public:
  Handler(const std::string& file, const JsonVisitor& visitor) : file_(file), visitor_(visitor) {}
  const Status& status() const { return status_; }

  bool null() override { return Scalar({}); }
  bool boolean(bool) override { return Scalar({}); }
  bool number_integer(number_integer_t value) override {
    return Refuse(Format("integers must be unsigned: {}", value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return Scalar({.kind = JsonScalar::Kind::kUnsigned, .number = value});
  }
  bool number_float(number_float_t, const string_t& text) override {
    return Refuse("numbers must be integers without fraction or exponent, below 2^64: " +
                  text.substr(0, 40));
  }
  bool string(string_t& value) override {
    return Scalar({.kind = JsonScalar::Kind::kString, .text = std::move(value)});
  }
  bool binary(binary_t&) override { return Refuse("must be JSON text"); }

  bool start_object(std::size_t) override {
    if (!Enter(/*is_list=*/false)) return false;
    return Accept(visitor_.object(path_));
  }
  bool key(string_t& value) override {
    if (value.size() > kMaxNameBytes) {
      return Refuse(Format("names must have at most {} bytes: {}", kMaxNameBytes, value.size()));
    }
    for (const char c : value) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
        return Refuse(Format("names must have no control characters: byte {}", int{c}));
      }
    }
    Level& level = levels_.back();
    if (!level.keys.insert(value).second) return Refuse("duplicate key: " + value);
    path_.resize(level.path_size);
    path_.push_back(std::move(value));
    return Accept(visitor_.key(path_));
  }
  bool end_object() override { return Leave(); }
  bool start_array(std::size_t) override {
    if (!Enter(/*is_list=*/true)) return false;
    return Accept(visitor_.list(path_));
  }
  bool end_array() override { return Leave(); }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    return Refuse(Format("must be JSON: error at byte {}", position));
  }

 private:
  struct Level {
    bool is_list = false;
    size_t path_size = 0;  // of the path that leads to this level
    std::unordered_set<std::string> keys;
  };

  bool Refuse(std::string rule) { return Accept(InvalidArgument(file_ + ": " + std::move(rule))); }
  bool Accept(Status status) {
    if (!status.ok() && status_.ok()) status_ = std::move(status);
    return status_.ok();
  }
  bool Enter(bool is_list) {
    if (levels_.size() >= kMaxDepth) return Refuse(Format("depth must be at most {}", kMaxDepth));
    levels_.push_back({.is_list = is_list, .path_size = path_.size()});
    return true;
  }
  bool Leave() {
    path_.resize(levels_.back().path_size);
    levels_.pop_back();
    return true;
  }
  bool Scalar(const JsonScalar& scalar) {
    return Accept(visitor_.scalar(path_, levels_.back().is_list, scalar));
  }

  const std::string& file_;
  const JsonVisitor& visitor_;
  Status status_;
  std::vector<Level> levels_;
  std::vector<std::string> path_;
};

}  // namespace

Status ReadStrictJson(std::string_view json, const std::string& file, const JsonVisitor& visitor) {
  if (json.empty() || json.front() != '{') {
    return InvalidArgument(file + ": must start with '{'");
  }
  const size_t last = json.find_last_not_of(' ');
  if (json[last] != '}') return InvalidArgument(file + ": must end with '}' and spaces only");
  Handler handler(file, visitor);
  Json::sax_parse(json.begin(), json.begin() + last + 1, &handler, Json::input_format_t::json,
                  /*strict=*/true);
  return handler.status();
}

}  // namespace winnow::model
