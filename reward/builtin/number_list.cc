#include "reward/builtin/answer_verifier.h"
#include "reward/builtin/entry.h"
#include "reward/number_literal.h"

namespace winnow::reward {
namespace {

// Inside of the last [...] if there is one, else of brackets or braces around the whole.
std::string_view ListText(std::string_view text) {
  text = TrimSpaces(text);
  const size_t close = text.rfind(']');
  if (close != std::string_view::npos) {
    const size_t open = text.rfind('[', close);
    if (open != std::string_view::npos) return text.substr(open + 1, close - open - 1);
  }
  if (text.size() >= 2 && ((text.front() == '(' && text.back() == ')') ||
                           (text.front() == '{' && text.back() == '}'))) {
    return text.substr(1, text.size() - 2);
  }
  return text;
}

std::string_view Unquoted(std::string_view item) {
  item = TrimSpaces(item);
  while (item.size() >= 2 && item.front() == item.back() &&
         (item.front() == '\'' || item.front() == '"' || item.front() == '`')) {
    item = TrimSpaces(item.substr(1, item.size() - 2));
  }
  return item;
}

// The numbers of a list; nullopt if an item is no number. "" is the empty list.
std::optional<std::vector<ExactNumber>> ReadList(std::string_view text) {
  std::vector<ExactNumber> numbers;
  std::string_view rest = TrimSpaces(ListText(text));
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const std::optional<NumberLiteral> number = ReadNumber(Unquoted(rest.substr(0, comma)));
    if (!number) return std::nullopt;
    numbers.push_back(number->value);
    if (comma == std::string_view::npos) break;
    rest = rest.substr(comma + 1);
    if (TrimSpaces(rest).empty()) return std::nullopt;
  }
  return numbers;
}

// Equal length and equal numbers in order, exactly.
class NumberList final : public AnswerVerifier {
 public:
  using AnswerVerifier::AnswerVerifier;

 private:
  Verdict Judge(const Sample& sample, std::string_view text) const override {
    std::optional<std::vector<ExactNumber>> reference;
    for (std::string_view candidate :
         ReferenceCandidates(sample.reference, options().extract, AnswerForm::kText)) {
      if (!reference) reference = ReadList(candidate);
    }
    if (!reference) return Verdict::Invalid("the reference is not a list of numbers");
    const std::optional<std::string_view> answer = ListAnswer(text);
    if (!answer) return NoAnswer();
    const std::optional<std::vector<ExactNumber>> given = ReadList(*answer);
    return Answered(given && SameNumbers(*given, *reference) ? 1.0 : 0.0);
  }

  // `auto` of this verifier ends with the last list in square brackets, then the last line.
  std::optional<std::string_view> ListAnswer(std::string_view text) const {
    std::optional<std::string_view> answer = Answer(text, AnswerForm::kLine);
    const bool unmarked = options().extract.kind == ExtractRule::Kind::kAuto && !LastBox(text) &&
                          !LastTag(text, "answer");
    if (!unmarked || (answer && ReadList(*answer) && !answer->empty())) return answer;
    const size_t close = text.rfind(']');
    const size_t open = close == std::string_view::npos ? close : text.rfind('[', close);
    if (open == std::string_view::npos || close - open >= kMaxAnswerBytes) return answer;
    return text.substr(open, close - open + 1);
  }

  static bool SameNumbers(const std::vector<ExactNumber>& a, const std::vector<ExactNumber>& b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
      if (!a[i].SameValue(b[i])) return false;
    }
    return true;
  }
};

Result<std::unique_ptr<Verifier>> Make(OptionReader& options) {
  return std::unique_ptr<Verifier>(
      std::make_unique<NumberList>(Traits{.name = "number_list"}, ReadAnswerOptions(options)));
}

}  // namespace

VerifierEntry NumberListEntry() {
  return {"number_list", "a list of equal length with equal numbers in order",
          WithAnswerOptions({}), Make};
}

}  // namespace winnow::reward
