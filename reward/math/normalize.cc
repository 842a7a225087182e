#include "reward/math/normalize.h"

#include <array>
#include <utility>

namespace winnow::reward::math {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

using Replacement = std::pair<std::string_view, std::string_view>;

// UTF-8 signs and what they mean.
constexpr std::array<Replacement, 52> kSigns = {{
    {"\xE2\x88\x92", "-"},
    {"\xE2\x80\x93", "-"},
    {"\xEF\xBC\x8D", "-"},
    {"\xC3\x97", "\\times "},
    {"\xC2\xB7", "\\cdot "},
    {"\xE2\x8B\x85", "\\cdot "},
    {"\xE2\x88\x97", "\\cdot "},
    {"\xC3\xB7", "\\div "},
    {"\xCF\x80", "\\pi "},
    {"\xE2\x88\x9E", "\\infty "},
    {"\xC2\xB0", "^\\circ "},
    {"\xE2\x89\xA4", "\\le "},
    {"\xE2\x89\xA5", "\\ge "},
    {"\xE2\x89\xA0", "\\ne "},
    {"\xE2\x89\x88", "\\approx "},
    {"\xE2\x88\xAA", "\\cup "},
    {"\xE2\x88\xA9", "\\cap "},
    {"\xE2\x88\x88", "\\in "},
    {"\xE2\x88\x85", "\\emptyset "},
    {"\xC2\xB1", "\\pm "},
    {"\xC2\xB9", "^{1}"},
    {"\xC2\xB2", "^{2}"},
    {"\xC2\xB3", "^{3}"},
    {"\xE2\x81\xB4", "^{4}"},
    {"\xE2\x81\xB5", "^{5}"},
    {"\xE2\x81\xB6", "^{6}"},
    {"\xC2\xBD", "\\frac{1}{2}"},
    {"\xC2\xBC", "\\frac{1}{4}"},
    {"\xC2\xBE", "\\frac{3}{4}"},
    {"\xE2\x85\x93", "\\frac{1}{3}"},
    {"\xE2\x85\x94", "\\frac{2}{3}"},
    {"\xE2\x80\x8B", ""},
    {"\xE2\x80\x8C", ""},
    {"\xE2\x80\x8D", ""},
    {"\xEF\xBB\xBF", ""},
    {"\xE2\x81\xA0", ""},
    {"\xC2\xA0", " "},
    {"\xE2\x80\xAF", "\\,"},
    {"\xE2\x80\x89", "\\,"},
    {"\xE3\x80\x82", ""},
    {"\xEF\xBC\x8C", ","},
    {"\xEF\xBC\x9D", "="},
    {"\xEF\xBC\x88", "("},
    {"\xEF\xBC\x89", ")"},
    {"\xCE\xB8", "\\theta "},
    {"\xCE\xB1", "\\alpha "},
    {"\xCE\xB2", "\\beta "},
    {"\xE2\x82\xAC", ""},
    {"\xC2\xA3", ""},
    {"\xE2\x88\xB6", ":"},
    {"\xE2\x80\xB2", "'"},
    {"\xE2\x88\x9A", "\\sqrt "},
}};

// Commands that only change looks. The second names what stands for them.
constexpr std::array<Replacement, 52> kLooks = {{
    {"\\left", ""},
    {"\\right", ""},
    {"\\big", ""},
    {"\\Big", ""},
    {"\\bigg", ""},
    {"\\Bigg", ""},
    {"\\bigl", ""},
    {"\\bigr", ""},
    {"\\Bigl", ""},
    {"\\Bigr", ""},
    {"\\biggl", ""},
    {"\\biggr", ""},
    {"\\displaystyle", ""},
    {"\\textstyle", ""},
    {"\\limits", ""},
    {"\\quad", " "},
    {"\\qquad", " "},
    {"\\dfrac", "\\frac"},
    {"\\tfrac", "\\frac"},
    {"\\cfrac", "\\frac"},
    {"\\dbinom", "\\binom"},
    {"\\tbinom", "\\binom"},
    {"\\leq", "\\le"},
    {"\\leqslant", "\\le"},
    {"\\geq", "\\ge"},
    {"\\geqslant", "\\ge"},
    {"\\neq", "\\ne"},
    {"\\degree", "^\\circ"},
    {"\\degrees", "^\\circ"},
    {"\\lt", "<"},
    {"\\gt", ">"},
    {"\\varnothing", "\\emptyset"},
    {"\\lvert", "|"},
    {"\\rvert", "|"},
    {"\\vert", "|"},
    {"\\lbrace", "\\{"},
    {"\\rbrace", "\\}"},
    {"\\lbrack", "["},
    {"\\rbrack", "]"},
    {"\\textrm", "\\text"},
    {"\\textbf", "\\text"},
    {"\\textit", "\\text"},
    {"\\mathrm", "\\text"},
    {"\\mbox", "\\text"},
    {"\\operatorname", "\\text"},
    {"\\textnormal", "\\text"},
    {"\\mathit", "\\text"},
    {"\\simeq", "\\approx"},
    {"\\lg", "\\log"},
    {"\\boxed", ""},
    {"\\fbox", ""},
    {"\\mathbf", "\\text"},
}};

size_t SkipGroup(std::string_view text, size_t at) {
  while (at < text.size() && text[at] == ' ') ++at;
  if (at >= text.size() || text[at] != '{') return at;
  int depth = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '{') ++depth;
    if (text[at] == '}' && --depth == 0) return at + 1;
  }
  return at;
}

// Copies one command to `out`; returns the position behind it.
size_t CopyCommand(std::string_view text, size_t at, std::string& out) {
  size_t end = at + 1;
  while (end < text.size() && IsLetter(text[end])) ++end;
  if (end == at + 1) {
    const char next = end < text.size() ? text[end] : ' ';
    if (next == '!') {
      // The comma of 1,\!234 separates thousands.
      if (!out.empty() && out.back() == ',') out.replace(out.size() - 1, 1, "{,}");
    } else if (next == ',' || next == ' ') {
      out += "\\,";
    } else if (next == ';' || next == ':' || next == '~') {
      out += ' ';
    } else if (next != '$' && next != '(' && next != ')') {
      out += text.substr(at, 2);
    }
    return std::min(end + 1, text.size());
  }
  const std::string_view command = text.substr(at, end - at);
  if (command == "\\color") return SkipGroup(text, end);
  if (command == "\\textcolor") return SkipGroup(text, end);
  for (const auto& [look, meaning] : kLooks) {
    if (command != look) continue;
    out += meaning;
    if (!meaning.empty() && IsLetter(meaning.back()) && end < text.size() && IsLetter(text[end])) {
      out += ' ';
    }
    return end;
  }
  out += command;
  return end;
}

// Thin spaces between three-digit groups vanish (2\,050\,721, 4 061), others become blanks.
std::string JoinThousands(std::string_view text) {
  std::string joined;
  size_t last_group = 0;  // where the last joined group begins
  for (size_t at = 0; at < text.size();) {
    const bool thin = text.substr(at).starts_with("\\,");
    const size_t gap = thin ? 2 : text[at] == ' ' ? 1 : 0;
    if (gap == 0) {
      joined += text[at++];
      continue;
    }
    size_t digits_before = 0;
    while (digits_before < joined.size() && IsDigit(joined[joined.size() - 1 - digits_before])) {
      ++digits_before;
    }
    size_t digits_after = 0;
    while (at + gap + digits_after < text.size() && IsDigit(text[at + gap + digits_after])) {
      ++digits_after;
    }
    const bool decimals =
        digits_before < joined.size() && joined[joined.size() - 1 - digits_before] == '.';
    const bool fraction =
        at + gap + digits_after < text.size() && text[at + gap + digits_after] == '/';
    const bool behind_group = last_group > 0 && joined.size() - last_group == 3;
    const bool group = digits_before >= 1 && (digits_before <= 3 || behind_group) &&
                       digits_after == 3 && !decimals && !fraction;
    if (group) {
      last_group = joined.size();
    } else {
      joined += ' ';
    }
    at += gap;
  }
  return joined;
}

}  // namespace

std::string Normalize(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '\\') {
      at = CopyCommand(text, at, out);
      continue;
    }
    if (static_cast<unsigned char>(c) >= 0x80) {
      bool known = false;
      for (const auto& [sign, meaning] : kSigns) {
        if (!text.substr(at).starts_with(sign)) continue;
        out += meaning;
        at += sign.size();
        known = true;
        break;
      }
      if (known) continue;
    }
    if (c == '\n' || c == '\t' || c == '\r' || c == '~') {
      out += ' ';
    } else if (c != '$') {
      out += c;
    }
    ++at;
  }
  std::string joined = JoinThousands(out);
  while (!joined.empty() &&
         (joined.back() == ' ' || joined.back() == '.' || joined.back() == ',')) {
    joined.pop_back();
  }
  joined.erase(0, joined.find_first_not_of(' '));
  return joined;
}

}  // namespace winnow::reward::math
