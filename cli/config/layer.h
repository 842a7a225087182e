#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/config/interpolate.h"
#include "cli/config/yaml_tree.h"

namespace winnow::cli {

// Where a value comes from.
struct ValueOrigin {
  enum class Kind { kDefault, kFile, kEnvironment, kSet, kDerived };
  Kind kind = Kind::kDefault;
  std::string name;   // kFile: the file; kEnvironment: the variable; kDerived: from what.
  int line = 0;       // kFile
  std::string alias;  // The other system's name it was written with, "" if none.
  int source = 0;     // Files in the order of reading, then environment, then --set.

  // "job.yaml:14", "--set", "env NAME", "default", "derived": the head of a message.
  std::string Head() const;
  // As `config show --origin` prints it.
  std::string Text() const;
};

// A message with its place, so that all can be sorted into file order.
struct Mistake {
  int source = 0;  // As ValueOrigin::source.
  int line = 0;
  std::string text;
};

// One key's value as one source gives it.
struct Setting {
  YamlNode node;
  ValueOrigin origin;
  std::string folder;  // Where relative paths start.
};
using Settings = std::map<size_t, Setting>;  // By index in the registry.

// What one source (a file, the environment, --set) gives.
struct Layer {
  Settings settings;
  std::map<std::string, int> section_lines;  // First line of each section; files only.
  std::vector<Mistake> mistakes;
  std::vector<std::string> notices;  // `job.yaml:3: num_generations read as rollout.n`.
};

// Turns trees into settings: finds keys, aliases and refused names, interpolates variables.
class LayerReader {
 public:
  LayerReader(const Environment& environment, std::string folder, Layer* layer)
      : environment_(environment), folder_(std::move(folder)), layer_(layer) {}

  // The whole of a file; `extends` is left to the caller.
  void ReadFile(const YamlNode& root, const std::string& file, int source);
  // One name with dots, from the environment or --set. `may_repeat`: the last one wins.
  void ReadOne(const std::string& name, const YamlNode& node, const ValueOrigin& origin,
               bool may_repeat);
  void AddMistake(const ValueOrigin& origin, const std::string& text);

 private:
  void Walk(const YamlNode& map, const std::string& path, const ValueOrigin& origin);
  void ReadEntry(const std::string& written, const YamlNode& node, const ValueOrigin& origin);
  void ReadKey(size_t key, const std::string& written, YamlNode node, ValueOrigin origin);
  void ReadMapKey(size_t key, const std::string& written, YamlNode node, const ValueOrigin& origin);
  void ReadAlias(const std::string& written, const YamlNode& node, const ValueOrigin& origin);
  void ReportUnknown(const std::string& written, const YamlNode& node, const ValueOrigin& origin);
  bool InterpolateNode(YamlNode* node, std::string* problem) const;

  const Environment& environment_;
  const std::string folder_;
  Layer* const layer_;
  bool may_repeat_ = false;
};

// `over` laid on `base`: its settings win, free maps merge.
void Overlay(const Settings& over, Settings* base);

}  // namespace winnow::cli
