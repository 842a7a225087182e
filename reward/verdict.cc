#include "reward/verdict.h"

#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/format.h"

namespace winnow::reward {
namespace {

bool IsPartName(std::string_view name) {
  if (name.empty() || name.size() > 48) return false;
  for (char c : name) {
    const bool ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    if (!ok) return false;
  }
  return true;
}

// Bytes of the well-formed UTF-8 character at text[at], 0 if there is none.
size_t CharacterSize(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return 1;
  size_t size = lead >= 0xC2 && lead <= 0xDF   ? 2
                : (lead & 0xF0) == 0xE0        ? 3
                : lead >= 0xF0 && lead <= 0xF4 ? 4
                                               : 0;
  if (size == 0 || at + size > text.size()) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = byte(at + 1);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool surrogate = lead == 0xED && second >= 0xA0;
  const bool too_large = lead == 0xF4 && second >= 0x90;
  return overlong || surrogate || too_large ? 0 : size;
}

std::string Escaped(unsigned char c) {
  if (c == '\n') return "\\n";
  if (c == '\r') return "\\r";
  if (c == '\t') return "\\t";
  return Format("\\x{:02x}", c);
}

}  // namespace

std::string CleanReason(std::string_view text) {
  std::string clean;
  for (size_t at = 0; at < text.size() && clean.size() < kMaxReasonBytes;) {
    const size_t size = CharacterSize(text, at);
    const unsigned char lead = static_cast<unsigned char>(text[at]);
    const bool c1_control =
        size == 2 && lead == 0xC2 && static_cast<unsigned char>(text[at + 1]) < 0xA0;
    std::string piece;
    if (size == 0 || c1_control) {
      piece = "\xEF\xBF\xBD";
    } else if (size == 1 && (lead < 0x20 || lead == 0x7F)) {
      piece = Escaped(lead);
    } else {
      piece = std::string(text.substr(at, size));
    }
    if (clean.size() + piece.size() > kMaxReasonBytes) break;
    clean += piece;
    at += size == 0 ? 1 : size;
  }
  return clean;
}

Verdict::Verdict(VerdictKind kind, std::string_view reason)
    : kind_(kind), reason_(CleanReason(reason)) {}

Verdict Verdict::Scored(float reward, Parts parts, const RewardRange& range) {
  if (!std::isfinite(reward)) return Error(Format("reward is not finite: {}", reward));
  if (reward < range.min || reward > range.max) {
    return Error(Format("reward is outside [{}, {}]: {}", range.min, range.max, reward));
  }
  if (parts.size() > kMaxParts) {
    return Error(Format("a verdict has at most {} parts: {}", kMaxParts, parts.size()));
  }
  for (const Part& part : parts) {
    if (!IsPartName(part.name)) return Error(Format("bad name of a part: {}", part.name));
    if (!std::isfinite(part.value)) return Error(Format("part {} is not finite", part.name));
  }
  Verdict verdict;
  verdict.kind_ = VerdictKind::kScored;
  verdict.reward_ = reward;
  verdict.parts_ = std::move(parts);
  verdict.reason_.clear();
  return verdict;
}

Verdict Verdict::Invalid(std::string_view reason) { return {VerdictKind::kInvalid, reason}; }
Verdict Verdict::Timeout(std::string_view reason) { return {VerdictKind::kTimeout, reason}; }
Verdict Verdict::Error(std::string_view reason) { return {VerdictKind::kError, reason}; }

float Verdict::reward() const {
  WINNOW_CHECK(kind_ == VerdictKind::kScored);
  return reward_;
}

const double* Verdict::FindPart(std::string_view name) const {
  for (const Part& part : parts_) {
    if (part.name == name) return &part.value;
  }
  return nullptr;
}

Verdict Verdict::WithProvenance(Provenance provenance) && {
  provenance_ = std::move(provenance);
  return std::move(*this);
}

bool Verdict::SameJudgement(const Verdict& other) const {
  return kind_ == other.kind_ && reward_ == other.reward_ && parts_ == other.parts_ &&
         reason_ == other.reason_;
}

std::string Verdict::ToString() const {
  if (!is_scored()) return Format("{}: {}", VerdictKindName(kind_), reason_);
  std::string text = Format("scored {}", reward_);
  for (size_t i = 0; i < parts_.size(); ++i) {
    text += Format("{}{}={}", i == 0 ? " (" : ", ", parts_[i].name, parts_[i].value);
  }
  return parts_.empty() ? text : text + ")";
}

}  // namespace winnow::reward
