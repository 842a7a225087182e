#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <thread>

#include "base/clock.h"
#include "base/format.h"
#include "cli/command.h"
#include "cli/verify/report.h"
#include "cli/verify/rows.h"
#include "cli/verify/source.h"
#include "reward/scorer.h"

namespace winnow::cli {
namespace {

constexpr size_t kBatch = 256;       // samples a call of --bench, and of a verifier out of process
constexpr double kBenchSeconds = 2;  // of --bench

struct Options {
  VerifySource source;
  std::string data;
  RowKeys keys;
  uint32_t repeat = 1;
  bool bench = false;
  bool json = false;
};

// The verdicts of all rows, in order. A built-in is asked row by row, so that each has its own
// time; a verifier out of process measures for itself and gets many at once.
std::vector<reward::Verdict> ScoreRows(const std::vector<VerifyRow>& rows, reward::Scorer* scorer) {
  const bool inside = scorer->traits().isolation == reward::Isolation::kInProcess;
  std::vector<reward::Verdict> verdicts;
  verdicts.reserve(rows.size());
  std::vector<reward::Sample> batch;
  const auto flush = [&] {
    for (reward::Verdict& verdict : scorer->Score(batch)) verdicts.push_back(std::move(verdict));
    batch.clear();
  };
  for (const VerifyRow& row : rows) {
    const bool new_group = row.index == 0 && !batch.empty();
    if (scorer->traits().whole_group && new_group) flush();
    batch.push_back(row.AsSample());
    if (!scorer->traits().whole_group && (inside || batch.size() == kBatch)) flush();
  }
  if (!batch.empty()) flush();
  return verdicts;
}

// Scores the rows again, `repeat` times in all; a line for each row whose verdict changes.
std::string RepeatRows(const Options& options, const std::vector<VerifyRow>& rows,
                       const std::vector<reward::Verdict>& first, reward::Scorer* scorer) {
  std::string text;
  for (uint32_t round = 2; round <= options.repeat; ++round) {
    const std::vector<reward::Verdict> again = ScoreRows(rows, scorer);
    for (size_t i = 0; i < rows.size(); ++i) {
      if (again[i].SameJudgement(first[i])) continue;
      text += Format("{}: not the same twice: {}; then {}\n", rows[i].origin, first[i].ToString(),
                     again[i].ToString());
    }
  }
  return text;
}

// Verdicts a second over the rows, again and again, on one thread or on as many as there are cores.
double MeasureRate(const std::vector<VerifyRow>& rows, size_t num_threads,
                   reward::Verifier* verifier) {
  std::vector<reward::Sample> samples;
  for (const VerifyRow& row : rows) samples.push_back(row.AsSample());
  std::atomic<size_t> done = 0;
  const double begin = MonotonicSeconds();
  const auto work = [&] {
    std::vector<reward::Verdict> verdicts(kBatch);
    while (MonotonicSeconds() - begin < kBenchSeconds) {
      for (size_t at = 0; at < samples.size(); at += kBatch) {
        const size_t size = std::min(kBatch, samples.size() - at);
        verifier->Verify(std::span(samples).subspan(at, size), reward::Deadline::Never(),
                         std::span(verdicts).first(size));
        done += size;
      }
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 1; i < num_threads; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(done) / (MonotonicSeconds() - begin);
}

Status RunBench(const Options& options, const std::vector<VerifyRow>& rows,
                reward::Verifier* verifier) {
  const size_t cores = std::max(1u, std::thread::hardware_concurrency());
  const double one = MeasureRate(rows, 1, verifier);
  const double all = verifier->traits().thread_safe ? MeasureRate(rows, cores, verifier) : one;
  if (options.json) {
    PrintJsonLine({{"verdicts_per_s_1_thread", one},
                   {"verdicts_per_s", all},
                   {"threads", verifier->traits().thread_safe ? cores : 1},
                   {"rows", rows.size()}});
  } else {
    std::printf("%s: %.0f verdicts/s on 1 thread, %.0f on %zu (%zu rows)\n",
                verifier->traits().name.c_str(), one, all, cores, rows.size());
  }
  return OkStatus();
}

Status RunVerify(const Options& options, int* exit_code) {
  WINNOW_ASSIGN_OR_RETURN(const std::vector<VerifyRow> rows, ReadRows(options.data, options.keys));
  WINNOW_ASSIGN_OR_RETURN(ChosenVerifier chosen, OpenSource(options.source));
  if (options.bench) return RunBench(options, rows, chosen.verifier.get());
  reward::Scorer scorer(std::move(chosen.verifier),
                        {.min = chosen.range.min, .max = chosen.range.max, .audit_fraction = 0.0});
  const std::vector<reward::Verdict> verdicts = ScoreRows(rows, &scorer);
  const VerifyTotals totals = TotalsOf(rows, verdicts);
  if (options.json) {
    for (const reward::Verdict& verdict : verdicts) PrintJsonLine(VerdictJson(verdict));
  } else {
    std::fputs(TablesText(totals, verdicts).c_str(), stdout);
  }
  const std::string changed = RepeatRows(options, rows, verdicts, &scorer);
  std::FILE* const notes = options.json ? stderr : stdout;
  std::fputs(DisagreementsText(rows, verdicts).c_str(), notes);
  std::fputs(changed.c_str(), notes);
  std::fprintf(stderr, "%s\n", SummaryLine(totals).c_str());
  *exit_code = totals.as_expected == totals.expected && changed.empty() ? 0 : 1;
  return OkStatus();
}

}  // namespace

void DeclareVerify(CLI::App* app, Run* run, int* exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app->add_subcommand("verify", "Test a verifier on a file of responses");
  CLI::Option_group* source = command->add_option_group("verifier", "which verifier, one of");
  source->add_option("--verifier", options->source.verifier, "name of a built-in verifier");
  source->add_option("--function", options->source.function, "FILE.py:NAME of a Python function");
  source->add_option("--command", options->source.command, "program that speaks frames");
  source->require_option(0, 1);
  command->add_option("--style", options->source.style,
                      "of the function: auto, winnow, verl, trl, reasoning_gym");
  command->add_flag("--debug", options->source.debug,
                    "one worker, no deadline, terminal attached: for breakpoint() and gdb");
  command->add_option("--option", options->source.options,
                      "KEY=VALUE: sets reward.KEY; repeatable");
  command->add_option("--data", options->data, "JSON lines with a response each; - for stdin")
      ->required();
  command->add_option("--response-key", options->keys.response, "column; a dot enters objects")
      ->capture_default_str();
  command->add_option("--reference-key", options->keys.reference,
                      "column; a dot enters objects (default: reference, else gold)");
  command->add_option("--repeat", options->repeat, "scores all rows N times and compares")
      ->check(CLI::Range(1u, 1000u))
      ->capture_default_str();
  command->add_flag("--bench", options->bench, "measures verdicts a second instead");
  command->add_flag("--json", options->json, "one JSON object a verdict");
  command->callback([run, options, exit_code] {
    *run = [options, exit_code] { return RunVerify(*options, exit_code); };
  });
}

}  // namespace winnow::cli
