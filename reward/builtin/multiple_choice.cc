#include <set>

#include "reward/builtin/answer_verifier.h"
#include "reward/builtin/entry.h"
#include "reward/builtin/row_fields.h"

namespace winnow::reward {
namespace {

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsLetter(char c) { return IsUpper(c) || (c >= 'a' && c <= 'z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// LaTeX text commands, markup and outer brackets removed, white space joined, A-Z lowered.
std::string Plain(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      while (i + 1 < text.size() && IsLetter(text[i + 1])) ++i;
      continue;
    }
    const char c = text[i];
    if (c == '{' || c == '}' || c == '$' || c == '*' || c == '`' || c == '"') continue;
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (space) {
      if (!plain.empty() && plain.back() != ' ') plain += ' ';
    } else {
      plain += c;
    }
  }
  while (!plain.empty() && (plain.back() == ' ' || plain.back() == '.')) plain.pop_back();
  return plain;
}

std::string Lowered(std::string text) {
  for (char& c : text) {
    if (IsUpper(c)) c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// The choices of a row: letters A, B, … and the text of each, if known.
using Choices = std::vector<std::string>;

// Letters that stand alone as "(B)".
std::set<char> BracketedLetters(std::string_view text) {
  std::set<char> letters;
  for (size_t i = 0; i + 2 < text.size(); ++i) {
    if (text[i] == '(' && IsUpper(text[i + 1]) && text[i + 2] == ')') letters.insert(text[i + 1]);
  }
  return letters;
}

// The one letter that a short answer names: `B`, `b`, `(B)`, `B.`, `B) Paris`, `B: Paris`,
// `option B`; 0 if it names none or several.
char LetterOf(std::string_view answer) {
  std::string plain = Plain(answer);
  for (std::string_view word : {"option ", "choice "}) {
    if (Lowered(plain).starts_with(word)) plain = plain.substr(word.size());
  }
  const std::set<char> bracketed = BracketedLetters(plain);
  if (bracketed.size() == 1) return *bracketed.begin();
  if (bracketed.size() > 1 || plain.empty()) return 0;
  if (plain.size() == 3 && plain[0] == '(' && IsLetter(plain[1]) && plain[2] == ')') {
    plain = plain.substr(1, 1);
  }
  if (!IsLetter(plain[0])) return 0;
  const char letter = static_cast<char>(plain[0] & ~0x20);
  if (plain.size() == 1) return letter;
  const bool labels = plain[1] == ')' || plain[1] == '.' || plain[1] == ':';
  return labels && (plain.size() == 2 || plain[2] == ' ') ? letter : 0;
}

// Does `text` hold `needle` (lowered) between characters that are no letters or digits?
bool HoldsPhrase(const std::string& text, const std::string& needle) {
  const auto is_word = [](char c) { return IsLetter(c) || IsDigit(c); };
  for (size_t at = text.find(needle); at != std::string::npos; at = text.find(needle, at + 1)) {
    const size_t end = at + needle.size();
    if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) {
      return true;
    }
  }
  return false;
}

// The choice whose text `answer` holds, if exactly one is; 0 otherwise.
char ChoiceInText(const Choices& choices, std::string_view answer) {
  const std::string text = Lowered(Plain(answer));
  char found = 0;
  for (size_t i = 0; i < choices.size(); ++i) {
    if (choices[i].empty() || !HoldsPhrase(text, choices[i])) continue;
    if (found != 0) return 0;
    found = static_cast<char>('A' + i);
  }
  return found;
}

// The text of `answer` is that of one choice.
char ChoiceByText(const Choices& choices, std::string_view answer) {
  const std::string text = Lowered(Plain(answer));
  for (size_t i = 0; i < choices.size(); ++i) {
    if (!choices[i].empty() && choices[i] == text) return static_cast<char>('A' + i);
  }
  return 0;
}

// Letter from a box, a tag, after "answer is" or as "(B)"; else the text of exactly one choice.
// Two letters are no answer.
class MultipleChoice final : public AnswerVerifier {
 public:
  MultipleChoice(Traits traits, AnswerOptions options, std::string choices_key)
      : AnswerVerifier(std::move(traits), std::move(options)),
        choices_key_(std::move(choices_key)) {}

 private:
  Verdict Judge(const Sample& sample, std::string_view text) const override {
    const Choices choices = ReadChoices(sample.extra_json);
    const char right = ReadReference(sample.reference, choices);
    if (right == 0) return Verdict::Invalid("the reference is neither a letter nor a choice");
    const char given = ReadAnswer(text, choices);
    if (given == 0) return NoAnswer();
    return Answered(given == right ? 1.0 : 0.0);
  }

  char ReadReference(std::string_view reference, const Choices& choices) const {
    for (std::string_view candidate :
         ReferenceCandidates(reference, options().extract, AnswerForm::kText)) {
      if (const char letter = LetterOf(candidate)) {
        if (choices.empty() || letter < static_cast<char>('A' + choices.size())) return letter;
      }
      if (const char letter = ChoiceByText(choices, candidate)) return letter;
    }
    return 0;
  }

  char ReadAnswer(std::string_view text, const Choices& choices) const {
    const std::optional<std::string_view> answer = Answer(text, AnswerForm::kText);
    if (!answer) return 0;
    const bool whole = answer->size() == TrimSpaces(text).size();
    if (!whole || options().extract.kind == ExtractRule::Kind::kWhole) {
      return ReadMarked(*answer, choices);
    }
    if (const char letter = LetterOf(*answer)) return letter;
    if (!BracketedLetters(*answer).empty()) return 0;  // several
    return ChoiceInText(choices, *answer);
  }

  // An answer out of a box, a tag or a sentence "the answer is …".
  static char ReadMarked(std::string_view answer, const Choices& choices) {
    if (const char choice = ChoiceByText(choices, answer)) return choice;
    if (const char letter = LetterOf(answer)) return letter;
    if (!BracketedLetters(answer).empty()) return 0;
    const char first = FirstOfSentence(answer);
    return first != 0 ? first : ChoiceInText(choices, answer);
  }

  // "B, since …" and "B because …": one upper-case letter that no second one follows.
  static char FirstOfSentence(std::string_view answer) {
    const std::string plain = Plain(answer);
    const auto alone = [&](size_t i) {
      return IsUpper(plain[i]) && (i == 0 || !(IsLetter(plain[i - 1]) || IsDigit(plain[i - 1]))) &&
             (i + 1 >= plain.size() ||
              !(IsLetter(plain[i + 1]) || IsDigit(plain[i + 1]) || plain[i + 1] == '\''));
    };
    if (plain.empty() || !alone(0)) return 0;
    std::set<char> letters;
    for (size_t i = 0; i < plain.size(); ++i) {
      // "A" and "I" are words too; they count as letters only at the front.
      if (alone(i) && (i == 0 || (plain[i] != 'I' && plain[i] != 'A'))) letters.insert(plain[i]);
    }
    return letters.size() == 1 ? *letters.begin() : 0;
  }

  // A list of texts, {"text": […], "label": […]}, or an object of letters to texts.
  Choices ReadChoices(std::string_view extra_json) const {
    Choices choices;
    const auto field = FieldOf(ParseRow(extra_json), choices_key_);
    if (!field) return choices;
    nlohmann::json list = *field;
    if (list.is_object() && list.contains("text")) list = nlohmann::json(list["text"]);
    if (!list.is_array() && !list.is_object()) return choices;
    for (const auto& item : list) {
      if (choices.size() == 26) break;
      choices.push_back(Lowered(Plain(item.is_string() ? item.get<std::string>() : item.dump())));
    }
    return choices;
  }

  const std::string choices_key_;
};

Result<std::unique_ptr<Verifier>> Make(OptionReader& options) {
  return std::unique_ptr<Verifier>(std::make_unique<MultipleChoice>(
      Traits{.name = "multiple_choice"}, ReadAnswerOptions(options), options.Text("choices")));
}

}  // namespace

VerifierEntry MultipleChoiceEntry() {
  return {"multiple_choice", "the letter of one choice, or its text",
          WithAnswerOptions({{"choices", "choices", "column of the choices' texts"}}), Make};
}

}  // namespace winnow::reward
