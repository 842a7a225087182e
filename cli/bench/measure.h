#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace winnow::cli {

// How often a benchmark runs its pass: one untimed, then `repeats` timed ones.
inline constexpr int kDefaultRepeats = 3;

// The middle value; of an even count the mean of the two middle ones. REQUIRES: not empty.
double Median(std::vector<double> values);

// The median over `repeats` runs of `seconds`, which runs once before that untimed; each call
// returns how long it took.
double MedianSeconds(int repeats, const std::function<double()>& seconds);

// Wall seconds of one call.
double SecondsOf(const std::function<void()>& work);

}  // namespace winnow::cli
