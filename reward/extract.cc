#include "reward/extract.h"

#include <algorithm>

#include "base/format.h"
#include "reward/formula_run.h"
#include "reward/number_literal.h"

namespace winnow::reward {
namespace {

using View = std::optional<std::string_view>;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool MatchesAt(std::string_view text, size_t at, std::string_view lower) {
  if (at + lower.size() > text.size()) return false;
  for (size_t i = 0; i < lower.size(); ++i) {
    if (Lower(text[at + i]) != lower[i]) return false;
  }
  return true;
}

// First and last position of `lower` in any case; npos if there is none.
size_t FindAnyCase(std::string_view text, std::string_view lower, size_t from) {
  for (size_t at = from; at + lower.size() <= text.size(); ++at) {
    if (MatchesAt(text, at, lower)) return at;
  }
  return std::string_view::npos;
}
size_t FindLastAnyCase(std::string_view text, std::string_view lower) {
  if (text.size() < lower.size()) return std::string_view::npos;
  for (size_t at = text.size() - lower.size() + 1; at-- > 0;) {
    if (MatchesAt(text, at, lower)) return at;
  }
  return std::string_view::npos;
}

View NonEmpty(std::string_view text) {
  text = TrimSpaces(text);
  return text.empty() ? View() : View(text);
}

// The first line of `text` that is not blank.
View FirstLine(std::string_view text) {
  text = TrimSpaces(text);
  return NonEmpty(text.substr(0, text.find('\n')));
}

View LastLine(std::string_view text) {
  text = TrimSpaces(text);
  const size_t end = text.rfind('\n');
  return NonEmpty(end == std::string_view::npos ? text : text.substr(end + 1));
}

View AfterLast(std::string_view text, std::string_view mark) {
  const size_t at = text.rfind(mark);
  if (mark.empty() || at == std::string_view::npos) return std::nullopt;
  return FirstLine(text.substr(at + mark.size()));
}

// Walks over the formulas of a text from left to right.
class FormulaScanner {
 public:
  explicit FormulaScanner(std::string_view text, size_t from = 0) : text_(text), at_(from) {}

  // The next formula's content; its place is begin(), the position of its opening mark.
  View Next() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\\' && at_ + 1 < text_.size()) {
        const char next = text_[at_ + 1];
        View span;
        if (next == '(') span = Delimited("\\(", "\\)", &no_round_);
        if (next == '[') span = Delimited("\\[", "\\]", &no_square_);
        if (span) return span;
        at_ += 2;  // \$ among others
      } else if (c == '$') {
        if (View span = Dollars()) return span;
      } else {
        ++at_;
      }
    }
    return std::nullopt;
  }
  size_t begin() const { return begin_; }

 private:
  View Delimited(std::string_view open, std::string_view close, bool* none_left) {
    if (*none_left) return std::nullopt;
    const size_t begin = at_ + open.size();
    const size_t end = text_.find(close, begin);
    if (end == std::string_view::npos) {
      *none_left = true;
      return std::nullopt;
    }
    return Found(begin, end, end + close.size());
  }
  View Dollars() {
    if (text_.substr(at_).starts_with("$$")) {
      View span = Delimited("$$", "$$", &no_double_);
      if (!span) at_ += 2;
      return span;
    }
    const size_t begin = at_ + 1;
    size_t end = begin;
    while (end < text_.size() && text_[end] != '$') {
      if (text_[end] == '\\') ++end;
      const bool blank_line = text_.substr(end).starts_with("\n\n");
      if (blank_line) break;
      ++end;
    }
    const bool closes = end < text_.size() && text_[end] == '$' && end > begin &&
                        !(end + 1 < text_.size() && IsDigit(text_[end + 1])) &&
                        (!IsSpace(text_[end - 1]) || IsSpace(text_[begin]));
    if (closes) return Found(begin, end, end + 1);
    at_ = std::max(begin, std::min(end, text_.size()));
    return std::nullopt;
  }
  View Found(size_t begin, size_t end, size_t next) {
    begin_ = at_;
    at_ = next;
    return TrimSpaces(text_.substr(begin, end - begin));
  }

  const std::string_view text_;
  size_t at_;
  size_t begin_ = 0;
  bool no_round_ = false, no_square_ = false, no_double_ = false;
};

bool HasDigit(std::string_view text) { return std::any_of(text.begin(), text.end(), IsDigit); }

// The text of `number`, or the formula of plain text around it that gives it another value: the 5
// of \sqrt{5} and of 3^5 is no answer. The formula starts at or after `from`.
std::string_view NumberOrFormula(std::string_view text, const NumberLiteral& number, size_t from) {
  while (true) {
    const View run = NextFormulaRun(text, from, {});
    if (!run) break;
    const size_t begin = static_cast<size_t>(run->data() - text.data());
    const size_t end = begin + run->size();
    if (begin > number.begin) break;
    const bool larger = end >= number.end && run->size() > number.end - number.begin;
    if (larger && run->find_first_of("\\^!") != std::string_view::npos) return *run;
    if (end > number.begin) break;
    from = std::max(end, from + 1);
  }
  return text.substr(number.begin, number.end - number.begin);
}

// Start of the line that holds `at`, or `at` itself if that is too far away.
size_t LineStart(std::string_view text, size_t at) {
  const size_t end = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  const size_t from = end == std::string_view::npos ? 0 : end + 1;
  return at - from > kMaxAnswerBytes ? at : from;
}

// Position behind the last word "answer", npos if there is none.
size_t EndOfAnswerWord(std::string_view text) {
  for (std::string_view rest = text;;) {
    const size_t at = FindLastAnyCase(rest, "answer");
    if (at == std::string_view::npos) return at;
    const size_t end = at + 6;
    const bool word =
        (at == 0 || !IsLetter(text[at - 1])) && (end >= text.size() || !IsLetter(text[end]));
    if (word) return end;
    rest = text.substr(0, end - 1);
  }
}

// Skips markup and `is : = - -> ,`; sets *separated if one of the latter was there.
size_t SkipSeparators(std::string_view text, size_t at, bool* separated) {
  *separated = false;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '*' || c == '_' || c == '#' || c == '`' || c == '"' || IsSpace(c)) {
      ++at;
    } else if (MatchesAt(text, at, "->")) {
      *separated = true;
      at += 2;
    } else if (c == ':' || c == '=' || c == ',') {
      *separated = true;
      ++at;
    } else if (c == '-' && at + 1 < text.size() && IsSpace(text[at + 1])) {
      *separated = true;
      ++at;
    } else if (MatchesAt(text, at, "is") && (at + 2 >= text.size() || !IsLetter(text[at + 2]))) {
      *separated = true;
      at += 2;
    } else {
      return at;
    }
  }
  return at;
}

// The rest of the line behind "answer is", without closing markup and stop.
View AnswerLine(std::string_view text, size_t at, bool separated) {
  if (!separated) return std::nullopt;
  View line = FirstLine(text.substr(at));
  if (!line) return line;
  std::string_view answer = *line;
  while (!answer.empty() && (answer.back() == '*' || answer.back() == '`' || answer.back() == '"' ||
                             answer.back() == '.')) {
    answer.remove_suffix(1);
  }
  return NonEmpty(answer);
}

View AfterAnswerWord(std::string_view text, AnswerForm form) {
  size_t at = EndOfAnswerWord(text);
  if (at == std::string_view::npos) return std::nullopt;
  bool separated = false;
  at = SkipSeparators(text, at, &separated);
  if (form == AnswerForm::kText || form == AnswerForm::kLine) {
    return AnswerLine(text, at, separated);
  }
  FormulaScanner formulas(text, at);
  View formula = formulas.Next();
  while (formula && (formula->empty() || (form == AnswerForm::kNumber && !HasDigit(*formula)))) {
    formula = formulas.Next();
  }
  const size_t formula_at = formula ? formulas.begin() : text.size();
  // What stands before the formula comes first.
  const std::string_view before = text.substr(0, formula_at);
  if (form == AnswerForm::kNumber) {
    const std::optional<NumberLiteral> number = NextNumber(before, at);
    return number ? NumberOrFormula(before, *number, at) : formula;
  }
  const View run = NextFormulaRun(before, at, {.commas = true, .relations = true});
  return run ? run : formula;
}

// The formula in plain text that holds the last number.
View ArithmeticAround(std::string_view text) {
  const std::optional<NumberLiteral> number = LastNumber(text);
  if (!number) return std::nullopt;
  size_t from = LineStart(text, number->begin);
  while (true) {
    const View run = NextFormulaRun(text, from, {});
    if (!run) break;
    const size_t begin = static_cast<size_t>(run->data() - text.data());
    const size_t end = begin + run->size();
    if (begin > number->begin) break;
    if (end >= number->end) return run;
    from = std::max(end, from + 1);
  }
  return text.substr(number->begin, number->end - number->begin);
}

// Nothing but a formula: one line whose one formula covers it.
bool IsBareFormula(std::string_view text) {
  text = TrimSpaces(text);
  if (text.empty() || text.size() > kMaxAnswerBytes || text.find('\n') != std::string_view::npos) {
    return false;
  }
  if (text.back() == '.') text.remove_suffix(1);
  const View run = NextFormulaRun(text, 0, {.commas = true, .relations = true});
  return run && run->size() == text.size();
}

View LastNumberText(std::string_view text) {
  const std::optional<NumberLiteral> number = LastNumber(text);
  if (!number) return std::nullopt;
  return text.substr(number->begin, number->end - number->begin);
}

View Marked(std::string_view text) {
  if (View box = LastBox(text)) return box;
  if (View tag = LastTag(text, "answer")) return tag;
  return AfterLast(text, "####");
}

View Unmarked(std::string_view text, AnswerForm form) {
  if (form == AnswerForm::kText) return NonEmpty(text);
  if (View formula = LastFormula(text, form == AnswerForm::kNumber)) return formula;
  switch (form) {
    case AnswerForm::kNumber: {
      const std::optional<NumberLiteral> number = LastNumber(text);
      if (!number) return std::nullopt;
      return NumberOrFormula(text, *number, LineStart(text, number->begin));
    }
    case AnswerForm::kMath:
      return IsBareFormula(text) ? NonEmpty(text) : ArithmeticAround(text);
    default:
      return LastLine(text);
  }
}

}  // namespace

std::string_view TrimSpaces(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

Result<ExtractRule> ParseExtractRule(std::string_view text) {
  using Kind = ExtractRule::Kind;
  if (text == "auto") return ExtractRule{Kind::kAuto, ""};
  if (text == "boxed") return ExtractRule{Kind::kBoxed, ""};
  if (text == "last_number") return ExtractRule{Kind::kLastNumber, ""};
  if (text == "whole") return ExtractRule{Kind::kWhole, ""};
  if (text.starts_with("tag:") && text.size() > 4) {
    return ExtractRule{Kind::kTag, std::string(text.substr(4))};
  }
  if (text.starts_with("after:") && text.size() > 6) {
    return ExtractRule{Kind::kAfter, std::string(text.substr(6))};
  }
  return InvalidArgument(Format(
      "reward.extract must be auto, boxed, tag:NAME, after:TEXT, last_number or whole: \"{}\"",
      text));
}

std::optional<std::string_view> CutThinking(std::string_view response, Thinking thinking) {
  const size_t close = FindLastAnyCase(response, "</think>");
  if (close != std::string_view::npos) {
    response = response.substr(close + 8);
  } else if (thinking == Thinking::kOpen) {
    return std::nullopt;
  }
  if (FindAnyCase(response, "<think>", 0) != std::string_view::npos) return std::nullopt;
  return response;
}

std::optional<std::string_view> LastBox(std::string_view text) {
  struct Brace {
    size_t content;
    bool box;
  };
  std::vector<Brace> open;
  View last;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\') {
      const std::string_view rest = text.substr(at);
      const size_t name = rest.starts_with("\\boxed") ? 6 : rest.starts_with("\\fbox") ? 5 : 0;
      size_t brace = at + name;
      while (name > 0 && brace < text.size() && text[brace] == ' ') ++brace;
      if (name > 0 && brace < text.size() && text[brace] == '{') {
        open.push_back({brace + 1, true});
        at = brace;
      } else {
        ++at;  // an escaped brace is no brace
      }
    } else if (c == '{') {
      open.push_back({at + 1, false});
    } else if (c == '}' && !open.empty()) {
      const Brace brace = open.back();
      open.pop_back();
      const std::string_view content = TrimSpaces(text.substr(brace.content, at - brace.content));
      // The last to open wins, so the inner one of nested boxes.
      if (brace.box && !content.empty() && (!last || content.data() > last->data())) {
        last = content;
      }
    }
  }
  return last;
}

std::optional<std::string_view> LastTag(std::string_view text, std::string_view name) {
  std::string open = "<";
  for (char c : name) open += Lower(c);
  const std::string close = "</" + open.substr(1) + ">";
  open += '>';
  const size_t begin = FindLastAnyCase(text, open);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(begin + open.size());
  return NonEmpty(rest.substr(0, FindAnyCase(rest, close, 0)));
}

std::optional<std::string_view> LastFormula(std::string_view text, bool needs_digit) {
  FormulaScanner scanner(text);
  View last;
  while (View formula = scanner.Next()) {
    if (!formula->empty() && (!needs_digit || HasDigit(*formula))) last = formula;
  }
  return last;
}

std::optional<std::string_view> ExtractAnswer(std::string_view text, const ExtractRule& rule,
                                              AnswerForm form) {
  switch (rule.kind) {
    case ExtractRule::Kind::kBoxed:
      return LastBox(text);
    case ExtractRule::Kind::kTag:
      return LastTag(text, rule.argument);
    case ExtractRule::Kind::kAfter:
      return AfterLast(text, rule.argument);
    case ExtractRule::Kind::kLastNumber:
      return LastNumberText(text);
    case ExtractRule::Kind::kWhole:
      return NonEmpty(text);
    case ExtractRule::Kind::kAuto:
      break;
  }
  if (View marked = Marked(text)) return marked;
  if (View answer = AfterAnswerWord(text, form)) return answer;
  return Unmarked(text, form);
}

std::vector<std::string_view> ReferenceCandidates(std::string_view reference,
                                                  const ExtractRule& rule, AnswerForm form) {
  std::vector<std::string_view> candidates;
  const auto add = [&](View view) {
    if (view) candidates.push_back(*view);
  };
  if (rule.kind != ExtractRule::Kind::kAuto) {
    add(ExtractAnswer(reference, rule, form));
    if (candidates.empty()) add(AfterLast(reference, "####"));
    if (candidates.empty()) add(NonEmpty(reference));
    return candidates;
  }
  add(Marked(reference));
  if (!candidates.empty()) return candidates;
  if (form != AnswerForm::kText) {
    add(AfterAnswerWord(reference, form));
    add(LastFormula(reference, form == AnswerForm::kNumber));
  }
  add(NonEmpty(reference));
  if (form == AnswerForm::kText) return candidates;
  if (form == AnswerForm::kLine) {
    add(LastLine(reference));
  } else if (candidates.size() == 1 && !IsBareFormula(reference)) {
    add(LastNumberText(reference));  // prose; the 1 of `2x + 1` is no reading of it
  }
  return candidates;
}

}  // namespace winnow::reward
