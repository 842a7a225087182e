#include "reward/math/words.h"

#include <algorithm>
#include <array>

namespace winnow::reward::math {
namespace {

template <size_t N>
bool Contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

bool IsFunction(std::string_view name) {
  static constexpr std::array<std::string_view, 17> kFunctions = {
      "sin",  "cos",  "tan",  "cot", "sec", "csc", "arcsin", "arccos", "arctan",
      "sinh", "cosh", "tanh", "exp", "ln",  "log", "asin",   "acos"};
  return Contains(kFunctions, name);
}

bool IsGreek(std::string_view name) {
  static constexpr std::array<std::string_view, 22> kGreek = {
      "alpha", "beta",  "gamma",  "delta", "epsilon", "varepsilon", "zeta", "eta",
      "theta", "kappa", "lambda", "mu",    "nu",      "xi",         "rho",  "sigma",
      "tau",   "phi",   "varphi", "chi",   "psi",     "omega"};
  return Contains(kGreek, name);
}

bool IsConjunction(std::string_view word) { return word == "and" || word == "or"; }

std::vector<std::string> SplitLetters(std::string_view word) {
  static constexpr std::array<std::string_view, 8> kWords = {"no", "on", "is", "in",
                                                             "to", "up", "of", "if"};
  // Letters that people use for variables; words of a language need others.
  constexpr std::string_view kVariables = "abcdkmnpqrstvwxyzABCDMNPQRSTXYZ";
  const bool variables = std::all_of(word.begin(), word.end(), [&](char c) {
    return kVariables.find(c) != std::string_view::npos;
  });
  if ((word.size() > 2 && !(variables && word.size() <= 4)) || Contains(kWords, word)) {
    return {std::string(word)};
  }
  std::vector<std::string> letters;
  for (char c : word) letters.emplace_back(1, c);
  return letters;
}

}  // namespace winnow::reward::math
