// LoadConfig: files, environment and --set to one checked Config.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/file.h"
#include "base/format.h"
#include "cli/config/checks.h"
#include "cli/config/config.h"
#include "cli/config/config_state.h"
#include "cli/config/keys.h"
#include "cli/config/not_built.h"

extern char** environ;

namespace winnow::cli {
namespace {

constexpr size_t kMaxMessages = 20;
constexpr size_t kMaxChain = 16;
constexpr std::string_view kVariablePrefix = "WINNOW_CFG_";

// Reads the sources of one request, weakest first, and collects what is wrong with them.
class Loader {
 public:
  explicit Loader(const LoadRequest& request) : request_(request) {
    std::error_code error;
    const std::filesystem::path here = std::filesystem::current_path(error);
    folder_ = (here / request.working_folder).lexically_normal().string();
  }

  bool Load(Config* config, std::vector<std::string>* messages, std::vector<std::string>* notices) {
    auto state = std::make_shared<ConfigState>();
    state->file = request_.path;
    state->working_folder = folder_;
    state->has_key_file = request_.environment.contains("WINNOW_KEY_FILE");
    if (request_.path.empty() && request_.purpose != Purpose::kShow) {
      mistakes_.push_back({0, 0, "a job file must be given"});
      is_cut_off_ = true;
    }
    Settings settings;
    if (!request_.path.empty()) ReadFiles(state.get(), &settings);
    ReadEnvironment(&settings);
    ReadSets(&settings);
    ReadValues(settings, state.get());
    Resolve(state.get());
    *config = Config(std::move(state));
    Check(*config);
    *notices = std::move(notices_);
    WriteMessages(messages);
    return messages->empty();
  }

 private:
  // The file named, then those it extends; the first has the strongest settings.
  void ReadFiles(ConfigState* state, Settings* settings) {
    std::vector<Layer> layers;
    std::vector<std::string> chain;
    std::vector<std::string> identities;
    std::string file = request_.path;
    ValueOrigin asked{.kind = ValueOrigin::Kind::kFile, .name = file, .line = 0};
    while (!file.empty()) {
      std::error_code error;
      const std::string full = (std::filesystem::path(folder_) / file).string();
      std::string identity = std::filesystem::weakly_canonical(full, error).string();
      chain.push_back(file);
      if (std::find(identities.begin(), identities.end(), identity) != identities.end() ||
          chain.size() > kMaxChain) {
        ReportChain(asked, chain);
        break;
      }
      identities.push_back(std::move(identity));
      layers.emplace_back();
      file =
          ReadFile(file, full, static_cast<int>(layers.size()) - 1, &layers.back(), &asked, state);
    }
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
      Overlay(layer->settings, settings);
    }
    for (Layer& layer : layers) Take(&layer);
    if (!layers.empty()) state->section_lines = layers.front().section_lines;
  }

  void ReportChain(const ValueOrigin& asked, const std::vector<std::string>& chain) {
    std::string names;
    for (const std::string& name : chain) names += (names.empty() ? "" : ", ") + Printable(name);
    const char* rule = chain.size() > kMaxChain ? "extends must be at most 15 files long"
                                                : "extends must not form a cycle";
    mistakes_.push_back(
        {asked.source, asked.line, Format("{}: {}: {}", asked.Head(), rule, names)});
    is_cut_off_ = true;
  }

  // Reads one file into `layer`; returns the file it extends, "" if none.
  std::string ReadFile(const std::string& file, const std::string& full, int source, Layer* layer,
                       ValueOrigin* asked, ConfigState* state) {
    std::string text;
    if (!ReadText(file, full, *asked, &text)) return "";
    if (source == 0) state->creation_time = CreationTimeOf(text);
    YamlNode root;
    std::vector<YamlMistake> found;
    const bool is_whole = ParseYaml(text, &root, &found);
    for (const YamlMistake& mistake : found) {
      layer->mistakes.push_back(
          {source, mistake.line, Format("{}:{}: {}", file, mistake.line, mistake.text)});
    }
    // A tree that was cut off gives messages that mislead; one with duplicate keys is whole.
    if (!is_whole && root.kind == YamlNode::Kind::kNull) {
      is_cut_off_ = true;
      return "";
    }
    LayerReader reader(request_.environment, folder_, layer);
    reader.ReadFile(root, file, source);
    return ExtendsOf(root, file, source, &reader, asked);
  }

  bool ReadText(const std::string& file, const std::string& full, const ValueOrigin& asked,
                std::string* text) {
    const auto fail = [&](const std::string& reason) {
      const bool is_first = asked.line == 0;
      is_cut_off_ = true;
      mistakes_.push_back(
          {asked.source, asked.line,
           is_first ? Format("{} cannot be read ({})", file, reason)
                    : Format("{}: extends cannot be read: {} ({})", asked.Head(), file, reason)});
      return false;
    };
    auto opened = RandomAccessFile::Open(full);
    if (!opened.ok()) {
      // The status says "PATH (reason)".
      const std::string& message = opened.status().message();
      const size_t begin = message.rfind('(');
      const size_t end = message.rfind(')');
      if (begin == std::string::npos || end == std::string::npos) return fail(message);
      return fail(message.substr(begin + 1, end - begin - 1));
    }
    if (opened->size_bytes() > YamlLimits::kMaxBytes) {
      return fail(
          Format("{} bytes, at most {} are allowed", opened->size_bytes(), YamlLimits::kMaxBytes));
    }
    text->resize(opened->size_bytes());
    const Status status = opened->Read(0, text->size(), text->data());
    return status.ok() || fail(status.message());
  }

  std::string ExtendsOf(const YamlNode& root, const std::string& file, int source,
                        LayerReader* reader, ValueOrigin* asked) {
    for (size_t i = 0; i < root.keys.size(); ++i) {
      if (root.keys[i] != "extends") continue;
      *asked = {.kind = ValueOrigin::Kind::kFile,
                .name = file,
                .line = root.key_lines[i],
                .source = source};
      const YamlNode& node = root.items[i];
      if (node.kind != YamlNode::Kind::kScalar || node.text.empty()) {
        reader->AddMistake(*asked, "extends must be a path: " + ShowNode(node));
        return "";
      }
      std::string path;
      const std::string problem = Interpolate(node.text, request_.environment, &path);
      if (!problem.empty()) {
        reader->AddMistake(*asked, "extends " + problem);
        return "";
      }
      if (path.empty() || path.find('\0') != std::string::npos) {
        reader->AddMistake(*asked, "extends must be a path: \"\"");
        return "";
      }
      return (std::filesystem::path(file).parent_path() / path).lexically_normal().string();
    }
    return "";
  }

  // `# created: SECONDS` in the header of a resolved file.
  static int64_t CreationTimeOf(std::string_view text) {
    while (text.starts_with('#')) {
      constexpr std::string_view kMark = "# created: ";
      int64_t seconds = 0;
      if (text.starts_with(kMark)) {
        text.remove_prefix(kMark.size());
        std::from_chars(text.data(), text.data() + text.size(), seconds);
        return seconds;
      }
      const size_t end = text.find('\n');
      if (end == std::string_view::npos) break;
      text.remove_prefix(end + 1);
    }
    return 0;
  }

  void ReadEnvironment(Settings* settings) {
    Layer layer;
    LayerReader reader(request_.environment, folder_, &layer);
    for (const auto& [variable, text] : request_.environment) {
      if (!variable.starts_with(kVariablePrefix)) continue;
      const ValueOrigin origin{
          .kind = ValueOrigin::Kind::kEnvironment, .name = variable, .source = kEnvironmentSource};
      ReadOne(NameOf(variable), text, origin, /*may_repeat=*/false, &reader);
    }
    Overlay(layer.settings, settings);
    Take(&layer);
  }

  // LEARNER__OPTIM__LR as learner.optim.lr.
  static std::string NameOf(const std::string& variable) {
    std::string name;
    for (size_t at = kVariablePrefix.size(); at < variable.size(); ++at) {
      if (variable.compare(at, 2, "__") == 0) {
        name += '.';
        ++at;
      } else {
        const char c = variable[at];
        name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      }
    }
    return name;
  }

  void ReadSets(Settings* settings) {
    Layer layer;
    LayerReader reader(request_.environment, folder_, &layer);
    const ValueOrigin origin{.kind = ValueOrigin::Kind::kSet, .source = kSetSource};
    for (const std::string& text : request_.sets) {
      const size_t mark = text.find('=');
      if (mark == std::string::npos || mark == 0) {
        reader.AddMistake(origin, "must be KEY=VALUE: " + Printable(text));
        continue;
      }
      ReadOne(text.substr(0, mark), text.substr(mark + 1), origin, /*may_repeat=*/true, &reader);
    }
    Overlay(layer.settings, settings);
    Take(&layer);
  }

  static void ReadOne(const std::string& name, const std::string& text, const ValueOrigin& origin,
                      bool may_repeat, LayerReader* reader) {
    YamlNode node;
    std::vector<YamlMistake> found;
    if (!ParseYaml(text, &node, &found)) {
      reader->AddMistake(origin, Printable(name, 120) + " " + found.front().text);
      return;
    }
    reader->ReadOne(name, node, origin, may_repeat);
  }

  void Take(Layer* layer) {
    std::move(layer->mistakes.begin(), layer->mistakes.end(), std::back_inserter(mistakes_));
    std::move(layer->notices.begin(), layer->notices.end(), std::back_inserter(notices_));
  }

  void ReadValues(const Settings& settings, ConfigState* state) {
    for (const auto& [index, setting] : settings) {
      const KeyDeclaration& key = KeyRegistry::Get().key(index);
      ConfigState::Entry entry{.value = {}, .origin = setting.origin};
      std::string notice;
      const std::string problem =
          ReadValue(key, setting.node, setting.folder, &entry.value, &notice);
      if (!problem.empty()) {
        mistakes_.push_back({setting.origin.source, setting.origin.line,
                             Format("{}: {} {}", setting.origin.Head(), key.name, problem)});
        broken_.push_back(index);
        continue;
      }
      if (!notice.empty()) notices_.push_back(setting.origin.Head() + ": " + notice);
      state->given[index] = std::move(entry);
    }
  }

  // Checks over several keys see the default of a key whose value is broken; what they then say of
  // it, or of a key computed from it, would mislead and is left out.
  void Check(const Config& config) {
    if (is_cut_off_) return;
    AddAll(CheckBuilt(config));
    const std::vector<std::string> broken = BrokenNames(config);
    Findings findings = CheckConfig(config, request_.purpose);
    for (Mistake& mistake : findings.mistakes) {
      const bool misleads = std::any_of(broken.begin(), broken.end(), [&](const std::string& name) {
        return mistake.text.find(name) != std::string::npos;
      });
      if (!misleads) mistakes_.push_back(std::move(mistake));
    }
    for (const Mistake& warning : findings.warnings) notices_.push_back(warning.text);
    if (request_.check_files && request_.purpose != Purpose::kShow) {
      AddAll(CheckFiles(config, request_.purpose));
    }
  }

  std::vector<std::string> BrokenNames(const Config& config) const {
    std::vector<std::string> names;
    for (const size_t index : broken_) names.push_back(KeyRegistry::Get().key(index).name);
    for (size_t i = 0; i < names.size(); ++i) {
      for (const KeyDeclaration& key : KeyRegistry::Get().keys()) {
        const bool depends = key.derived.find(names[i]) != std::string::npos &&
                             config.origin(key.name).kind == ValueOrigin::Kind::kDerived;
        if (depends && std::find(names.begin(), names.end(), key.name) == names.end()) {
          names.push_back(key.name);
        }
      }
    }
    return names;
  }

  void AddAll(std::vector<Mistake> mistakes) {
    std::move(mistakes.begin(), mistakes.end(), std::back_inserter(mistakes_));
  }

  void WriteMessages(std::vector<std::string>* messages) {
    messages->clear();
    if (mistakes_.empty()) return;
    std::stable_sort(mistakes_.begin(), mistakes_.end(), [](const Mistake& a, const Mistake& b) {
      return std::pair(a.source, a.line) < std::pair(b.source, b.line);
    });
    for (size_t i = 0; i < std::min(mistakes_.size(), kMaxMessages); ++i) {
      messages->push_back(mistakes_[i].text);
    }
    messages->push_back(Format("{} mistake{}; nothing was started", mistakes_.size(),
                               mistakes_.size() == 1 ? "" : "s"));
  }

  // After all files in the order of messages.
  static constexpr int kEnvironmentSource = 100;
  static constexpr int kSetSource = 101;

  const LoadRequest& request_;
  std::string folder_;
  std::vector<Mistake> mistakes_;
  std::vector<std::string> notices_;
  std::vector<size_t> broken_;  // Keys whose value is refused.
  bool is_cut_off_ = false;     // Some file could not be read to its end.
};

}  // namespace

bool LoadConfig(const LoadRequest& request, Config* config, std::vector<std::string>* messages,
                std::vector<std::string>* notices) {
  return Loader(request).Load(config, messages, notices);
}

std::map<std::string, std::string> ProcessEnvironment() {
  std::map<std::string, std::string> environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t mark = text.find('=');
    if (mark == std::string_view::npos) continue;
    environment.emplace(text.substr(0, mark), text.substr(mark + 1));
  }
  return environment;
}

}  // namespace winnow::cli
