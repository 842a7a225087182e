#include "reward/math/expression.h"

#include <array>

namespace winnow::reward::math {

NodePtr MakeNumber(const Rational& value) {
  auto node = std::make_shared<Node>();
  node->kind = Kind::kNumber;
  node->value = value;
  return node;
}

NodePtr MakeNode(Kind kind, std::vector<NodePtr> children, std::string name) {
  auto node = std::make_shared<Node>();
  node->kind = kind;
  node->children = std::move(children);
  node->name = std::move(name);
  return node;
}

bool IsSymbol(const NodePtr& node) { return node->kind == Kind::kSymbol; }

bool SameTree(const NodePtr& a, const NodePtr& b) {
  if (a == b) return true;
  if (a->kind != b->kind || a->name != b->name || a->value != b->value ||
      a->operators != b->operators || a->children.size() != b->children.size() ||
      a->open_left != b->open_left || a->open_right != b->open_right ||
      (a->digits == nullptr) != (b->digits == nullptr)) {
    return false;
  }
  if (a->digits != nullptr && !a->digits->SameValue(*b->digits)) return false;
  for (size_t i = 0; i < a->children.size(); ++i) {
    if (!SameTree(a->children[i], b->children[i])) return false;
  }
  return true;
}

std::string PlainText(std::string_view text) {
  constexpr std::array<std::string_view, 12> kFontCommands = {
      "\\text",   "\\textbf", "\\textit",       "\\textrm", "\\mathrm", "\\mathbf",
      "\\mathit", "\\mbox",   "\\operatorname", "\\left",   "\\right",  "\\displaystyle"};
  std::string plain;
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '\\') {
      size_t end = i + 1;
      while (end < text.size() && ((text[end] | 0x20) >= 'a' && (text[end] | 0x20) <= 'z')) ++end;
      const std::string_view command = text.substr(i, end - i);
      bool font = command.size() == 1;
      for (std::string_view known : kFontCommands) font |= command == known;
      if (!font) plain += command;
      i = command.size() == 1 ? i + 2 : end;
      continue;
    }
    const char c = text[i++];
    if (std::string_view(" \t\r\n{}()[]$").find(c) != std::string_view::npos) continue;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  while (!plain.empty() && plain.back() == '.') plain.pop_back();
  return plain;
}

}  // namespace winnow::reward::math
