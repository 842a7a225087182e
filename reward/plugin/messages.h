#pragma once

#include <span>
#include <string>
#include <string_view>

#include "reward/interface.h"

namespace winnow::reward::plugin {

// The messages between host and worker (docs/formats/verifier_frames.md).

// One sample as a JSON object: the fields of reward::Sample, `extra` the row as an object.
std::string SampleJson(const Sample& sample);
// `{"deadline_ns": …, "timeout_ms": …, "samples": […]}`. The deadline is one of the first sample
// (CLOCK_MONOTONIC); each further one has `timeout_s` from the reply before.
std::string RequestJson(std::span<const Sample> samples, double timeout_s);

// A verdict out of `{"kind"?, "reward"?, "parts"?, "reason"?}`; without a kind it is scored. What
// is no such object is an error that names the protocol, and `*broken` is set.
Verdict ParseVerdict(std::string_view message, bool* broken);

}  // namespace winnow::reward::plugin
