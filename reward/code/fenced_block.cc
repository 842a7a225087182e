#include "reward/code/fenced_block.h"

#include <algorithm>

namespace winnow::reward {
namespace {

constexpr std::string_view kSpaces = " \t\r";

struct Fence {
  char mark;
  size_t length, indent;
  bool is_bare;  // nothing stands behind it: it may close a block
};

std::optional<Fence> ReadFence(std::string_view line) {
  const size_t indent = line.find_first_not_of(kSpaces);
  if (indent == std::string_view::npos) return std::nullopt;
  const char mark = line[indent];
  if (mark != '`' && mark != '~') return std::nullopt;
  const size_t end = std::min(line.find_first_not_of(mark, indent), line.size());
  if (end - indent < 3) return std::nullopt;
  const std::string_view rest = line.substr(end);
  if (mark == '`' && rest.find('`') != std::string_view::npos) return std::nullopt;  // inline code
  return Fence{mark, end - indent, indent,
               rest.find_first_not_of(kSpaces) == std::string_view::npos};
}

// Takes the next line, without its end, off the front of `text`.
std::string_view TakeLine(std::string_view* text) {
  const size_t end = std::min(text->find('\n'), text->size());
  std::string_view line = text->substr(0, end);
  text->remove_prefix(std::min(end + 1, text->size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view WithoutIndent(std::string_view line, size_t indent) {
  const size_t own = std::min(line.find_first_not_of(" \t"), line.size());
  return line.substr(std::min(own, indent));
}

}  // namespace

std::optional<std::string> LastFencedBlock(std::string_view text) {
  std::optional<std::string> last;
  std::optional<Fence> open;
  while (!text.empty()) {
    const std::string_view line = TakeLine(&text);
    const std::optional<Fence> fence = ReadFence(line);
    if (!open && fence) {
      open = fence;
      last.emplace();
    } else if (open && fence && fence->is_bare && fence->mark == open->mark &&
               fence->length >= open->length) {
      open.reset();
    } else if (open) {
      last->append(WithoutIndent(line, open->indent)).push_back('\n');
    }
  }
  if (last && last->find_first_not_of(" \t\r\n") == std::string::npos) return std::nullopt;
  return last;
}

}  // namespace winnow::reward
