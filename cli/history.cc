#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "base/format.h"
#include "cli/command.h"
#include "cli/history_table.h"
#include "cli/json_lines.h"
#include "store/history_reader.h"

namespace winnow::cli {
namespace {

using store::HistoryReader;

struct Options {
  std::string run_folder;
  std::string prompt;
  std::string named_class;
  std::string sort = "id";
  std::string out = "-";
  int64_t at = -1;
  store::ListQuery query;
  bool json = false;
};

Result<std::unique_ptr<HistoryReader>> Open(const Options& options) {
  const std::string& run = options.run_folder;
  if (!std::filesystem::is_directory(run)) return NotFound("--run must be a run folder: " + run);
  if (options.at < 0) return HistoryReader::OpenLive(run + "/history", run + "/events.log");
  const std::string checkpoint =
      Format("{}/checkpoints/step_{:08}", run, static_cast<uint64_t>(options.at));
  if (!std::filesystem::is_directory(checkpoint)) {
    return NotFound(
        Format("--at must be a step that has a checkpoint in {}/checkpoints: {}", run, options.at));
  }
  return HistoryReader::OpenCheckpoint(checkpoint + "/history");
}

// `text` is JSON; a person gets it as a table.
void Print(const Options& options, const std::string& text) {
  const std::string shown = options.json ? text : HistoryTable(Json::parse(text));
  std::fputs(shown.c_str(), stdout);
  if (shown.empty() || shown.back() != '\n') std::fputc('\n', stdout);
}

Status RunSummary(const Options& options) {
  WINNOW_ASSIGN_OR_RETURN(const auto reader, Open(options));
  WINNOW_ASSIGN_OR_RETURN(const std::string text, reader->Summary());
  Print(options, text);
  return OkStatus();
}

Status RunShow(const Options& options) {
  WINNOW_ASSIGN_OR_RETURN(const auto reader, Open(options));
  WINNOW_ASSIGN_OR_RETURN(const PromptId prompt, reader->Resolve(options.prompt));
  WINNOW_ASSIGN_OR_RETURN(const std::string text, reader->Show(prompt));
  Print(options, text);
  return OkStatus();
}

Status RunList(const Options& options) {
  store::ListQuery query = options.query;
  if (!options.named_class.empty()) {
    WINNOW_ASSIGN_OR_RETURN(query.named, store::ParseNamedClass(options.named_class));
  }
  WINNOW_ASSIGN_OR_RETURN(query.sort_by, store::ParseSortBy(options.sort));
  WINNOW_ASSIGN_OR_RETURN(const auto reader, Open(options));
  WINNOW_ASSIGN_OR_RETURN(const std::string text, reader->List(query));
  Print(options, text);
  return OkStatus();
}

Status RunExport(const Options& options) {
  WINNOW_ASSIGN_OR_RETURN(const auto reader, Open(options));
  std::FILE* out = options.out == "-" ? stdout : std::fopen(options.out.c_str(), "wb");
  if (out == nullptr)
    return InvalidArgument("--out must be a file that can be written: " + options.out);
  Status status = reader->Export([&](std::string_view line) -> Status {
    if (std::fwrite(line.data(), 1, line.size(), out) != line.size() ||
        std::fputc('\n', out) == EOF) {
      return Unavailable("cannot write to " + options.out);
    }
    return OkStatus();
  });
  if (std::fflush(out) != 0 && status.ok()) status = Unavailable("cannot write to " + options.out);
  if (out != stdout) std::fclose(out);
  return status;
}

Status RunVerify(const Options& options) {
  WINNOW_ASSIGN_OR_RETURN(const auto reader, Open(options));
  WINNOW_ASSIGN_OR_RETURN(const store::VerifyReport report, reader->Verify());
  Json json = {{"ok", report.ok()},
               {"step", report.position.step},
               {"hist_seq", report.position.hist_seq},
               {"hist_digest", ToHex(report.position.hist_digest)},
               {"prompts", report.num_prompts},
               {"groups", report.num_groups},
               {"skips", report.num_skips},
               {"problems", report.problems}};
  Print(options, DumpJson(json));
  if (report.ok()) return OkStatus();
  return DataLoss(Format("history of {} has {} problems; the first: {}", options.run_folder,
                         report.num_problems, report.problems.front()));
}

CLI::App* Declare(CLI::App* parent, const std::string& name, const std::string& help,
                  const std::shared_ptr<Options>& options, Run* run,
                  Status (*function)(const Options&)) {
  CLI::App* command = parent->add_subcommand(name, help);
  command->add_option("--run", options->run_folder, "run folder, also while it is written")
      ->required();
  command->add_option("--at", options->at, "the step of a checkpoint instead of the present");
  command->add_flag("--json", options->json, "JSON instead of a table");
  command->callback(
      [run, options, function] { *run = [options, function] { return function(*options); }; });
  return command;
}

}  // namespace

void DeclareHistory(CLI::App* app, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app->add_subcommand("history", "What each prompt has earned: solved, hopeless, skipped, why");
  command->require_subcommand(1);
  Declare(command, "summary", "Totals of the run", options, run, RunSummary);
  CLI::App* show = Declare(command, "show", "One prompt with its outcomes", options, run, RunShow);
  show->add_option("prompt", options->prompt, "the row's id, or the 16 digits of its PromptId")
      ->required();
  CLI::App* list = Declare(command, "list", "Prompts by class", options, run, RunList);
  list->add_option("--class", options->named_class,
                   "unseen, effective, easy, hard, solved, hopeless, flipping or skipped");
  list->add_option("--sort", options->sort, "id, streak, mean, changes or last_seen")
      ->capture_default_str();
  list->add_flag("--descending", options->query.descending, "largest first");
  list->add_option("--limit", options->query.limit, "prompts of a page")->capture_default_str();
  list->add_option("--offset", options->query.offset, "prompts before the page");
  CLI::App* exports =
      Declare(command, "export", "Everything as JSON lines", options, run, RunExport);
  exports->add_option("--out", options->out, "file, - for stdout")->capture_default_str();
  Declare(command, "verify", "Recompute aggregates, chain and checksums", options, run, RunVerify);
}

}  // namespace winnow::cli
