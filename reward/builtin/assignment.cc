#include <map>

#include "reward/builtin/answer_verifier.h"
#include "reward/builtin/entry.h"
#include "reward/builtin/row_fields.h"

namespace winnow::reward {
namespace {

// Words of a text: runs of letters, digits and bytes beyond ASCII, A-Z lowered.
std::vector<std::string> WordsOf(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (size_t i = 0; i <= text.size(); ++i) {
    const unsigned char c = i < text.size() ? static_cast<unsigned char>(text[i]) : ' ';
    if (c >= 'A' && c <= 'Z') {
      word += static_cast<char>(c - 'A' + 'a');
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80) {
      word += static_cast<char>(c);
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  return words;
}

struct Puzzle {
  std::vector<std::vector<std::string>> names;  // words of each
  std::vector<bool> solution;                   // true: the knight's role
  std::vector<std::string> knight, knave;       // words of the two roles
};

bool StartsAt(const std::vector<std::string>& words, size_t at,
              const std::vector<std::string>& token) {
  if (at + token.size() > words.size()) return false;
  return std::equal(token.begin(), token.end(), words.begin() + static_cast<std::ptrdiff_t>(at));
}

bool IsLink(const std::string& word) {
  return word == "is" || word == "a" || word == "an" || word == "the" || word == "was";
}

// Names with roles in any order: each name is followed by its role, with only "is a", "an", "the"
// and punctuation between. Every name needs exactly one role; two that differ are no answer.
class Assignment final : public AnswerVerifier {
 public:
  using AnswerVerifier::AnswerVerifier;

 private:
  Verdict Judge(const Sample& sample, std::string_view text) const override {
    const std::optional<Puzzle> puzzle = ReadPuzzle(sample.extra_json);
    if (!puzzle) {
      return Verdict::Invalid("the row has no metadata.{names, solution, knight, knave}");
    }
    const std::optional<std::string_view> answer = Answer(text, AnswerForm::kText);
    if (!answer) return NoAnswer();
    const std::optional<std::map<size_t, bool>> roles = ReadRoles(*puzzle, *answer);
    if (!roles || roles->empty()) return NoAnswer();
    bool right = roles->size() == puzzle->names.size();
    for (const auto& [person, knight] : *roles) right &= knight == puzzle->solution[person];
    return Answered(right ? 1.0 : 0.0);
  }

  // Person to "is a knight"; nullopt if someone has both roles.
  static std::optional<std::map<size_t, bool>> ReadRoles(const Puzzle& puzzle,
                                                         std::string_view answer) {
    const std::vector<std::string> words = WordsOf(answer);
    std::map<size_t, bool> roles;
    for (size_t at = 0; at < words.size(); ++at) {
      for (size_t person = 0; person < puzzle.names.size(); ++person) {
        if (!StartsAt(words, at, puzzle.names[person])) continue;
        size_t role = at + puzzle.names[person].size();
        while (role < words.size() && IsLink(words[role])) ++role;
        const bool knight = StartsAt(words, role, puzzle.knight);
        if (!knight && !StartsAt(words, role, puzzle.knave)) continue;
        const auto [it, inserted] = roles.emplace(person, knight);
        if (!inserted && it->second != knight) return std::nullopt;
      }
    }
    return roles;
  }

  static std::optional<Puzzle> ReadPuzzle(std::string_view extra_json) {
    const nlohmann::json row = ParseRow(extra_json);
    const auto names = FieldOf(row, "metadata.names");
    const auto solution = FieldOf(row, "metadata.solution");
    const auto knight = FieldOf(row, "metadata.knight");
    const auto knave = FieldOf(row, "metadata.knave");
    if (!names || !solution || !knight || !knave || !names->is_array() || !solution->is_array() ||
        names->size() != solution->size() || names->empty() || names->size() > 64 ||
        !knight->is_string() || !knave->is_string()) {
      return std::nullopt;
    }
    Puzzle puzzle;
    for (size_t i = 0; i < names->size(); ++i) {
      if (!(*names)[i].is_string() || !(*solution)[i].is_boolean()) return std::nullopt;
      puzzle.names.push_back(WordsOf((*names)[i].get<std::string>()));
      puzzle.solution.push_back((*solution)[i].get<bool>());
      if (puzzle.names.back().empty()) return std::nullopt;
    }
    puzzle.knight = WordsOf(knight->get<std::string>());
    puzzle.knave = WordsOf(knave->get<std::string>());
    if (puzzle.knight.empty() || puzzle.knave.empty()) return std::nullopt;
    return puzzle;
  }
};

Result<std::unique_ptr<Verifier>> Make(OptionReader& options) {
  return std::unique_ptr<Verifier>(std::make_unique<Assignment>(
      Traits{.name = "assignment", .needs_reference = false}, ReadAnswerOptions(options)));
}

}  // namespace

VerifierEntry AssignmentEntry() {
  return {"assignment", "names with the roles of metadata.{names, solution, knight, knave}",
          WithAnswerOptions({}), Make};
}

}  // namespace winnow::reward
