#include "reward/verdict_window.h"

namespace winnow::reward {
namespace {

constexpr double kWarnInvalid = 0.05;

bool IsUnknown(VerdictKind kind) {
  return kind == VerdictKind::kTimeout || kind == VerdictKind::kError;
}

}  // namespace

void VerdictWindow::Count(VerdictKind kind, size_t by) {
  if (IsUnknown(kind)) unknown_ += by;
  if (kind == VerdictKind::kInvalid) invalid_ += by;
}

WindowState VerdictWindow::Add(VerdictKind kind) {
  kinds_.push_back(kind);
  Count(kind, 1);
  if (kinds_.size() > kWindow) {
    Count(kinds_.front(), static_cast<size_t>(-1));
    kinds_.pop_front();
  }
  ++total_;
  if (state_ == WindowState::kStop || state_ == WindowState::kPause) return state_;
  if (total_ == kFirst && invalid_ > kFirst / 2) return state_ = WindowState::kStop;
  if (static_cast<double>(unknown_) > max_unknown_fraction_ * kWindow) {
    good_retries_ = 0;
    return state_ = WindowState::kPause;
  }
  const bool warn = static_cast<double>(invalid_) > kWarnInvalid * kWindow;
  return state_ = warn ? WindowState::kWarn : WindowState::kGood;
}

WindowState VerdictWindow::AddRetry(VerdictKind kind) {
  if (state_ != WindowState::kPause) return state_;
  good_retries_ = IsUnknown(kind) ? 0 : good_retries_ + 1;
  if (good_retries_ < kResumeAfter) return state_;
  kinds_.clear();
  unknown_ = invalid_ = 0;
  return state_ = WindowState::kGood;
}

}  // namespace winnow::reward
