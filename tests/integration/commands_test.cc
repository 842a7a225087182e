#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "tests/integration/job_fixture.h"

namespace winnow {
namespace {

using Json = nlohmann::json;
using testing_support::ProgramResult;
using testing_support::RunProgram;

std::vector<Json> Lines(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
  return lines;
}

// The contracts that scripts rely on (docs/formats/cli.md).
class CommandsTest : public testing_support::JobFixture {
 protected:
  CommandsTest() : JobFixture("commands") {}
  std::string model() const { return folder_ + "/model"; }
};

TEST_F(CommandsTest, TokenizeAddsNothingAndShowsSpecialTokens) {
  const ProgramResult result =
      RunProgram({WINNOW_BINARY, "tokenize", "--model", model()},
                 "{\"text\":\"ab\",\"other\":1}\n\n{\"text\":\"a<|endoftext|>\"}\n");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto lines = Lines(result.out);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], Json({{"ids", {98, 99}}, {"decoded", "ab"}}));
  EXPECT_EQ(lines[1]["ids"], Json({98, 0}));
  EXPECT_EQ(lines[1]["decoded"], "a<|endoftext|>");
}

TEST_F(CommandsTest, TokenizeRendersChatsOrSaysTheTemplatesError) {
  const std::string file = folder_ + "/chat.jinja";
  ASSERT_TRUE(
      WriteFileAtomically(file,
                          "{% if messages|length > 1 %}{{ raise_exception('one only') }}{% endif %}"
                          "<{{ messages[0].content }}{{ suffix }}>")
          .ok());
  const ProgramResult result = RunProgram(
      {WINNOW_BINARY, "tokenize", "--model", model(), "--chat", "--template", file},
      "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"variables\":{\"suffix\":\"!\"}}\n"
      "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"user\",\"content\":\"b\"}]}"
      "\n");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto lines = Lines(result.out);
  EXPECT_EQ(lines[0]["text"], "<a!>");
  EXPECT_EQ(lines[0]["ids"].size(), 4u);
  EXPECT_EQ(lines[1], Json({{"error", "one only"}}));
}

TEST_F(CommandsTest, LogprobsAreThoseOfTheLogits) {
  const ProgramResult result = RunProgram(
      {WINNOW_BINARY, "logprobs", "--model", model(), "--temperature", "0.5", "--logits"},
      "{\"input_ids\":[98,99,100]}\n");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json line = Lines(result.out).at(0);
  ASSERT_EQ(line["log_probs"].size(), 3u);
  EXPECT_EQ(line["log_probs"][0], 0.0);
  ASSERT_EQ(line["logits"].size(), 3u);
  for (size_t t = 1; t < 3; ++t) {
    double sum = 0;
    for (const double z : line["logits"][t - 1]) sum += std::exp(z / 0.5);
    const double want = line["logits"][t - 1][98 + t].get<double>() / 0.5 - std::log(sum);
    EXPECT_NEAR(line["log_probs"][t], want, 1e-4);
  }
}

TEST_F(CommandsTest, GenerateIsKeyedAndItsLogProbsAreThoseOfLogprobs) {
  const std::vector<std::string> command = {
      WINNOW_BINARY, "generate",     "--model", model(),  "--input", "-",       "--n",
      "2",           "--max-tokens", "5",       "--seed", "3",       "--dtype", "f32"};
  const std::string input = "{\"prompt\":\"ab\",\"id\":\"x\"}\n{\"input_ids\":[98,99]}\n";
  const ProgramResult result = RunProgram(command, input);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(RunProgram(command, input).out, result.out);
  const auto lines = Lines(result.out);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["id"], "x");
  EXPECT_EQ(lines[1]["id"], 1);
  for (const Json& sample : lines[0]["samples"]) {
    ASSERT_EQ(sample["ids"].size(), sample["log_probs"].size());
    EXPECT_TRUE(sample["finish"] == "stop" || sample["finish"] == "length");
    Json ids = {98, 99};
    for (const Json& id : sample["ids"]) ids.push_back(id);
    const ProgramResult again =
        RunProgram({WINNOW_BINARY, "logprobs", "--model", model(), "--dtype", "f32"},
                   Json({{"input_ids", ids}}).dump() + "\n");
    const Json log_probs = Lines(again.out).at(0)["log_probs"];
    for (size_t t = 0; t < sample["ids"].size(); ++t) {
      EXPECT_EQ(log_probs[t + 2], sample["log_probs"][t]);
    }
  }
}

TEST_F(CommandsTest, EvalGivesOneObject) {
  const ProgramResult result = RunProgram(
      {WINNOW_BINARY, "eval", "--model", model(), "--data", folder_ + "/val.jsonl", "--verifier",
       "regex", "--option", "pattern=[a-m]", "--n", "4", "--max-tokens", "6", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json json = Json::parse(result.out);
  EXPECT_EQ(json["count"], 6);
  EXPECT_EQ(json["unknown"], 0);
  EXPECT_TRUE(json["accuracy"].is_number());
  EXPECT_EQ(json["pass_at_k"]["1"], json["accuracy"]);
  EXPECT_TRUE(json["maj_at_k"].contains("4"));
}

TEST_F(CommandsTest, FilterReplayPrintsTheGoldenEventsAndNothingElse) {
  const std::string golden = std::string(WINNOW_SOURCE_DIR) + "/tests/golden/greso/";
  const ProgramResult result = RunProgram(
      {WINNOW_BINARY, "filter", "replay", "--trace", golden + "a_default.trace.json", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out), Json::parse(*ReadFile(golden + "a_default.events.json")));
}

TEST_F(CommandsTest, DataGenerateIsAFunctionOfItsArguments) {
  for (const std::string task : {"chain_sum", "countdown", "gsm_graph"}) {
    const std::vector<std::string> command = {WINNOW_BINARY, "data",    "generate", "--task",
                                              task,          "--count", "5",        "--seed",
                                              "4",           "--out",   "-"};
    const ProgramResult result = RunProgram(command);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(RunProgram(command).out, result.out);
    const auto lines = Lines(result.out);
    ASSERT_EQ(lines.size(), 5u);
    for (const Json& line : lines) {
      for (const char* key : {"id", "prompt", "answer", "difficulty"}) {
        EXPECT_TRUE(line.contains(key)) << key;
      }
    }
  }
}

TEST_F(CommandsTest, HistoryAnswersAboutAFinishedRun) {
  ASSERT_EQ(
      RunProgram(Command("train", "run", {"--set", "trainer.total_training_steps=5"})).exit_code,
      0);
  const auto history = [this](std::vector<std::string> more) {
    std::vector<std::string> arguments = {WINNOW_BINARY, "history"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    arguments.insert(arguments.end(), {"--run", folder_ + "/run", "--json"});
    const ProgramResult result = RunProgram(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return Json::parse(result.out);
  };
  const Json summary = history({"summary"});
  EXPECT_TRUE(summary.is_object());
  const Json list = history({"list", "--sort", "mean", "--descending", "--limit", "3"});
  EXPECT_EQ(list["prompts"].size(), 3u);
  const Json shown = history({"show", "train.jsonl3"});
  EXPECT_TRUE(shown.is_object());
  const ProgramResult table =
      RunProgram({WINNOW_BINARY, "history", "list", "--run", folder_ + "/run"});
  EXPECT_EQ(table.exit_code, 0);
  const ProgramResult at =
      RunProgram({WINNOW_BINARY, "history", "summary", "--run", folder_ + "/run", "--at", "4"});
  EXPECT_EQ(at.exit_code, 0) << at.err;
}

TEST_F(CommandsTest, ExportMakesTheModelOfACheckpoint) {
  ASSERT_EQ(
      RunProgram(Command("train", "run", {"--set", "trainer.total_training_steps=5"})).exit_code,
      0);
  const ProgramResult result = RunProgram(
      {WINNOW_BINARY, "export", "--run", folder_ + "/run", "--out", folder_ + "/exported"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(*ReadFile(folder_ + "/exported/model.safetensors"),
            *ReadFile(folder_ + "/run/export/model.safetensors"));
}

TEST_F(CommandsTest, ConfigShowOfAResolvedFileIsTheSameFile) {
  ASSERT_EQ(
      RunProgram(Command("train", "run", {"--set", "trainer.total_training_steps=1"})).exit_code,
      0);
  const std::string resolved = folder_ + "/run/config.resolved.yaml";
  const ProgramResult result = RunProgram({WINNOW_BINARY, "config", "show", resolved});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, *ReadFile(resolved));
}

TEST_F(CommandsTest, DoctorSaysWhichKernelsRun) {
  const ProgramResult result = RunProgram({WINNOW_BINARY, "doctor", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json json = Json::parse(result.out);
  for (const char* dtype : {"f32", "bf16_tile", "bf16_pair"}) {
    EXPECT_TRUE(json["kernels"].contains(dtype)) << dtype;
  }
  std::printf("kernels: %s\n", json["kernels"].dump().c_str());
}

TEST_F(CommandsTest, DoctorSaysWhetherCodeCanRun) {
  const Json sandbox = Json::parse(RunProgram({WINNOW_BINARY, "doctor", "--json"}).out)["sandbox"];
  const std::string says = sandbox["says"].get<std::string>();
  EXPECT_THAT(says, testing::StartsWith(sandbox["available"] ? "bubblewrap" : "sandbox: "));
  const ProgramResult result = RunProgram({WINNOW_BINARY, "doctor"});
  EXPECT_THAT(result.out, testing::HasSubstr(says));
}

TEST_F(CommandsTest, SupervisedTrainingLearnsAndResumes) {
  std::string lines;
  for (int i = 0; i < 8; ++i) {
    lines += "{\"prompt\":\"say " + std::to_string(i) + ":\",\"answer\":\"" + std::to_string(i) +
             "\"}\n";
  }
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/sft.jsonl", lines).ok());
  WriteJob(R"(run: {name: warm, seed: 5}
model: {path: ${DIR}/bare, dtype: f32}
data: {train_files: [${DIR}/sft.jsonl], train_batch_size: 8, max_prompt_length: 16, max_response_length: 8}
learner: {optim: {lr: 3e-3}}
trainer: {total_training_steps: 120, save_freq: 30}
metrics: {logger: [jsonl]}
)");
  const ProgramResult whole = RunProgram(Command("sft", "whole", {"--init"}));
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  const auto metrics = Lines(*ReadFile(folder_ + "/whole/metrics.jsonl"));
  EXPECT_LT(metrics.back()["sft/loss"], 0.1);
  testing_support::KillProgramWhen(Command("sft", "killed", {"--init"}),
                                   [&] { return MetricLines("killed") >= 50; });
  ASSERT_EQ(RunProgram(Command("sft", "killed", {"--init"})).exit_code, 0);
  EXPECT_EQ(*ReadFile(folder_ + "/killed/export/model.safetensors"),
            *ReadFile(folder_ + "/whole/export/model.safetensors"));
}

}  // namespace
}  // namespace winnow
