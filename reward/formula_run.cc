#include "reward/formula_run.h"

#include <algorithm>
#include <array>

namespace winnow::reward {
namespace {

constexpr size_t kMaxRunBytes = 4 << 10;
constexpr int kMaxDepth = 64;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsAny(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

// Mathematical characters beyond ASCII: minus, en dash, times, dot, division, pi, root, infinity,
// degree, powers, comparisons.
constexpr std::array<std::string_view, 16> kSymbols = {
    "\xE2\x88\x92", "\xE2\x80\x93", "\xC3\x97",     "\xC2\xB7",    "\xC3\xB7", "\xCF\x80",
    "\xE2\x88\x9A", "\xE2\x88\x9E", "\xC2\xB0",     "\xC2\xB2",    "\xC2\xB3", "\xE2\x89\xA4",
    "\xE2\x89\xA5", "\xE2\x88\xAA", "\xE2\x80\x8B", "\xE2\x81\xBB"};

size_t SymbolSize(std::string_view text, size_t at) {
  for (std::string_view symbol : kSymbols) {
    if (text.substr(at).starts_with(symbol)) return symbol.size();
  }
  return 0;
}

bool IsFunctionName(std::string_view word) {
  for (std::string_view name : {"sqrt", "pi", "sin", "cos", "tan", "log", "ln", "exp", "inf"}) {
    if (word == name) return true;
  }
  return false;
}

// One walk over a formula; Advance takes one token or says that the formula ends here.
class RunWalker {
 public:
  RunWalker(std::string_view text, size_t begin, const FormulaRunRules& rules)
      : text_(text), rules_(rules), at_(begin) {}

  // End of the formula that starts at `begin`.
  size_t Walk() {
    const size_t limit = std::min(text_.size(), at_ + kMaxRunBytes);
    size_t last_closed = at_;
    while (at_ < limit && Advance()) {
      if (depth_ == 0) last_closed = at_;
    }
    return last_closed;
  }

 private:
  char At(size_t offset) const { return at_ + offset < text_.size() ? text_[at_ + offset] : '\0'; }
  bool Advance() {
    const char c = text_[at_];
    if (c == ' ' || c == '\t') return AdvanceSpace();
    if (IsLetter(c)) return AdvanceWord();
    if (c == '\\') return AdvanceCommand();
    if (c == '.') return IsDigit(At(1)) ? Step(1, /*is_operator=*/false) : false;
    if (IsDigit(c)) return Step(1, false);
    if (IsAny(c, "([{")) return depth_ >= kMaxDepth ? false : (++depth_, Step(1, true));
    if (IsAny(c, ")]}")) return depth_ == 0 ? false : (--depth_, Step(1, false));
    if (c == ',' || c == ';') {
      const bool thousands = IsDigit(At(1)) && IsDigit(At(2)) && IsDigit(At(3)) && !IsDigit(At(4));
      return depth_ > 0 || rules_.commas || (c == ',' && thousands) ? Step(1, true) : false;
    }
    if (IsAny(c, "<>")) return rules_.relations || depth_ > 0 ? Step(1, true) : false;
    if (IsAny(c, "+-*/=^_")) return Step(1, true);
    if (IsAny(c, "%!'")) return Step(1, false);
    const size_t symbol = SymbolSize(text_, at_);
    return symbol == 0 ? false : Step(symbol, true);
  }
  bool Step(size_t size, bool is_operator) {
    at_ += size;
    after_operator_ = is_operator;
    return true;
  }
  bool AdvanceSpace() {
    size_t next = at_;
    while (next < text_.size() && (text_[next] == ' ' || text_[next] == '\t')) ++next;
    if (next >= text_.size()) return false;
    const bool before_operator = IsAny(text_[next], "+-*/=^\\)]}") ||
                                 (rules_.relations && IsAny(text_[next], "<>")) ||
                                 SymbolSize(text_, next) > 0;
    // "5 1/12": a mixed number, the only two operands that a space joins.
    const bool mixed =
        IsDigit(text_[next]) && at_ > 0 && IsDigit(text_[at_ - 1]) && MixedFractionAt(next);
    if (!after_operator_ && !before_operator && !mixed) return false;
    const bool was_operator = after_operator_;
    at_ = next;
    after_operator_ = was_operator;
    return true;
  }
  bool MixedFractionAt(size_t at) const {
    while (at < text_.size() && IsDigit(text_[at])) ++at;
    return at + 1 < text_.size() && text_[at] == '/' && IsDigit(text_[at + 1]);
  }
  bool AdvanceWord() {
    size_t end = at_;
    while (end < text_.size() && IsLetter(text_[end])) ++end;
    const std::string_view word = text_.substr(at_, end - at_);
    if (word.size() > 1 && !IsFunctionName(word))
      return in_braces_of_command_ && depth_ > 0 ? Step(word.size(), false) : false;
    return Step(word.size(), false);
  }
  bool AdvanceCommand() {
    size_t end = at_ + 1;
    while (end < text_.size() && IsLetter(text_[end])) ++end;
    if (end == at_ + 1) {
      if (!IsAny(At(1), "{},!%;: $")) return false;  // \( \) \[ \] end a formula
      if (At(1) == '{') ++depth_;
      if (At(1) == '}') {
        if (depth_ == 0) return false;
        --depth_;
      }
      return Step(2, At(1) != '%');
    }
    // A box that could be read has been read before.
    const std::string_view command = text_.substr(at_, end - at_);
    if (command == "\\boxed" || command == "\\fbox") return false;
    in_braces_of_command_ = true;
    return Step(end - at_, true);
  }

  const std::string_view text_;
  const FormulaRunRules rules_;
  size_t at_;
  int depth_ = 0;
  bool after_operator_ = true;
  bool in_braces_of_command_ = false;
};

bool MayStart(std::string_view text, size_t at) {
  const char c = text[at];
  if (at > 0 && (IsLetter(text[at - 1]) || text[at - 1] == '_') && (IsLetter(c) || IsDigit(c))) {
    return false;
  }
  if (IsDigit(c) || IsAny(c, "([{-+\\.")) return true;
  if (IsLetter(c)) return true;
  return SymbolSize(text, at) > 0;
}

bool HasContent(std::string_view run) {
  for (size_t i = 0; i < run.size(); ++i) {
    if (IsDigit(run[i])) return true;
    if (run[i] == '\\' && i + 1 < run.size() && IsLetter(run[i + 1])) return true;
  }
  return false;
}

std::string_view Tidy(std::string_view run) {
  while (!run.empty() && IsAny(run.back(), " \t+-*/=^_,;!<>'")) run.remove_suffix(1);
  while (!run.empty() && IsAny(run.front(), " \t*/=^_,;!'")) run.remove_prefix(1);
  return run;
}

}  // namespace

size_t SkipLineMarks(std::string_view text, size_t at) {
  for (int marks = 0; marks < 4; ++marks) {
    size_t next = at;
    while (next < text.size() && (text[next] == ' ' || text[next] == '\t')) ++next;
    if (next + 1 < text.size() && IsAny(text[next], ">-*+") && text[next + 1] == ' ') {
      at = next + 2;
    } else {
      return next;
    }
  }
  return at;
}

std::optional<std::string_view> NextFormulaRun(std::string_view text, size_t from,
                                               const FormulaRunRules& rules) {
  size_t at = from;
  if (at == 0 || (at < text.size() && text[at - 1] == '\n')) at = SkipLineMarks(text, at);
  while (at < text.size()) {
    if (text[at] == '\n') {
      at = SkipLineMarks(text, at + 1);
      continue;
    }
    if (!MayStart(text, at)) {
      ++at;
      continue;
    }
    const size_t end = RunWalker(text, at, rules).Walk();
    const std::string_view run = Tidy(text.substr(at, end - at));
    // A detached minus of prose ("the value - 7") is no sign; at a line's start it is a mark.
    if (HasContent(run)) {
      const bool detached = run.size() > 1 && IsAny(run.front(), "-+") && run[1] == ' ';
      return detached ? Tidy(run.substr(1)) : run;
    }
    if (end > at) {
      at = end;
    } else {
      ++at;
      while (at < text.size() && IsLetter(text[at]) && IsLetter(text[at - 1])) ++at;
    }
  }
  return std::nullopt;
}

}  // namespace winnow::reward
