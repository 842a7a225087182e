// Any byte string gives a config or messages, never a crash, and within a second.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "cli/config/yaml_tree.h"
#include "tests/cli/config/job_file.h"

namespace winnow::cli {
namespace {

const char* const kSeeds[] = {
    kBasis,
    "run: {name: x, seed: 7}\nmodel: &m {path: \"${A:-b}\", dtype: f32}\nlearner:\n  optim:\n    "
    "lr: "
    "1e-6\n    betas: [0.9, 0.99]\nfilter: {p_easy: 0.5}\n",
    "# comment\n---\nextends: other.yaml\nrollout:\n  stop: ['a', \"\\n\", |\n    block\n    text\n"
    "  ]\n  val_kwargs: {n: 4, top_p: 0.7}\nreward: {weights: {a: 1, b: 2}, verifier: compose}\n",
    "a: &a [1, 2, *b]\nb: &b {c: *a}\n<<: *a\n? x\n: y\n!!str z: 1\n",
    "rollout:\n  n: 4\n  stop: [a, 'b']\n  temperature: 0.5\ndata: {system_prompt: \"x y\"}\n",
    "reward: {reward_kwargs: {a: [1, {b: null}], c: 'text'}, no_answer: invalid}\n# end\n",
    "run:\n  project: some-name\n\nlearner: &l\n  shuffle: true\n  clip_ratio_c: null\n",
    "actor_rollout_ref: {actor: {optim: {lr: 1}}, rollout: {n: 8}}\nnum_generations: 8\nbeta: 1\n",
};

const char* const kPieces[] = {"{",
                               "}",
                               "[",
                               "]",
                               ": ",
                               "- ",
                               "\n",
                               "  ",
                               "&a ",
                               "*a",
                               "!!x ",
                               "|\n",
                               ">\n",
                               "'",
                               "\"",
                               "#",
                               "---\n",
                               "...\n",
                               "%YAML 1.2\n",
                               "? ",
                               "<<: ",
                               "\\x",
                               "${",
                               "}",
                               "null",
                               "~",
                               "\r",
                               "\xEF\xBB\xBF",
                               "\xff",
                               "0",
                               "999999999999999999999",
                               "-",
                               "extends: job.yaml\n",
                               ",",
                               "@",
                               "`"};

std::string Mutated(std::string text, std::mt19937* random) {
  const auto below = [&](size_t limit) { return (*random)() % std::max<size_t>(limit, 1); };
  const size_t edits = 1 + below(4);
  for (size_t i = 0; i < edits; ++i) {
    const size_t at = below(text.size() + 1);
    switch (below(5)) {
      case 0:
        text.insert(at, kPieces[below(std::size(kPieces))]);
        break;
      case 1:
        text.erase(at, below(12));
        break;
      case 2:
        text.insert(at, 1, static_cast<char>(below(256)));
        break;
      case 3:
        text.insert(at, text.substr(below(text.size() + 1), below(40)));
        break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(below(256));
    }
  }
  return text;
}

TEST(RobustnessTest, MutatedFilesGiveAConfigOrMessages) {
  // WINNOW_FUZZ_COUNT asks for another number of files, and other ones.
  const char* wish = std::getenv("WINNOW_FUZZ_COUNT");
  const size_t kCount = wish != nullptr ? std::stoul(wish) : 4000;
  std::mt19937 random(static_cast<unsigned>(kCount));
  JobFile job;
  size_t good = 0;
  for (size_t i = 0; i < kCount; ++i) {
    const std::string text = Mutated(kSeeds[i % std::size(kSeeds)], &random);
    SCOPED_TRACE(Printable(text, 500));
    const bool is_good = job.Load(text, i % 2 == 0 ? Purpose::kTrain : Purpose::kShow);
    ASSERT_EQ(is_good, job.messages.empty());
    ASSERT_LE(job.messages.size(), 21u);
    for (const std::string& message : job.messages) {
      ASSERT_EQ(message.find('\n'), std::string::npos);
      ASSERT_FALSE(message.empty());
    }
    if (!is_good) continue;
    ++good;
    const std::string resolved = job.config.ToResolvedYaml();
    ASSERT_TRUE(job.Load(resolved, Purpose::kShow)) << job.messages[0];
    ASSERT_EQ(job.config.ToResolvedYaml(), resolved);
  }
  EXPECT_GT(good, kCount / 100);
  EXPECT_LT(good, kCount);
}

TEST(RobustnessTest, MutatedArgumentsGiveAConfigOrMessages) {
  std::mt19937 random(8);
  JobFile job;
  for (size_t i = 0; i < 1000; ++i) {
    job.sets = {Mutated("rollout.val_kwargs={n: 4, top_p: 0.7}", &random)};
    job.environment = {
        {"WINNOW_CFG_" + Mutated("LEARNER__OPTIM__LR", &random), Mutated("[1e-6, ${A}]", &random)}};
    job.Load(kBasis);
    ASSERT_LE(job.messages.size(), 21u);
  }
}

TEST(RobustnessTest, LargeFilesAreDealtWithInASecond) {
  constexpr size_t kSize = YamlLimits::kMaxBytes;
  const auto repeated = [](const std::string& piece) {
    std::string text;
    while (text.size() + piece.size() <= kSize) text += piece;
    return text;
  };
  std::string wide = "rollout:\n";
  for (int i = 0; i < 4000; ++i) wide += "  n" + std::to_string(i) + ": 1\n";
  std::string references = "run: {project: '";
  for (int i = 0; i < 60'000; ++i) references += "${A:-}";
  references += "'}\n";
  const std::vector<std::string> texts = {repeated("["),
                                          repeated("{"),
                                          repeated("- "),
                                          repeated("a: "),
                                          repeated("? "),
                                          repeated("\n"),
                                          repeated("'"),
                                          repeated("\""),
                                          repeated("&a "),
                                          repeated("*a\n"),
                                          repeated("a\n"),
                                          repeated("[a, "),
                                          repeated("{a: "),
                                          repeated("a: b\n"),
                                          repeated("# x\n"),
                                          repeated("%Y\n"),
                                          repeated("|\n a\n"),
                                          repeated("\"\\n"),
                                          repeated("- [a, b]\n"),
                                          repeated("x"),
                                          "a: |\n" + repeated(" b\n").substr(0, kSize - 10),
                                          "a: " + repeated("b "),
                                          "rollout: {" + std::string(100'000, 'q') + ": 1}\n",
                                          wide,
                                          references};
  for (const std::string& text : texts) {
    JobFile job;
    const std::clock_t start = std::clock();
    job.Load(text, Purpose::kShow);
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    // Processor time, and ten times the promise, so that no slow machine or sanitizer fails; a
    // quadratic step would.
    EXPECT_LT(seconds, 10.0) << text.substr(0, 20);
    std::printf("%-12s %.3f s\n", Printable(text.substr(0, 8)).c_str(), seconds);
  }
}

}  // namespace
}  // namespace winnow::cli
