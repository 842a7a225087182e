#pragma once

#include <condition_variable>
#include <mutex>

namespace winnow::reward {

// How many programs run at once: up to `count` together, or one alone. One that wants to be alone
// is let in before newcomers.
// Threads: any. Blocks: until there is room.
class RunSlots {
 public:
  explicit RunSlots(int count) : count_(count) {}
  int count() const { return count_; }

  // Room for one program, given back on destruction.
  class Place {
   public:
    Place(RunSlots* slots, bool alone);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    RunSlots* const slots_;
    const bool alone_;
  };

 private:
  const int count_;
  std::mutex mutex_;  // Guards all below.
  std::condition_variable changed_;
  int used_ = 0;
  int waiting_to_be_alone_ = 0;
};

}  // namespace winnow::reward
