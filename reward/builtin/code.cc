#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <exception>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/check.h"
#include "base/format.h"
#include "base/thread_pool.h"
#include "reward/builtin/answer_verifier.h"
#include "reward/builtin/entry.h"
#include "reward/code/fenced_block.h"
#include "reward/code/harness.h"
#include "reward/code/program_tests.h"
#include "reward/code/run_slots.h"
#include "reward/code/same_output.h"
#include "reward/sandbox/sandbox.h"

namespace winnow::reward {
namespace {

using sandbox::EndKind;
using sandbox::RunLimits;
using sandbox::RunRequest;
using sandbox::RunResult;
using sandbox::Sandbox;
using Kind = ProgramTest::Kind;

constexpr double kWallPerCpu = 10.0;  // the wall limit is a net: only waiting meets it
constexpr const char* kPython = "/usr/bin/python3";
constexpr const char* kCompiler = "/usr/bin/g++";

// How programs of one language become processes.
struct Language {
  enum class Kind { kPython, kCpp, kCommand };
  Kind kind = Kind::kPython;
  std::string file;                  // where the program lies in /box
  std::vector<std::string> command;  // runs it
  bool bounds_address_space = true;  // some runtimes reserve more than they use
};

struct CodeOptions {
  Language language;
  double cpu_s = 5.0;
  uint64_t memory_bytes = 0;
  bool partial = false;
  size_t max_tests = 64;
};

// 128 random bits as text. A program that could guess them could forge a passed assertion.
std::string RandomMarker() {
  uint64_t bits[2];
  WINNOW_CHECK_EQ(getrandom(bits, sizeof(bits), 0), static_cast<ssize_t>(sizeof(bits)));
  return Format("{:016x}{:016x}", bits[0], bits[1]);
}

// Runs a program's tests one after the other in one sandbox. An error Status says nothing about the
// program: the sandbox failed, or the deadline came.
class ProgramRunner {
 public:
  ProgramRunner(const CodeOptions& options, RunSlots* slots, Deadline deadline)
      : options_(options), slots_(slots), deadline_(deadline) {}

  // How many of `tests` the program passes. Stops at the first that fails unless `partial`.
  Result<size_t> CountPassed(const std::string& program, std::span<const ProgramTest> tests) {
    place_.emplace(slots_, /*alone=*/false);
    WINNOW_ASSIGN_OR_RETURN(Sandbox started, Sandbox::Start());
    sandbox_.emplace(std::move(started));
    WINNOW_RETURN_IF_ERROR(sandbox_->PutFile(options_.language.file, program));
    WINNOW_RETURN_IF_ERROR(sandbox_->PutFile("harness.py", kHarness));
    if (options_.language.kind == Language::Kind::kCpp) {
      WINNOW_ASSIGN_OR_RETURN(const bool compiles, Compile());
      if (!compiles) return size_t{0};
    }
    size_t passed = 0;
    for (const ProgramTest& test : tests) {
      WINNOW_ASSIGN_OR_RETURN(const bool passes, Passes(test));
      passed += passes;
      if (!passes && !options_.partial) break;
    }
    return passed;
  }

 private:
  RunLimits Limits(double cpu_s) const {
    RunLimits limits;
    limits.cpu_us = static_cast<uint64_t>(cpu_s * 1e6);
    limits.wall_us = static_cast<uint64_t>(cpu_s * kWallPerCpu * 1e6);
    limits.memory_bytes = options_.memory_bytes;
    limits.address_space_bytes = options_.language.bounds_address_space ? options_.memory_bytes : 0;
    return limits;
  }

  Result<bool> Compile() {
    RunRequest request{.arguments = {kCompiler, "-std=c++20", "-O2", "-pipe", "-o", "/box/program",
                                     "/box/" + options_.language.file},
                       .limits = Limits(/*cpu_s=*/30.0),
                       .flags = sandbox::kWritesBox};
    request.limits.memory_bytes = 2ull << 30;
    request.limits.address_space_bytes = 0;
    WINNOW_ASSIGN_OR_RETURN(const RunResult result, RunFairly(std::move(request)));
    return result.succeeded();
  }

  Result<bool> Passes(const ProgramTest& test) {
    if (test.kind == Kind::kPair) {
      WINNOW_ASSIGN_OR_RETURN(const RunResult result,
                              RunFairly({.arguments = options_.language.command,
                                         .stdin_bytes = test.input,
                                         .limits = LimitsFor(test)}));
      return result.succeeded() && SameTokens(test.expected, result.stdout_bytes);
    }
    const std::string marker = RandomMarker();
    const std::string order =
        test.kind == Kind::kCall ? CallOrder(test) : AssertOrder(test, marker);
    WINNOW_ASSIGN_OR_RETURN(const RunResult result,
                            RunFairly({.arguments = {kPython, "-B", "-s", "/box/harness.py"},
                                       .stdin_bytes = order,
                                       .limits = LimitsFor(test),
                                       .flags = sandbox::kHasResult | sandbox::kFeedWhenLoaded}));
    if (!result.succeeded()) return false;
    if (test.kind == Kind::kAssertion) return result.result_bytes == marker;
    return SameJson(test.expected, result.result_bytes, test.may_be_wrapped);
  }

  // Keeps as much output as the expected one can need, in steps that tell nothing of it.
  RunLimits LimitsFor(const ProgramTest& test) const {
    RunLimits limits = Limits(options_.cpu_s);
    const size_t need = std::min<size_t>(8 * test.expected.size(), limits.output_bytes);
    limits.keep_bytes = std::max(limits.keep_bytes, static_cast<uint32_t>(std::bit_ceil(need)));
    return limits;
  }

  static std::string CallOrder(const ProgramTest& test) {
    // The arguments as they are: nlohmann would round long integers.
    return Format("{{\"function\":{},\"args\":{}}}", nlohmann::json(test.function).dump(),
                  test.input);
  }
  static std::string AssertOrder(const ProgramTest& test, const std::string& marker) {
    return nlohmann::json{{"code", test.input}, {"marker", marker}}.dump(
        -1, ' ', true, nlohmann::json::error_handler_t::replace);
  }

  // A run that met its wall limit is judged by a second one, alone and with twice the time: load on
  // the machine must not change a verdict.
  Result<RunResult> RunFairly(RunRequest request) {
    WINNOW_ASSIGN_OR_RETURN(const RunResult result, sandbox_->Run(request, deadline_));
    if (result.end != EndKind::kWall) return result;
    place_.emplace(slots_, /*alone=*/true);
    request.limits.wall_us *= 2;
    Result<RunResult> again = sandbox_->Run(request, deadline_);
    place_.emplace(slots_, /*alone=*/false);
    return again;
  }

  const CodeOptions& options_;
  RunSlots* const slots_;
  const Deadline deadline_;
  std::optional<RunSlots::Place> place_;
  std::optional<Sandbox> sandbox_;
};

// The program of the last fenced block against the tests of the reference.
// Threads: any; all calls together run as many programs at once as there are cores.
class Code final : public Verifier {
 public:
  Code(Traits traits, CodeOptions options, std::optional<float> no_answer, Thinking thinking)
      : traits_(std::move(traits)),
        options_(std::move(options)),
        no_answer_(no_answer),
        thinking_(thinking),
        slots_(AvailableCores()) {}

  const Traits& traits() const override { return traits_; }

  void Verify(std::span<const Sample> samples, Deadline deadline, std::span<Verdict> out) override {
    WINNOW_CHECK_EQ(samples.size(), out.size());
    std::atomic<size_t> next = 0;
    const auto work = [&] {
      for (size_t i = next++; i < samples.size(); i = next++) {
        try {
          out[i] = Judge(samples[i], deadline);
        } catch (const std::exception& error) {
          out[i] = Verdict::Error(error.what());
        }
      }
    };
    // A sandbox dies with the thread that started it, so each thread finishes what it starts.
    const size_t count = std::min(samples.size(), static_cast<size_t>(slots_.count()));
    std::vector<std::jthread> helpers;
    for (size_t i = 1; i < count; ++i) helpers.emplace_back(work);
    work();
  }

 private:
  Verdict Judge(const Sample& sample, Deadline deadline) {
    if (sample.finish == FinishReason::kError) {
      return Verdict::Invalid("the response was not delivered whole");
    }
    if (TrimSpaces(sample.reference).empty()) return Verdict::Invalid("the row has no reference");
    const auto tests = ReadProgramTests(sample.reference, sample.extra_json);
    if (!tests.ok()) return Verdict::Invalid(tests.status().message());
    if (options_.language.kind != Language::Kind::kPython &&
        std::any_of(tests->begin(), tests->end(),
                    [](const ProgramTest& test) { return test.kind != Kind::kPair; })) {
      return Verdict::Invalid("calls and assertions need language: python");
    }
    if (sample.response.size() > kMaxResponseBytes) return NoAnswer();
    const std::optional<std::string_view> text = CutThinking(sample.response, thinking_);
    const std::optional<std::string> program = text ? LastFencedBlock(*text) : std::nullopt;
    if (!program) return NoAnswer();
    return Score(*program, std::span(*tests).first(std::min(tests->size(), options_.max_tests)),
                 deadline);
  }

  Verdict Score(const std::string& program, std::span<const ProgramTest> tests, Deadline deadline) {
    if (deadline.IsOver()) return Verdict::Timeout("the deadline came before the program ran");
    const Result<size_t> passed =
        ProgramRunner(options_, &slots_, deadline).CountPassed(program, tests);
    if (passed.status().code() == StatusCode::kDeadlineExceeded) {
      return Verdict::Timeout(passed.status().message());
    }
    if (!passed.ok()) return Verdict::Error(passed.status().message());
    const double share = static_cast<double>(*passed) / static_cast<double>(tests.size());
    const double reward = options_.partial || *passed == tests.size() ? share : 0.0;
    Parts parts = {{"answered", 1.0}, {"passed", share}};
    if (std::any_of(tests.begin(), tests.end(),
                    [](const ProgramTest& test) { return test.kind == Kind::kAssertion; })) {
      parts.push_back({"weak", 1.0});
    }
    return Verdict::Scored(static_cast<float>(reward), std::move(parts), traits_.range);
  }

  Verdict NoAnswer() const {
    if (!no_answer_) return Verdict::Invalid("the response has no program");
    return Verdict::Scored(*no_answer_, {{"answered", 0.0}}, traits_.range);
  }

  const Traits traits_;
  const CodeOptions options_;
  const std::optional<float> no_answer_;
  const Thinking thinking_;
  RunSlots slots_;  // Synchronises itself.
};

// Absolute path of a program that a sandbox can see; empty if there is none.
std::string FindProgram(const std::string& name) {
  if (name.starts_with("/usr/")) return access(name.c_str(), X_OK) == 0 ? name : "";
  if (name.find('/') != std::string::npos) return "";
  for (const char* folder : {"/usr/local/bin/", "/usr/bin/"}) {
    if (access((folder + name).c_str(), X_OK) == 0) return folder + name;
  }
  return "";
}

std::vector<std::string> SplitWords(const std::string& text) {
  std::vector<std::string> words;
  for (size_t at = 0; (at = text.find_first_not_of(' ', at)) != std::string::npos;) {
    const size_t end = std::min(text.find(' ', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

Language ReadLanguage(OptionReader& options) {
  const std::string text = options.Text("language");
  if (text == "python") {
    return {Language::Kind::kPython, "program.py", {kPython, "-B", "-s", "/box/program.py"}};
  }
  if (text == "cpp") return {Language::Kind::kCpp, "program.cc", {"/box/program"}};
  Language language{.kind = Language::Kind::kCommand,
                    .file = "program",
                    .command = SplitWords(text),
                    .bounds_address_space = false};
  const std::string program = language.command.empty() ? "" : FindProgram(language.command[0]);
  if (program.empty()) {
    options.Refuse("language", "python, cpp, or a command whose program is in /usr", text);
    return language;
  }
  language.command[0] = program;
  language.command.push_back("/box/program");
  return language;
}

Status CheckMachine(const Language& language) {
  const auto facts = sandbox::DescribeSandbox();
  if (!facts.ok()) {
    return FailedPrecondition(
        Format("reward.verifier: code cannot run here (docs/sandbox.md says what it needs): {}",
               facts.status().message()));
  }
  const char* needed = language.kind == Language::Kind::kCpp ? kCompiler : kPython;
  if (language.kind != Language::Kind::kCommand && access(needed, X_OK) != 0) {
    return FailedPrecondition(Format("reward.verifier: code needs {}", needed));
  }
  return OkStatus();
}

Result<std::unique_ptr<Verifier>> Make(OptionReader& options) {
  CodeOptions read{.language = ReadLanguage(options),
                   .cpu_s = options.Number("cpu_s", 0.01, 3600.0),
                   .partial = options.Bool("partial")};
  read.memory_bytes = static_cast<uint64_t>(options.Number("memory_mb", 16, 1 << 20)) << 20;
  read.max_tests = static_cast<size_t>(options.Number("max_tests", 1, 1 << 20));
  const AnswerOptions answer = ReadAnswerOptions(options);
  if (answer.extract.kind != ExtractRule::Kind::kAuto) {
    options.Refuse("extract", "auto, as code takes the last fenced block", options.Text("extract"));
  }
  WINNOW_RETURN_IF_ERROR(options.Finish());
  WINNOW_RETURN_IF_ERROR(CheckMachine(read.language));
  Traits traits{.name = "code", .isolation = Isolation::kSandbox};
  traits.range.min = std::min(0.0f, answer.no_answer.value_or(0.0f));
  traits.range.max = std::max(1.0f, answer.no_answer.value_or(0.0f));
  return std::unique_ptr<Verifier>(std::make_unique<Code>(std::move(traits), std::move(read),
                                                          answer.no_answer, answer.thinking));
}

}  // namespace

VerifierEntry CodeEntry() {
  return {"code", "the program of the last fenced block passes the tests of the reference",
          WithAnswerOptions({{"language", "python", "python | cpp | a command of /usr"},
                             {"cpu_s", "5", "CPU time of a test"},
                             {"memory_mb", "512", "memory of a test"},
                             {"partial", "false", "the share of passed tests; false: all or 0"},
                             {"max_tests", "64", "tests of a program, the first ones"}}),
          Make};
}

}  // namespace winnow::reward
