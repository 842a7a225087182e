#include "cli/config/interpolate.h"

#include <cstddef>

#include "cli/config/yaml_tree.h"

namespace winnow::cli {
namespace {

constexpr size_t kMaxBytes = size_t{64} << 10;

bool IsVariableName(const std::string& name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (const char c : name) {
    const bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
    if (!is_letter && !(c >= '0' && c <= '9')) return false;
  }
  return true;
}

}  // namespace

std::string Interpolate(const std::string& text, const Environment& environment, std::string* out) {
  std::string result;
  for (size_t at = 0; at < text.size();) {
    if (text.compare(at, 3, "$${") == 0) {
      result += "${";
      at += 3;
      continue;
    }
    if (text.compare(at, 2, "${") != 0) {
      result += text[at++];
      continue;
    }
    const size_t end = text.find('}', at);
    if (end == std::string::npos) {
      return "must close ${ with }: " + Printable(text.substr(at));
    }
    const std::string inside = text.substr(at + 2, end - at - 2);
    const size_t mark = inside.find(":-");
    const std::string name = inside.substr(0, mark);
    if (!IsVariableName(name)) {
      return "must name an environment variable in ${}, keys cannot be referred to: ${" +
             Printable(inside) + "}";
    }
    const auto found = environment.find(name);
    if (found != environment.end()) {
      // The resolved file must hold it.
      if (!IsUtf8Text(found->second)) return "must be UTF-8 text: ${" + Printable(name) + "}";
      result += found->second;
    } else if (mark != std::string::npos) {
      result += inside.substr(mark + 2);
    } else {
      return "needs an environment variable that is not set: ${" + Printable(name) + "}";
    }
    if (result.size() > kMaxBytes) return "must be at most 64 KiB: ${" + Printable(inside) + "}";
    at = end + 1;
  }
  *out = std::move(result);
  return "";
}

}  // namespace winnow::cli
