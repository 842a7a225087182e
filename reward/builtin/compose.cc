#include <algorithm>
#include <map>

#include "base/format.h"
#include "reward/builtin/entry.h"
#include "reward/registry.h"

namespace winnow::reward {
namespace {

struct PartVerifier {
  std::string name;
  double weight = 0.0;
  bool gate = false;
  std::unique_ptr<Verifier> verifier;
};

struct ComposeOptions {
  bool minimum = false;                       // the least part instead of the weighted sum
  double floor = 0.0;                         // reward where a gate fails
  bool by_source = false;                     // the part of the sample's data_source alone
  std::map<std::string, std::string> routes;  // data_source to part
  std::string fallback;                       // part of a data_source without a route
};

// Joins verifiers. Reward of a sample = Σ weight · part, or the least part, or what the part of its
// data_source says. Gates are asked first: one that is not > 0 gives `floor` and skips the rest. An
// unknown part of non-zero weight makes the whole unknown, an invalid one is left out, all invalid
// is invalid. The parts' rewards are the parts NAME.reward.
class Compose final : public Verifier {
 public:
  Compose(std::vector<PartVerifier> parts, ComposeOptions options)
      : parts_(std::move(parts)), options_(std::move(options)) {
    // Gates first, the order given within each kind.
    std::stable_sort(parts_.begin(), parts_.end(),
                     [](const PartVerifier& a, const PartVerifier& b) { return a.gate > b.gate; });
    traits_.name = "compose";
    traits_.needs_reference = false;
    SetTraits();
  }

  const Traits& traits() const override { return traits_; }

  void Verify(std::span<const Sample> samples, Deadline deadline, std::span<Verdict> out) override {
    std::vector<Progress> progress(samples.size());
    for (const PartVerifier& part : parts_) AskPart(part, samples, deadline, progress);
    for (size_t i = 0; i < samples.size(); ++i) out[i] = Conclude(progress[i], samples[i]);
  }

 private:
  // What is known of a sample while its parts are asked in turn.
  struct Progress {
    Parts parts;
    double sum = 0.0;
    double least = 0.0;
    size_t scored = 0;
    bool gate_failed = false;
    Verdict unknown;  // set if has_unknown
    bool has_unknown = false;
    std::string invalid_reason;  // of the last invalid part
  };

  void SetTraits() {
    RewardRange sum{0.0f, 0.0f};
    RewardRange each{0.0f, 0.0f};
    bool first = true;
    for (const PartVerifier& part : parts_) {
      const Traits& traits = part.verifier->traits();
      traits_.deterministic &= traits.deterministic;
      traits_.thread_safe &= traits.thread_safe;
      traits_.needs_reference |= traits.needs_reference;
      traits_.batch_limit = std::min(traits_.batch_limit, traits.batch_limit);
      const float weight = static_cast<float>(part.weight);
      const float a = weight * traits.range.min, b = weight * traits.range.max;
      // A part may be left out, so 0 is always among the sums.
      sum.min += std::min({a, b, 0.0f});
      sum.max += std::max({a, b, 0.0f});
      each.min = first ? traits.range.min : std::min(each.min, traits.range.min);
      each.max = first ? traits.range.max : std::max(each.max, traits.range.max);
      first = false;
    }
    traits_.range = options_.minimum || options_.by_source ? each : sum;
    const float floor = static_cast<float>(options_.floor);
    const bool gated = std::any_of(parts_.begin(), parts_.end(),
                                   [](const PartVerifier& part) { return part.gate; });
    if (!gated) return;
    traits_.range.min = std::min(traits_.range.min, floor);
    traits_.range.max = std::max(traits_.range.max, floor);
  }

  // The part a sample is routed to; empty if none.
  const std::string& RouteOf(const Sample& sample) const {
    const auto route = options_.routes.find(std::string(sample.data_source));
    return route == options_.routes.end() ? options_.fallback : route->second;
  }

  void AskPart(const PartVerifier& part, std::span<const Sample> samples, Deadline deadline,
               std::vector<Progress>& progress) const {
    std::vector<Sample> asked;
    std::vector<size_t> index;
    for (size_t i = 0; i < samples.size(); ++i) {
      const bool routed = !options_.by_source || RouteOf(samples[i]) == part.name;
      if (!routed || progress[i].gate_failed || progress[i].has_unknown) continue;
      asked.push_back(samples[i]);
      index.push_back(i);
    }
    if (asked.empty()) return;
    std::vector<Verdict> verdicts(asked.size());
    part.verifier->Verify(asked, deadline, verdicts);
    for (size_t i = 0; i < asked.size(); ++i) Note(part, verdicts[i], progress[index[i]]);
  }

  void Note(const PartVerifier& part, const Verdict& verdict, Progress& progress) const {
    const bool counts = part.weight != 0.0 || part.gate || options_.by_source || options_.minimum;
    if (verdict.is_unknown()) {
      if (!counts) return;
      progress.has_unknown = true;
      const std::string reason = part.name + ": " + verdict.reason();
      progress.unknown = verdict.kind() == VerdictKind::kTimeout ? Verdict::Timeout(reason)
                                                                 : Verdict::Error(reason);
      return;
    }
    if (!verdict.is_scored()) {
      progress.invalid_reason = part.name + ": " + verdict.reason();
      return;
    }
    const double reward = verdict.reward();
    AddPart(part.name + ".reward", reward, progress.parts);
    if (const double* answered = verdict.FindPart("answered")) {
      AddPart(part.name + ".answered", *answered, progress.parts);
    }
    if (part.gate && !(reward > 0.0)) progress.gate_failed = true;
    progress.least = progress.scored == 0 ? reward : std::min(progress.least, reward);
    progress.sum += options_.by_source ? reward : part.weight * reward;
    ++progress.scored;
  }

  static void AddPart(std::string name, double value, Parts& parts) {
    if (parts.size() < kMaxParts) parts.push_back({std::move(name), value});
  }

  Verdict Conclude(Progress& progress, const Sample& sample) const {
    if (progress.has_unknown) return std::move(progress.unknown);
    if (progress.scored == 0) {
      if (!progress.invalid_reason.empty()) return Verdict::Invalid(progress.invalid_reason);
      return Verdict::Invalid(Format("no verifier for data source \"{}\"", sample.data_source));
    }
    double reward = options_.minimum ? progress.least : progress.sum;
    if (progress.gate_failed) reward = options_.floor;
    return Verdict::Scored(static_cast<float>(reward), std::move(progress.parts), traits_.range);
  }

  std::vector<PartVerifier> parts_;  // constant after construction
  const ComposeOptions options_;
  Traits traits_;
};

// Makes compose out of its options; names each mistake by its key.
class Builder {
 public:
  explicit Builder(OptionReader& options) : options_(options) {}

  Result<std::unique_ptr<Verifier>> Build() {
    ComposeOptions compose;
    compose.minimum = options_.Choice("combine", {"sum", "min"}) == 1;
    compose.floor = options_.Number("floor", -1e6, 1e6);
    compose.by_source = options_.Choice("by", {"none", "data_source"}) == 1;
    compose.fallback = options_.Text("default");
    for (const auto& [name, weight] : options_.NumberMap("weights")) {
      WINNOW_RETURN_IF_ERROR(AddPart(name, weight, /*gate=*/false));
    }
    for (const std::string& name : options_.List("gate")) {
      WINNOW_RETURN_IF_ERROR(AddPart(name, 0.0, /*gate=*/true));
    }
    for (const auto& [source, name] : options_.TextMap("routes")) {
      compose.routes[source] = name;
      WINNOW_RETURN_IF_ERROR(AddPart(name, 0.0, /*gate=*/false));
    }
    if (!compose.fallback.empty()) {
      WINNOW_RETURN_IF_ERROR(AddPart(compose.fallback, 0.0, /*gate=*/false));
    }
    if (compose.by_source && compose.routes.empty() && compose.fallback.empty()) {
      options_.Refuse("routes", "given with by: data_source", "");
    }
    if (!compose.by_source && parts_.empty()) {
      options_.Refuse("weights", "a map of verifiers to weights", options_.Text("weights"));
    }
    CheckPrefixes();
    return std::unique_ptr<Verifier>(
        std::make_unique<Compose>(std::move(parts_), std::move(compose)));
  }

 private:
  Status AddPart(const std::string& name, double weight, bool gate) {
    for (PartVerifier& part : parts_) {
      if (part.name != name) continue;
      part.gate |= gate;
      if (weight != 0.0) part.weight = weight;
      return OkStatus();
    }
    if (name == "compose") return InvalidArgument("reward.weights must not name compose itself");
    VerifierOptions own;
    std::string kind = name;
    if (options_.IsGiven(name + ".verifier")) kind = options_.Text(name + ".verifier");
    for (const OptionInfo& info : OptionsOf(kind)) {
      const bool shared =
          info.name == "extract" || info.name == "no_answer" || info.name == "thinking";
      if (shared && options_.IsGiven(info.name)) own[info.name] = options_.Text(info.name);
    }
    for (const auto& [key, value] : options_.WithPrefix(name + ".")) {
      if (key != "verifier") own[key] = value;
    }
    Result<std::unique_ptr<Verifier>> verifier = MakeVerifier(kind, own);
    if (!verifier.ok()) {
      return Status(verifier.status().code(),
                    Format("reward.{}: {}", name, verifier.status().message()));
    }
    parts_.push_back({name, weight, gate, std::move(verifier).value()});
    return OkStatus();
  }

  // A dotted key must belong to a part, or it would be ignored in silence.
  void CheckPrefixes() {
    for (const auto& [key, value] : options_.WithPrefix("")) {
      if (key.find('.') == std::string::npos) continue;
      const bool known = std::any_of(parts_.begin(), parts_.end(), [&](const PartVerifier& part) {
        return key.starts_with(part.name + ".");
      });
      if (!known) options_.Refuse(key, "an option of a part (NAME.OPTION)", value);
    }
  }

  OptionReader& options_;
  std::vector<PartVerifier> parts_;
};

Result<std::unique_ptr<Verifier>> Make(OptionReader& options) { return Builder(options).Build(); }

}  // namespace

VerifierEntry ComposeEntry() {
  return {"compose",
          "weighted sum, gates, least part or routing by data_source over other verifiers",
          {{"weights", "", "map of parts to weights; a part's name is its verifier's"},
           {"gate", "", "parts that must be > 0, asked first"},
           {"floor", "0", "reward where a gate fails"},
           {"combine", "sum", "sum | min"},
           {"by", "none", "none | data_source"},
           {"routes", "", "map of data sources to parts, with by: data_source"},
           {"default", "", "part of data sources without a route"},
           {"extract", "auto", "as the parts' own, for all of them"},
           {"no_answer", "0", "as the parts' own, for all of them"},
           {"thinking", "none", "as the parts' own, for all of them"},
           {"*.", "", "NAME.OPTION: option of the part NAME; NAME.verifier: its verifier"}},
          Make};
}

}  // namespace winnow::reward
