#include "reward/code/run_slots.h"

namespace winnow::reward {

RunSlots::Place::Place(RunSlots* slots, bool alone) : slots_(slots), alone_(alone) {
  std::unique_lock lock(slots->mutex_);
  if (alone) {
    ++slots->waiting_to_be_alone_;
    slots->changed_.wait(lock, [&] { return slots->used_ == 0; });
    --slots->waiting_to_be_alone_;
    slots->used_ = slots->count_;
  } else {
    slots->changed_.wait(
        lock, [&] { return slots->waiting_to_be_alone_ == 0 && slots->used_ < slots->count_; });
    ++slots->used_;
  }
}

RunSlots::Place::~Place() {
  const std::lock_guard lock(slots_->mutex_);
  slots_->used_ -= alone_ ? slots_->count_ : 1;
  slots_->changed_.notify_all();
}

}  // namespace winnow::reward
