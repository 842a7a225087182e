#include "cli/history_table.h"

#include <algorithm>
#include <vector>

namespace winnow::cli {
namespace {

constexpr size_t kMaxCell = 60;

bool IsTable(const Json& value) {
  return value.is_array() && !value.empty() &&
         std::all_of(value.begin(), value.end(), [](const Json& row) { return row.is_object(); });
}

// Bytes that start a character, for alignment.
size_t Width(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string Cell(const Json& value) {
  std::string text;
  if (value.is_string()) {
    text = value.get<std::string>();
  } else if (value.is_number_float()) {
    char buffer[32];
    std::snprintf(buffer, sizeof(buffer), "%.4g", value.get<double>());
    text = buffer;
  } else if (value.is_null()) {
    text = "-";
  } else {
    text = DumpJson(value);
  }
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() <= kMaxCell) return text;
  size_t end = kMaxCell;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string Pad(const std::string& text, size_t width) {
  return text + std::string(width - std::min(width, Width(text)), ' ');
}

std::string Table(const Json& rows) {
  std::vector<std::string> columns;
  for (const auto& [key, value] : rows.front().items()) columns.push_back(key);
  std::vector<std::vector<std::string>> cells = {columns};
  for (const Json& row : rows) {
    std::vector<std::string> line;
    for (const std::string& column : columns) {
      line.push_back(row.contains(column) ? Cell(row[column]) : "-");
    }
    cells.push_back(std::move(line));
  }
  std::string text;
  std::vector<size_t> widths(columns.size(), 0);
  for (const auto& line : cells) {
    for (size_t c = 0; c < line.size(); ++c) widths[c] = std::max(widths[c], Width(line[c]));
  }
  for (const auto& line : cells) {
    for (size_t c = 0; c < line.size(); ++c) {
      text += c + 1 < line.size() ? Pad(line[c], widths[c] + 2) : line[c];
    }
    text += "\n";
  }
  return text;
}

void AppendObject(const Json& object, const std::string& prefix, size_t width, std::string* out) {
  for (const auto& [key, value] : object.items()) {
    if (IsTable(value)) continue;
    if (value.is_object()) {
      AppendObject(value, prefix + key + ".", width, out);
    } else {
      *out += Pad(prefix + key, width) + "  " + Cell(value) + "\n";
    }
  }
}

size_t KeyWidth(const Json& object, size_t prefix) {
  size_t width = 0;
  for (const auto& [key, value] : object.items()) {
    width = std::max(
        width, value.is_object() ? KeyWidth(value, prefix + key.size() + 1) : prefix + key.size());
  }
  return width;
}

}  // namespace

std::string HistoryTable(const Json& json) {
  if (IsTable(json)) return Table(json);
  if (!json.is_object()) return DumpJson(json) + "\n";
  std::string text;
  AppendObject(json, "", KeyWidth(json, 0), &text);
  for (const auto& [key, value] : json.items()) {
    if (IsTable(value)) text += "\n" + key + "\n" + Table(value);
  }
  return text;
}

}  // namespace winnow::cli
