// Reward functions in the spelling of their users, against literal verdicts.
#include "reward/plugin/plugin.h"

#include <gmock/gmock.h>

#include "tests/reward/plugin/user_file.h"

namespace winnow::reward {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<Sample> Responses(const std::vector<const char*>& responses) {
  std::vector<Sample> samples;
  for (const char* response : responses) {
    samples.push_back({.prompt_id = PromptId(7),
                       .index = static_cast<uint32_t>(samples.size()),
                       .data_source = "src",
                       .prompt = "what?",
                       .response = response,
                       .reference = "good"});
  }
  return samples;
}

TEST(FunctionVerifierTest, WinnowStyle) {
  const UserFile file(R"(
def one(sample):
    if sample.response == "skip":
        return None
    return {"reward": float(sample.response == sample.reference), "length": len(sample.response)}

def many(samples):
    return [s.index + len(samples) / 10 for s in samples]

def row(sample):
    return sample.extra["weight"] + sample.response_tokens
)");
  const auto one = file.Make({.names = {"one"}}).value();
  EXPECT_THAT(Judge(one.get(), Responses({"good", "bad", "skip"})),
              ElementsAre("scored 1 (length=4)", "scored 0 (length=3)",
                          "invalid: the function returned None"));
  const auto many = file.Make({.names = {"many"}}).value();
  EXPECT_TRUE(many->traits().whole_group);
  EXPECT_THAT(Judge(many.get(), Responses({"a", "a", "a"})),
              ElementsAre("scored 0.3", "scored 1.3", "scored 2.3"));
  const auto row = file.Make({.names = {"row"}}).value();
  EXPECT_THAT(Judge(row.get(), {{.extra_json = R"({"weight":0.5})", .response_tokens = 3}}),
              ElementsAre("scored 3.5"));
}

TEST(FunctionVerifierTest, VerlStyle) {
  const UserFile file(R"(
def compute_score(data_source, solution_str, ground_truth, extra_info=None):
    assert isinstance(extra_info, dict) and extra_info["num_turns"] == 1
    score = 1.0 if solution_str == ground_truth else 0.0
    return {"score": score, "acc": score > 0, "pred": solution_str}

async def slow_score(data_source, solution_str, ground_truth, extra_info, scale):
    import asyncio
    await asyncio.sleep(0)
    return scale * (solution_str == ground_truth)

def sequence(solution_str, ground_truth):
    return (0.25, "why")

def batch(data_sources, solution_strs, ground_truths, extra_infos):
    return [{"score": float(s == g)} for s, g in zip(solution_strs, ground_truths)]

def bad(solution_str, ground_truth):
    return {"score": "1.0"}
)");
  const auto judge = [&](FunctionChoice choice, const std::vector<Sample>& samples) {
    return Judge(file.Make(std::move(choice)).value().get(), samples);
  };
  EXPECT_THAT(judge({.names = {"compute_score"}}, Responses({"good", "bad"})),
              ElementsAre("scored 1 (acc=1)", "scored 0 (acc=0)"));
  EXPECT_THAT(judge({.names = {"compute_score"}},
                    {{.response = "x",
                      .extra_json = R"({"reward_model":{"ground_truth":"x"},"extra_info":{}})"}}),
              ElementsAre("scored 1 (acc=1)"));
  EXPECT_THAT(
      judge({.names = {"slow_score"}, .kwargs_json = R"({"scale":3})"}, Responses({"good", "bad"})),
      ElementsAre("scored 3", "scored 0"));
  EXPECT_THAT(judge({.names = {"sequence"}}, Responses({"good"})), ElementsAre("scored 0.25"));
  EXPECT_THAT(judge({.names = {"batch"}}, Responses({"good", "bad"})),
              ElementsAre("scored 1", "scored 0"));
  EXPECT_THAT(judge({.names = {"bad"}}, Responses({"good"})),
              ElementsAre("error: reward is no number: str '1.0'"));
}

TEST(FunctionVerifierTest, TrlStyle) {
  const UserFile file(R"(
def length(completions, **kwargs):
    return [len(c) for c in completions]

def right(prompts, completions, answer, trainer_state, **kwargs):
    return [None if c == "skip" else float(c == a) for c, a in zip(completions, answer)]

def talk(completions, prompts, **kwargs):
    return [len(c[0]["content"]) + len(p) for c, p in zip(completions, prompts)]

def short(completions, **kwargs):
    return [1.0]
)");
  const auto judge = [&](FunctionChoice choice, const std::vector<Sample>& samples) {
    return Judge(file.Make(std::move(choice)).value().get(), samples);
  };
  EXPECT_THAT(judge({.names = {"length"}}, Responses({"a", "abc"})),
              ElementsAre("scored 1", "scored 3"));
  EXPECT_THAT(judge({.names = {"right"}}, Responses({"good", "bad", "skip"})),
              ElementsAre("scored 1", "scored 0", "invalid: every function returned None"));
  EXPECT_THAT(
      judge({.names = {"right", "length"}, .weights = {2, 0.5}}, Responses({"good", "skip"})),
      ElementsAre("scored 4 (right=1, length=4)", "scored 2 (length=4)"));
  EXPECT_THAT(
      judge({.names = {"talk"}},
            {{.response = "abc", .extra_json = R"({"prompt":[{"role":"user","content":"x"}]})"}}),
      ElementsAre("scored 4"));
  EXPECT_THAT(judge({.names = {"short"}}, Responses({"a", "b"})),
              ElementsAre("error: a list of 2 is wanted: it has 1",
                          "error: a list of 2 is wanted: it has 1"));
}

TEST(FunctionVerifierTest, ReasoningGymStyle) {
  const UserFile file(R"(
def score_answer(answer, entry):
    assert entry["metadata"]["source_dataset"] == "chain_sum"
    return 1.0 if answer == entry["answer"] else 0.01
)");
  const auto verifier = file.Make({.names = {"score_answer"}}).value();
  const std::string row = R"({"task":"chain_sum_easy"})";
  EXPECT_THAT(Judge(verifier.get(),
                    {{.response = "<think><answer>3</answer></think>so <answer> 12 </answer>",
                      .reference = "12",
                      .extra_json = row},
                     {.response = " 12\n", .reference = "12", .extra_json = row},
                     {.response = "11", .reference = "12", .extra_json = row}}),
              ElementsAre("scored 1", "scored 1", "scored 0.01"));
}

TEST(FunctionVerifierTest, FailureModesGiveTheVerdictOfTheSpecification) {
  const UserFile file(R"(
import os, sys, time

def mode(sample):
    print("a line on stdout")
    r = sample.response
    if r == "raise":
        raise ValueError("boom")
    if r == "late":
        raise TimeoutError("slow service")
    if r == "nan":
        return float("nan")
    if r == "string":
        return "1.0"
    if r == "dict":
        return {"score": 1.0}
    if r == "leave":
        sys.exit(0)
    if r == "exit":
        os._exit(0)
    if r == "kill":
        os.kill(os.getpid(), 9)
    if r == "hang":
        time.sleep(60)
    if r == "fork":
        if os.fork() == 0:
            return 0.75
        os.wait()
        return 0.25
    if r == "huge":
        return 1e9
    return 1
)");
  const auto verifier =
      file.Make({.names = {"mode"}}, {.timeout_s = 0.4, .retries = 0, .num_workers = 1}).value();
  EXPECT_THAT(
      Judge(verifier.get(), Responses({"ok", "raise", "late", "nan", "string", "dict", "leave",
                                       "exit", "kill", "hang", "fork", "huge", "ok"})),
      ElementsAre("scored 1", "error: ValueError: boom (user.py:8)",
                  "timeout: TimeoutError: slow service (user.py:10)",
                  "error: reward is not finite: nan", "error: reward is no number: str '1.0'",
                  "error: a dict needs the key reward: dict {'score': 1.0}",
                  "error: SystemExit: 0 (user.py:18)",
                  "error: the worker ended without an answer: exit code 0",
                  "error: the worker ended without an answer: signal 9 (Killed)",
                  "timeout: no answer within 0.4 s", "scored 0.25",
                  "error: reward is outside [-10, 10]: 1000000000", "scored 1"));
}

TEST(FunctionVerifierTest, MistakesNameFileAndLineOfTheUsersCode) {
  const UserFile broken("import math\nx = undefined_name\n");
  EXPECT_EQ(broken.MistakeOf({.names = {"f"}}),
            broken.path() + ":2: NameError: name 'undefined_name' is not defined");
  const UserFile syntax("def f(sample):\n    return (1\n");
  EXPECT_THAT(syntax.MistakeOf({.names = {"f"}}), HasSubstr(syntax.path() + ":2: SyntaxError: "));
  const UserFile file("def reward(a, b):\n    return 1\n\ndef one(sample):\n    return 1\n");
  EXPECT_EQ(file.MistakeOf({.names = {"rewrd"}}),
            file.path() + ": has no function \"rewrd\"; did you mean reward?");
  EXPECT_THAT(file.MistakeOf({.names = {"reward"}}),
              HasSubstr("the parameters of reward(a, b) fit none of the styles winnow, verl, trl, "
                        "reasoning_gym"));
  EXPECT_EQ(file.MistakeOf({.names = {"one"}, .kwargs_json = R"({"scale":1})"}),
            "reward.reward_kwargs.scale is no parameter of one");
  EXPECT_THAT(
      MakeFunctionVerifier({.path = "/nowhere/x.py", .names = {"f"}}, {}).status().message(),
      HasSubstr("the function's file cannot be read: /nowhere/x.py"));
}

TEST(FunctionVerifierTest, ASlowImportIsNoTimeout) {
  const UserFile file("import time\ntime.sleep(0.5)\ndef f(sample):\n    return 1\n");
  const auto verifier = file.Make({.names = {"f"}}, {.timeout_s = 0.2, .retries = 0}).value();
  EXPECT_THAT(Judge(verifier.get(), Responses({"a"})), ElementsAre("scored 1"));
}

TEST(FunctionVerifierTest, RunsInTheFolderOfTheFileWithoutTheRunsSecrets) {
  setenv("WINNOW_TEST_SECRET", "key", 1);
  const UserFile file(R"(
import os

WORDS = open("words.txt") if os.path.exists("words.txt") else None

def f(sample):
    open_files = [int(fd) for fd in os.listdir("/proc/self/fd")]
    return {"reward": 1.0, "secret": float("WINNOW_TEST_SECRET" in os.environ),
            "here": float(os.path.exists("user.py")), "stdin": float(len(os.read(0, 1)))}
)");
  const auto verifier = file.Make({.names = {"f"}}).value();
  EXPECT_THAT(Judge(verifier.get(), Responses({"a"})),
              ElementsAre("scored 1 (secret=0, here=1, stdin=0)"));
}

TEST(CommandVerifierTest, SpeaksJsonLines) {
  const UserFile file(R"(
import json, sys
for line in sys.stdin:
    sample = json.loads(line)
    right = sample["response"] == sample["reference"]
    print(json.dumps({"reward": float(right), "parts": {"n": sample["index"]}}), flush=True)
)");
  const auto verifier =
      MakeCommandVerifier({"python3", file.path()}, {.num_workers = 1, .lines = true}).value();
  EXPECT_THAT(Judge(verifier.get(), Responses({"good", "bad", "good"})),
              ElementsAre("scored 1 (n=0)", "scored 0 (n=1)", "scored 1 (n=2)"));
}

TEST(CommandVerifierTest, SpeaksFrames) {
  const UserFile file(R"(
import json, socket, struct
sock = socket.socket(fileno=3)
def write(value):
    body = json.dumps(value).encode()
    sock.sendall(struct.pack("<I", len(body)) + body)
def read(size):
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            raise SystemExit
        data += part
    return data
write({"ready": True, "name": "framed", "version": "3"})
while True:
    request = json.loads(read(struct.unpack("<I", read(4))[0]))
    for sample in request["samples"]:
        write({"kind": "invalid", "reason": "no"} if sample["response"] == "bad" else {"reward": 0.5})
)");
  const auto verifier = MakeCommandVerifier({"python3", file.path()}, {.num_workers = 1}).value();
  EXPECT_EQ(verifier->traits().name, "framed");
  EXPECT_EQ(verifier->traits().version, "3");
  EXPECT_THAT(Judge(verifier.get(), Responses({"good", "bad"})),
              ElementsAre("scored 0.5", "invalid: no"));
}

TEST(CommandVerifierTest, AProgramThatNeverStartsShowsItsLastLines) {
  const auto verifier = MakeCommandVerifier(
      {"sh", "-c", "for i in $(seq 1 30); do echo line $i >&2; done; exit 3"}, {});
  ASSERT_FALSE(verifier.ok());
  EXPECT_EQ(verifier.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(verifier.status().message(),
              HasSubstr("exit code 3 before it was ready\n  line 11\n"));
  EXPECT_THAT(verifier.status().message(), HasSubstr("\n  line 30"));
  EXPECT_THAT(MakeCommandVerifier({"/nowhere/program"}, {}).status().message(),
              HasSubstr("/nowhere/program: cannot be run: No such file or directory"));
}

}  // namespace
}  // namespace winnow::reward
