#include "orchestrator/metrics/console_progress.h"

#include <cmath>
#include <ostream>

#include "base/format.h"

namespace winnow::orchestrator {
namespace {

constexpr double kPlainLineEvery_s = 5;
constexpr std::string_view kEraseToEnd = "\x1b[K";

std::string FormatRate(double steps_per_second) {
  return steps_per_second >= 1 ? Format("{:.2f} steps/s", steps_per_second)
                               : Format("{:.2f} s/step", 1 / steps_per_second);
}

}  // namespace

std::string FormatDuration(double seconds) {
  const auto whole = static_cast<uint64_t>(std::llround(seconds));
  const uint64_t hours = whole / 3600, minutes = whole / 60 % 60, rest = whole % 60;
  return hours > 0 ? Format("{}:{:02}:{:02}", hours, minutes, rest)
                   : Format("{}:{:02}", minutes, rest);
}

std::string FormatProgress(const Progress& p) {
  std::string line =
      p.total_steps > 0 ? Format("step {}/{}", p.step, p.total_steps) : Format("step {}", p.step);
  if (p.steps_done > 0 && p.elapsed_s > 0) {
    const double rate = static_cast<double>(p.steps_done) / p.elapsed_s;
    line += " | " + FormatRate(rate);
    if (p.total_steps >= p.step && p.total_steps > 0) {
      line += " | ETA " + FormatDuration(static_cast<double>(p.total_steps - p.step) / rate);
    }
  }
  if (p.loss.has_value()) line += Format(" | loss {:.4f}", *p.loss);
  if (p.reward_mean.has_value()) line += Format(" | reward {:.3f}", *p.reward_mean);
  if (p.accuracy.has_value()) line += Format(" | accuracy {:.3f}", *p.accuracy);
  if (p.rollouts > 0) line += Format(" | rollouts {}", p.rollouts);
  const uint64_t would_be = p.rollouts + p.rollouts_saved;
  if (p.rollouts_saved > 0) {
    line += Format(" | saved {} ({:.0f}%)", p.rollouts_saved,
                   100.0 * static_cast<double>(p.rollouts_saved) / static_cast<double>(would_be));
  }
  return line;
}

void ConsoleProgress::Draw() { *out_ << '\r' << line_ << kEraseToEnd << std::flush; }

void ConsoleProgress::Show(const Progress& progress) {
  if (!is_terminal_) {
    if (progress.elapsed_s < next_line_s_ && progress.step != progress.total_steps) return;
    next_line_s_ = progress.elapsed_s + kPlainLineEvery_s;
    *out_ << FormatProgress(progress) << '\n' << std::flush;
    return;
  }
  line_ = FormatProgress(progress);
  Draw();
}

void ConsoleProgress::Message(std::string_view line) {
  if (!is_terminal_ || line_.empty()) {
    *out_ << line << '\n' << std::flush;
    return;
  }
  *out_ << '\r' << line << kEraseToEnd << '\n';
  Draw();
}

void ConsoleProgress::Finish() {
  if (is_terminal_ && !line_.empty()) *out_ << '\n' << std::flush;
  line_.clear();
}

}  // namespace winnow::orchestrator
