#include "reward/code/exact_json.h"

#include <utility>

namespace winnow::reward {
namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 256;
constexpr std::string_view kMark = "\x01integer ";
constexpr std::string_view kDumpedMark = "\"\\u0001integer ";

class ExactParser : public nlohmann::detail::json_sax_dom_parser<Json> {
 public:
  explicit ExactParser(Json* root) : json_sax_dom_parser(*root, /*allow_exceptions=*/false) {}

  bool number_float(double value, const std::string& digits) {
    if (digits.find_first_of(".eE") != std::string::npos) {
      return json_sax_dom_parser::number_float(value, digits);
    }
    std::string text = std::string(kMark) + digits;
    return json_sax_dom_parser::string(text);
  }
  bool start_object(size_t size) {
    return ++depth_ <= kMaxDepth && json_sax_dom_parser::start_object(size);
  }
  bool start_array(size_t size) {
    return ++depth_ <= kMaxDepth && json_sax_dom_parser::start_array(size);
  }
  bool end_object() {
    --depth_;
    return json_sax_dom_parser::end_object();
  }
  bool end_array() {
    --depth_;
    return json_sax_dom_parser::end_array();
  }

 private:
  int depth_ = 0;
};

}  // namespace

std::optional<Json> ParseExactly(std::string_view text) {
  Json root;
  ExactParser parser(&root);
  if (!Json::sax_parse(text, &parser)) return std::nullopt;
  return root;
}

std::string DumpExactly(const Json& json) {
  const std::string text =
      json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  std::string out;
  size_t at = 0;
  for (size_t mark; (mark = text.find(kDumpedMark, at)) != std::string::npos;) {
    const size_t digits = mark + kDumpedMark.size(), end = text.find('"', digits);
    out.append(text, at, mark - at).append(text, digits, end - digits);
    at = end + 1;
  }
  return out.append(text, at);
}

}  // namespace winnow::reward
