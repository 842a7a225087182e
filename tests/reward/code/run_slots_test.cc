#include "reward/code/run_slots.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace winnow::reward {
namespace {

// Counts who is inside at once.
struct Crowd {
  std::atomic<int> inside = 0, most = 0;
  void Enter() {
    const int now = ++inside;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
    }
  }
  void Leave() { --inside; }
};

TEST(RunSlotsTest, LetsInNoMoreThanItsCount) {
  RunSlots slots(2);
  Crowd crowd;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 200; ++k) {
        const RunSlots::Place place(&slots, /*alone=*/false);
        crowd.Enter();
        std::this_thread::yield();
        crowd.Leave();
      }
    });
  }
  threads.clear();
  EXPECT_LE(crowd.most, 2);
}

TEST(RunSlotsTest, OneThatIsAloneHasNobodyBesideIt) {
  RunSlots slots(3);
  std::atomic<int> inside = 0, disturbed = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 200; ++k) {
        const bool alone = (k + i) % 7 == 0;
        const RunSlots::Place place(&slots, alone);
        const int now = ++inside;
        disturbed += alone && now != 1;
        std::this_thread::yield();
        disturbed += alone && inside != 1;
        --inside;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(disturbed, 0);
}

}  // namespace
}  // namespace winnow::reward
