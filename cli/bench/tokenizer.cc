#include <CLI/CLI.hpp>

#include "base/format.h"
#include "cli/bench/commands.h"
#include "cli/bench/measure.h"
#include "cli/bench/report.h"

namespace winnow::cli {
namespace {

struct Options {
  std::string model;
  std::string data;
  std::string field = "prompt";
  int repeats = kDefaultRepeats;
  bool as_json = false;
};

Status RunBenchTokenizer(const Options& options) {
  WINNOW_ASSIGN_OR_RETURN(const auto tokenizer, model::Tokenizer::Load(options.model));
  std::vector<std::string> texts;
  size_t bytes = 0;
  WINNOW_RETURN_IF_ERROR(
      ForEachJsonLine(options.data, [&](const Json& line, const std::string&) -> Status {
        WINNOW_ASSIGN_OR_RETURN(std::string text, StringField(line, options.field));
        bytes += text.size();
        texts.push_back(std::move(text));
        return OkStatus();
      }));
  if (bytes == 0) return InvalidArgument(options.data + ": must hold a text: none");
  size_t tokens = 0;
  const double seconds = MedianSeconds(options.repeats, [&] {
    tokens = 0;
    return SecondsOf([&] {
      for (const std::string& text : texts) tokens += tokenizer->Encode(text).size();
    });
  });
  PrintReport({{"texts", texts.size()},
               {"bytes", bytes},
               {"tokens", tokens},
               {"bytes_per_second", static_cast<double>(bytes) / seconds},
               {"tokens_per_second", static_cast<double>(tokens) / seconds}},
              options.as_json);
  return OkStatus();
}

}  // namespace

void DeclareBenchTokenizer(CLI::App* bench, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = bench->add_subcommand("tokenizer", "Rate of encoding texts, one thread");
  command->add_option("--model", options->model, "folder with tokenizer.json")->required();
  command->add_option("--data", options->data, "JSON lines")->required();
  command->add_option("--field", options->field, "of each line")->capture_default_str();
  command->add_option("--repeats", options->repeats, "timed runs; the median is reported")
      ->check(CLI::Range(3, 1000))
      ->capture_default_str();
  command->add_flag("--json", options->as_json, "one JSON object");
  command->callback([run, options] { *run = [options] { return RunBenchTokenizer(*options); }; });
}

}  // namespace winnow::cli
