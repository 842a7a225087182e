#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace winnow::orchestrator {

// What a person wants to know of a running job.
struct Progress {
  uint64_t step = 0;           // last finished
  uint64_t total_steps = 0;    // 0 = unknown
  uint64_t steps_done = 0;     // by this process, for the rate
  double elapsed_s = 0;        // of this process
  std::optional<double> loss;  // of supervised fine-tuning
  std::optional<double> reward_mean;
  std::optional<double> accuracy;  // of the last evaluation
  uint64_t rollouts = 0;           // responses generated, whole run
  uint64_t rollouts_saved = 0;     // responses that were not, thanks to the filter
};

// "1:02:03" or "4:05".
std::string FormatDuration(double seconds);

// One line without its end:
//   step 12/200 | 0.80 steps/s | ETA 3:55 | reward 0.412 | accuracy 0.430 | rollouts 3072 | saved
//   1024 (25%)
// Parts that are not known are left out; below one step a second the rate is "1.25 s/step".
std::string FormatProgress(const Progress& progress);

// Shows progress: on a terminal one line that is rewritten in place, elsewhere plain lines,
// at most one in five seconds of the job's time and the last one.
// Threads: one caller. `out` outlives it.
class ConsoleProgress {
 public:
  ConsoleProgress(std::ostream* out, bool is_terminal) : out_(out), is_terminal_(is_terminal) {}
  void Show(const Progress& progress);
  // Prints a line of its own; the progress line stays below it.
  void Message(std::string_view line);
  // Ends the progress line, so that what follows starts on a new one.
  void Finish();

 private:
  void Draw();

  std::ostream* const out_;
  const bool is_terminal_;
  double next_line_s_ = 0;  // plain lines: when the next one is due
  std::string line_;        // on the screen, not ended
};

}  // namespace winnow::orchestrator
