#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "base/ids.h"

namespace winnow::reward {

// What the last verdicts say about the health of the verifier (verifiers.md §2).
enum class WindowState : uint8_t {
  kGood,
  kWarn,   // more than 5 % invalid
  kPause,  // more than max_unknown_fraction unknown: stop dispatch until kResumeAfter good retries
  kStop,   // more than half of the first 64 invalid: the data columns are mapped wrongly, exit 2
};

// Counts the kinds of the last 512 final verdicts (after retries). Shares are of the whole window,
// so 26 unknown ones of 512 pause at the default of 0.05, however early they come.
// Threads: one at a time. Pure: no clock, no log.
class VerdictWindow {
 public:
  static constexpr size_t kWindow = 512;
  static constexpr size_t kFirst = 64;
  static constexpr uint32_t kResumeAfter = 8;

  explicit VerdictWindow(double max_unknown_fraction = 0.05)
      : max_unknown_fraction_(max_unknown_fraction) {}

  // Takes a final verdict and returns the state. A pause ends by AddRetry only; a stop never ends.
  WindowState Add(VerdictKind kind);
  // Takes the verdict of a held sample that was retried during a pause: a known one is good. After
  // kResumeAfter good ones in a row the unknown ones are forgotten and the pause ends.
  WindowState AddRetry(VerdictKind kind);

  WindowState state() const { return state_; }
  size_t size() const { return kinds_.size(); }
  size_t unknown() const { return unknown_; }
  size_t invalid() const { return invalid_; }

 private:
  void Count(VerdictKind kind, size_t by);

  const double max_unknown_fraction_;
  std::deque<VerdictKind> kinds_;
  size_t unknown_ = 0;
  size_t invalid_ = 0;
  uint64_t total_ = 0;
  uint32_t good_retries_ = 0;
  WindowState state_ = WindowState::kGood;
};

}  // namespace winnow::reward
