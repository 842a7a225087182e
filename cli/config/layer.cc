#include "cli/config/layer.h"

#include <algorithm>
#include <utility>

#include "base/format.h"
#include "cli/config/keys.h"
#include "cli/config/suggest.h"

namespace winnow::cli {
namespace {

using Kind = YamlNode::Kind;

// Suggestions cost time; more messages than these are not shown anyway.
constexpr size_t kMaxSuggestedMistakes = 40;

const KeyRegistry& Registry() { return KeyRegistry::Get(); }

bool IsSection(const std::string& name) {
  const auto& sections = Registry().sections();
  return std::find(sections.begin(), sections.end(), name) != sections.end();
}

void MergeMaps(const YamlNode& over, YamlNode* base) {
  for (size_t i = 0; i < over.items.size(); ++i) {
    const auto found = std::find(base->keys.begin(), base->keys.end(), over.keys[i]);
    if (found == base->keys.end()) {
      base->keys.push_back(over.keys[i]);
      base->key_lines.push_back(over.key_lines[i]);
      base->items.push_back(over.items[i]);
      continue;
    }
    YamlNode& old = base->items[found - base->keys.begin()];
    if (old.kind == Kind::kMap && over.items[i].kind == Kind::kMap) {
      MergeMaps(over.items[i], &old);
    } else {
      old = over.items[i];
    }
  }
}

}  // namespace

std::string ValueOrigin::Head() const {
  switch (kind) {
    case Kind::kFile:
      return Format("{}:{}", name, line);
    case Kind::kEnvironment:
      return "env " + name;
    case Kind::kSet:
      return "--set";
    case Kind::kDerived:
      return "derived";
    case Kind::kDefault:
      return "default";
  }
  return "";
}

std::string ValueOrigin::Text() const {
  if (kind == Kind::kDerived) return "derived from " + name;
  if (!alias.empty()) return Format("alias {} ({})", alias, Head());
  return Head();
}

void LayerReader::AddMistake(const ValueOrigin& origin, const std::string& text) {
  layer_->mistakes.push_back({origin.source, origin.line, origin.Head() + ": " + text});
}

void LayerReader::ReadFile(const YamlNode& root, const std::string& file, int source) {
  may_repeat_ = false;
  ValueOrigin origin{.kind = ValueOrigin::Kind::kFile, .name = file, .line = 1, .source = source};
  if (root.kind == Kind::kNull) return;
  if (root.kind != Kind::kMap) {
    origin.line = root.line;
    AddMistake(origin, "a job file must be a map of sections: " + ShowNode(root));
    return;
  }
  Walk(root, "", origin);
}

void LayerReader::ReadOne(const std::string& name, const YamlNode& node, const ValueOrigin& origin,
                          bool may_repeat) {
  may_repeat_ = may_repeat;
  ReadEntry(name, node, origin);
}

void LayerReader::Walk(const YamlNode& map, const std::string& path, const ValueOrigin& origin) {
  for (size_t i = 0; i < map.items.size(); ++i) {
    ValueOrigin here = origin;
    if (here.kind == ValueOrigin::Kind::kFile) here.line = map.key_lines[i];
    const std::string& key = map.keys[i];
    if (path.empty() && key == "extends" && here.kind == ValueOrigin::Kind::kFile) continue;
    if (path.empty()) layer_->section_lines.emplace(key, here.line);
    const std::string written = path.empty() ? key : path + "." + key;
    if (key.find('.') != std::string::npos) {
      AddMistake(here, Printable(written, 120) + " must be written as nested maps, not with dots");
      continue;
    }
    ReadEntry(written, map.items[i], here);
  }
}

void LayerReader::ReadEntry(const std::string& written, const YamlNode& node,
                            const ValueOrigin& origin) {
  const std::string name = TranslateByRule(written);
  if (const auto key = Registry().Find(name)) {
    if (Registry().key(*key).type == KeyType::kMap && node.kind == Kind::kMap) {
      ReadMapKey(*key, written, node, origin);
    } else {
      ReadKey(*key, written, node, origin);
    }
  } else if (Registry().FindAlias(name) != nullptr) {
    ReadAlias(written, node, origin);
  } else if (const std::string* reason = Registry().FindRefused(name)) {
    AddMistake(origin, written + " is refused: " + *reason);
  } else if (Registry().IsGroup(name)) {
    if (node.kind == Kind::kMap) {
      Walk(node, written, origin);
    } else if (node.kind != Kind::kNull) {
      AddMistake(origin, Format("{} must be a map: {}", written, ShowNode(node)));
    }
  } else {
    ReportUnknown(written, node, origin);
  }
}

// A free map; entries below which aliases lie (overlong_buffer_cfg) are taken out of it.
void LayerReader::ReadMapKey(size_t key, const std::string& written, YamlNode node,
                             const ValueOrigin& origin) {
  YamlNode aliases = node;
  aliases.keys.clear();
  aliases.key_lines.clear();
  aliases.items.clear();
  YamlNode rest = aliases;
  for (size_t i = 0; i < node.items.size(); ++i) {
    const bool is_alias = Registry().IsGroup(TranslateByRule(written) + "." + node.keys[i]);
    YamlNode& target = is_alias ? aliases : rest;
    target.keys.push_back(node.keys[i]);
    target.key_lines.push_back(node.key_lines[i]);
    target.items.push_back(std::move(node.items[i]));
  }
  if (!aliases.items.empty()) Walk(aliases, written, origin);
  if (!rest.items.empty() || aliases.items.empty()) {
    ReadKey(key, written, std::move(rest), origin);
  }
}

void LayerReader::ReadAlias(const std::string& written, const YamlNode& node,
                            const ValueOrigin& origin) {
  const AliasTarget& target = *Registry().FindAlias(TranslateByRule(written));
  YamlNode value = node;
  const auto& words = target.alias->values;
  if (!words.empty()) {
    if (std::string problem; !InterpolateNode(&value, &problem)) {
      AddMistake(origin, written + " " + problem);
      return;
    }
    const auto word = std::find_if(words.begin(), words.end(),
                                   [&](const auto& pair) { return pair.first == value.text; });
    if (value.kind != Kind::kScalar || word == words.end()) {
      AddMistake(origin, Format("{} must be true or false: {}", written, ShowNode(node)));
      return;
    }
    value.text = word->second;
  }
  for (const size_t key : target.keys) ReadKey(key, written, value, origin);
}

void LayerReader::ReadKey(size_t key, const std::string& written, YamlNode node,
                          ValueOrigin origin) {
  const std::string& name = Registry().key(key).name;
  if (written != name) origin.alias = written;
  if (std::string problem; !InterpolateNode(&node, &problem)) {
    AddMistake(origin, name + " " + problem);
    return;
  }
  const auto found = layer_->settings.find(key);
  if (found != layer_->settings.end()) {
    const ValueOrigin& other = found->second.origin;
    const std::string& other_name = other.alias.empty() ? name : other.alias;
    if (written != other_name) {
      // Said at the place of the alias; of two aliases, at the later one.
      const bool at_this = !origin.alias.empty();
      const ValueOrigin& place = at_this ? origin : other;
      const ValueOrigin& second = at_this ? other : origin;
      std::string as = second.alias.empty() ? "" : "as " + second.alias + " ";
      AddMistake(place, Format("{} is {}, which is given too {}({}): keep one", place.alias, name,
                               as, second.Head()));
      return;
    }
    if (!may_repeat_) return;  // The parser has refused duplicate keys already.
  } else if (!origin.alias.empty()) {
    layer_->notices.push_back(Format("{}: {} read as {}", origin.Head(), written, name));
  }
  layer_->settings[key] = Setting{std::move(node), std::move(origin), folder_};
}

void LayerReader::ReportUnknown(const std::string& written, const YamlNode& node,
                                const ValueOrigin& origin) {
  const bool may_suggest = layer_->mistakes.size() < kMaxSuggestedMistakes;
  const bool is_top = written.find('.') == std::string::npos;
  if (is_top && node.kind == Kind::kMap) {
    const auto names =
        may_suggest ? Nearest(written, Registry().sections()) : std::vector<std::string>();
    AddMistake(origin, Printable(written, 120) + " is not a section" + DidYouMean(": ", names));
    return;
  }
  if (node.kind == Kind::kMap && !node.items.empty() &&
      IsSection(written.substr(0, written.find('.')))) {
    for (size_t i = 0; i < node.items.size(); ++i) {
      ValueOrigin here = origin;
      if (here.kind == ValueOrigin::Kind::kFile) here.line = node.key_lines[i];
      ReportUnknown(written + "." + node.keys[i], node.items[i], here);
    }
    return;
  }
  const auto names =
      may_suggest ? SuggestKeys(TranslateByRule(written)) : std::vector<std::string>();
  AddMistake(origin, Printable(written, 120) + " is not a key" + DidYouMean(": ", names));
}

bool LayerReader::InterpolateNode(YamlNode* node, std::string* problem) const {
  if (node->kind == Kind::kScalar) {
    *problem = Interpolate(node->text, environment_, &node->text);
    return problem->empty();
  }
  for (YamlNode& item : node->items) {
    if (!InterpolateNode(&item, problem)) return false;
  }
  return true;
}

void Overlay(const Settings& over, Settings* base) {
  for (const auto& [key, setting] : over) {
    const auto found = base->find(key);
    const bool merges = found != base->end() && setting.node.kind == Kind::kMap &&
                        found->second.node.kind == Kind::kMap;
    if (merges) {
      YamlNode merged = found->second.node;
      MergeMaps(setting.node, &merged);
      Setting result = setting;
      result.node = std::move(merged);
      found->second = std::move(result);
    } else {
      (*base)[key] = setting;
    }
  }
}

}  // namespace winnow::cli
