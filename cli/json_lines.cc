#include "cli/json_lines.h"

#include <cstdio>
#include <iostream>

#include "base/file.h"
#include "base/format.h"

namespace winnow::cli {
namespace {

std::string Shorten(std::string_view text) {
  return std::string(text.substr(0, 60)) + (text.size() > 60 ? "…" : "");
}

}  // namespace

std::string DumpJson(const Json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

void PrintJsonLine(const Json& json) {
  const std::string text = DumpJson(json) + "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

Status ForEachJsonLine(const std::string& input,
                       const std::function<Status(const Json&, const std::string&)>& line) {
  const std::string name = input == "-" ? "stdin" : input;
  const auto handle = [&](std::string_view text, size_t number) -> Status {
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) return OkStatus();
    const std::string origin = Format("{}:{}", name, number);
    const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) {
      return InvalidArgument(Format("{}: a line must be a JSON object: {}", origin, Shorten(text)));
    }
    return line(json, origin).WithPrefix(origin);
  };
  if (input != "-") {
    const Status status = ForEachLine(input, handle);
    return status.code() == StatusCode::kNotFound ? status.WithPrefix("cannot be read") : status;
  }
  std::string text;
  for (size_t number = 1; std::getline(std::cin, text); ++number) {
    WINNOW_RETURN_IF_ERROR(handle(text, number));
  }
  return OkStatus();
}

Result<std::string> StringField(const Json& line, const std::string& name) {
  const auto field = line.find(name);
  if (field == line.end() || !field->is_string()) {
    return InvalidArgument(Format("\"{}\" must be a string: {}", name,
                                  field == line.end() ? "(missing)" : Shorten(DumpJson(*field))));
  }
  return field->get<std::string>();
}

Result<std::vector<int32_t>> IdsField(const Json& line, const std::string& name,
                                      size_t vocab_size) {
  const auto field = line.find(name);
  if (field == line.end() || !field->is_array() || field->empty()) {
    return InvalidArgument(Format("\"{}\" must be a list of token ids, at least one: {}", name,
                                  field == line.end() ? "(missing)" : Shorten(DumpJson(*field))));
  }
  std::vector<int32_t> ids;
  for (const Json& id : *field) {
    if (!id.is_number_integer() || id.get<int64_t>() < 0 ||
        id.get<int64_t>() >= static_cast<int64_t>(vocab_size)) {
      return InvalidArgument(Format("\"{}\" must hold token ids from 0 to {}: {}", name,
                                    vocab_size - 1, Shorten(DumpJson(id))));
    }
    ids.push_back(id.get<int32_t>());
  }
  return ids;
}

}  // namespace winnow::cli
