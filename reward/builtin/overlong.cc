#include <algorithm>

#include "base/format.h"
#include "reward/builtin/entry.h"

namespace winnow::reward {
namespace {

// The soft length limit of DAPO (arXiv:2503.14476, eq. 13), as verl computes it:
//   reward = max(−f, min(0, −f·(len − (L − c))/c))
// L = max_response_length, c = overlong_buffer.len, f = overlong_buffer.penalty_factor, len = the
// response's tokens: all of them, or those of its longest path through parallel branches.
class Overlong final : public Verifier {
 public:
  Overlong(double limit, double buffer, double factor, bool longest_path)
      : limit_(limit), buffer_(buffer), factor_(factor), longest_path_(longest_path) {
    traits_.name = "overlong";
    traits_.needs_reference = false;
    traits_.range = {static_cast<float>(-factor), 0.0f};
  }

  const Traits& traits() const override { return traits_; }
  void Verify(std::span<const Sample> samples, Deadline, std::span<Verdict> out) override {
    for (size_t i = 0; i < samples.size(); ++i) {
      const double tokens =
          longest_path_ ? samples[i].longest_path_tokens : samples[i].response_tokens;
      const double over = (tokens - (limit_ - buffer_)) / buffer_;
      const double reward = std::max(-factor_, std::min(0.0, -factor_ * over));
      out[i] = Verdict::Scored(static_cast<float>(reward), {}, traits_.range);
    }
  }

 private:
  const double limit_, buffer_, factor_;
  const bool longest_path_;
  Traits traits_;
};

Result<std::unique_ptr<Verifier>> Make(OptionReader& options) {
  const double limit = options.Number("max_response_length", 1, 1e9);
  const double buffer = options.Number("overlong_buffer.len", 1, 1e9);
  const double factor = options.Number("overlong_buffer.penalty_factor", 0, 1e6);
  if (buffer > limit) {
    options.Refuse("overlong_buffer.len", Format("at most max_response_length ({})", limit),
                   options.Text("overlong_buffer.len"));
  }
  const bool longest = options.Choice("count", {"total", "longest_path"}) == 1;
  return std::unique_ptr<Verifier>(std::make_unique<Overlong>(limit, buffer, factor, longest));
}

}  // namespace

VerifierEntry OverlongEntry() {
  return {"overlong",
          "soft length limit: a penalty that grows over the last tokens allowed",
          {{"max_response_length", "", "L, tokens"},
           {"overlong_buffer.len", "", "c, tokens before L where the penalty grows"},
           {"overlong_buffer.penalty_factor", "1", "f, the largest penalty"},
           {"count", "total", "total | longest_path"}},
          Make};
}

}  // namespace winnow::reward
