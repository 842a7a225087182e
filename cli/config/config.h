#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace winnow::cli {

struct ConfigState;
struct Value;
struct ValueOrigin;

// A job file with every default filled in. Immutable; copies share one state, and reads are safe
// from any thread. Asking for a key that is not declared, or by another type than its own, or for
// the value of a null, is our bug: CHECK.
class Config {
 public:
  // All defaults; required keys are null.
  Config();

  bool Bool(std::string_view key) const;
  int64_t Int(std::string_view key) const;
  uint64_t U64(std::string_view key) const;  // run.seed
  double Number(std::string_view key) const;
  uint64_t Size(std::string_view key) const;  // bytes
  // A string, an enum's word, or an absolute path.
  const std::string& String(std::string_view key) const;
  // Strings, absolute paths, or device numbers.
  const std::vector<std::string>& List(std::string_view key) const;
  const std::vector<double>& Numbers(std::string_view key) const;
  // A free map as JSON text, for reward.reward_kwargs and the like.
  std::string MapJson(std::string_view key) const;

  bool IsNull(std::string_view key) const;
  std::optional<int64_t> OptionalInt(std::string_view key) const;
  std::optional<double> OptionalNumber(std::string_view key) const;
  std::optional<uint64_t> OptionalSize(std::string_view key) const;
  std::optional<std::string> OptionalString(std::string_view key) const;
  std::optional<std::vector<std::string>> OptionalList(std::string_view key) const;

  // Given by a file, the environment or --set, even if equal to the default.
  bool IsGiven(std::string_view key) const;
  // Given, or set by WithDerived, to another value than the default.
  bool IsChanged(std::string_view key) const;
  // `default`, `job.yaml:14`, `env NAME`, `--set`, `alias NAME (job.yaml:3)`, `derived from …`.
  std::string Origin(std::string_view key) const;
  // Keys whose value differs from the default, in the order of their declaration.
  std::vector<std::string> Changed() const;
  // One value as YAML on one line.
  std::string Text(std::string_view key) const;

  // A copy in which `key` has the value `yaml`, whatever the file says; what is derived from it
  // follows. For what only the caller can know: model.dtype of this machine, the reward range of
  // the verifier, filter.gen_batch_max cut to the data. CHECKs that the value is allowed.
  Config WithDerived(std::string_view key, std::string_view yaml, std::string_view reason) const;
  // The time the run was created, in seconds since 1970; kept in the resolved file's header. 0 if
  // it is not set.
  Config WithCreationTime(int64_t seconds) const;
  int64_t creation_time() const;

  // Options for reward::MakeVerifier: the keys below `reward.` that the job's verifier reads, and
  // extract, no_answer and thinking if they differ from their defaults. Scalars as text, lists and
  // maps as JSON text. For `compose` those of its parts too, as PART.OPTION.
  std::map<std::string, std::string> VerifierOptions() const;

  // The file written as config.resolved.yaml: every key, absolute paths, no alias. Reading it again
  // gives an equal config and the same text.
  std::string ToResolvedYaml() const;
  // One JSON object, sections nested. With `only_changed`, what Changed() lists.
  std::string ToJson(bool only_changed = false) const;

  // For the checks: the raw value with its origin.
  const Value& value(std::string_view key) const;
  const ValueOrigin& origin(std::string_view key) const;

  explicit Config(std::shared_ptr<const ConfigState> state) : state_(std::move(state)) {}
  const ConfigState& state() const { return *state_; }

 private:
  std::shared_ptr<const ConfigState> state_;
};

// Which command reads the file: some required keys and checks depend on it.
enum class Purpose { kTrain, kSft, kEval, kGenerate, kShow };

struct LoadRequest {
  std::string path;                                     // "" (kShow only): the defaults alone.
  std::vector<std::string> sets = {};                   // "KEY=VALUE" of --set, in order.
  std::map<std::string, std::string> environment = {};  // The process's environment.
  Purpose purpose = Purpose::kTrain;
  std::string working_folder = {};  // "" = the current folder.
  bool check_files = true;          // Look whether the files named are there.
};

// Reads and checks a job file. True: `*config` is set. False: `*messages` has one line per mistake
// (the first 20, in file order) and a last line `N mistakes; nothing was started`; exit with 2.
// `*notices` gets lines to print in either case: aliases that were read, warnings.
bool LoadConfig(const LoadRequest& request, Config* config, std::vector<std::string>* messages,
                std::vector<std::string>* notices);

// The environment of this process.
std::map<std::string, std::string> ProcessEnvironment();

}  // namespace winnow::cli
