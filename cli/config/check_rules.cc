#include "cli/config/check_rules.h"

#include "base/format.h"
#include "cli/config/config_state.h"
#include "cli/config/value.h"

namespace winnow::cli {

std::string Place(const Config& config, std::string_view key) {
  return "(" + config.origin(key).Head() + ")";
}

Mistake MistakeAt(const Config& config, std::string_view key, const std::string& text) {
  ValueOrigin origin = config.origin(key);
  const bool is_given =
      origin.kind != ValueOrigin::Kind::kDefault && origin.kind != ValueOrigin::Kind::kDerived;
  const ConfigState& state = config.state();
  if (!is_given && !state.file.empty()) {
    const auto line = state.section_lines.find(std::string(key.substr(0, key.find('.'))));
    origin = {.kind = ValueOrigin::Kind::kFile,
              .name = state.file,
              .line = line == state.section_lines.end() ? 1 : line->second};
  }
  return {origin.source, origin.line, origin.Head() + ": " + text};
}

bool Rules::IsGiven(std::string_view key) const { return config_.IsGiven(key); }

void Rules::Report(std::string_view key, const std::string& text) const {
  findings_->mistakes.push_back(MistakeAt(config_, key, text));
}

void Rules::Warn(std::string_view key, const std::string& text) const {
  findings_->warnings.push_back(MistakeAt(config_, key, text));
}

void Rules::Pair(std::string_view a, std::string_view a_rule, std::string_view b,
                 std::string_view b_rule) const {
  if (!IsGiven(a) && IsGiven(b)) {
    std::swap(a, b);
    std::swap(a_rule, b_rule);
  }
  Report(a, Format("{} {} {} {}: {}, {}", a, a_rule, b, Place(config_, b), config_.value(a).shown,
                   config_.value(b).shown));
}

void Rules::OnlyFor(std::string_view key, bool is_read, std::string_view reader) const {
  if (is_read || !config_.IsChanged(key)) return;
  Report(key, Format("{} is read by {} only: {}", key, reader, config_.value(key).shown));
}

void Rules::Require(std::string_view key) const {
  if (config_.IsNull(key)) Report(key, Format("{} must be given", key));
}

void Rules::RequireList(std::string_view key, std::string_view why) const {
  if (!config_.IsNull(key) && !config_.List(key).empty()) return;
  Report(key, Format("{} must be given {}", key, why));
}

}  // namespace winnow::cli
