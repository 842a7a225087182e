#include "base/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/check.h"

namespace winnow {
namespace {

constexpr int kSpins = 4000;
thread_local bool inside_pool = false;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

int AvailableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

// One job at a time. A generation number announces it; ranges are claimed from one counter, so a
// worker that the system has descheduled holds back at most the range it has begun.
struct ThreadPool::Impl {
  std::vector<std::thread> workers;
  std::mutex mutex;  // Guards sleeping workers and `stop`.
  std::condition_variable wake;
  bool stop = false;

  std::atomic<uint64_t> generation{0};
  std::atomic<size_t> next{0};
  std::atomic<int> running{0};  // Workers inside the current job.
  std::atomic<bool> open{false};
  size_t count = 0;
  size_t grain = 1;
  const std::function<void(size_t, size_t)>* body = nullptr;

  void RunRanges() {
    inside_pool = true;
    for (;;) {
      const size_t begin = next.fetch_add(grain, std::memory_order_relaxed);
      if (begin >= count) break;
      (*body)(begin, std::min(begin + grain, count));
    }
    inside_pool = false;
  }

  void Work() {
    uint64_t seen = 0;
    for (;;) {
      for (int spin = 0; spin < kSpins && generation.load(std::memory_order_acquire) == seen;
           ++spin)
        Pause();
      if (generation.load(std::memory_order_acquire) == seen) {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return stop || generation.load(std::memory_order_acquire) != seen; });
        if (stop) return;
      }
      seen = generation.load(std::memory_order_acquire);
      // Enter only an open job: after the caller closes it, its fields may change.
      running.fetch_add(1, std::memory_order_seq_cst);
      if (open.load(std::memory_order_seq_cst)) RunRanges();
      running.fetch_sub(1, std::memory_order_release);
    }
  }
};

ThreadPool::ThreadPool(int num_threads)
    : num_threads_(num_threads > 0 ? num_threads : AvailableCores()),
      impl_(std::make_unique<Impl>()) {
  for (int i = 1; i < num_threads_; ++i) impl_->workers.emplace_back([this] { impl_->Work(); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stop = true;
    impl_->generation.fetch_add(1, std::memory_order_release);
    impl_->open.store(false);
  }
  impl_->wake.notify_all();
  for (std::thread& worker : impl_->workers) worker.join();
}

void ThreadPool::ParallelFor(size_t count, size_t grain,
                             const std::function<void(size_t, size_t)>& body) {
  if (count == 0) return;
  grain = std::max<size_t>(1, grain);
  if (num_threads_ == 1 || count <= grain || inside_pool) {
    for (size_t begin = 0; begin < count; begin += grain)
      body(begin, std::min(begin + grain, count));
    return;
  }
  Impl& pool = *impl_;
  pool.count = count;
  pool.grain = grain;
  pool.body = &body;
  pool.next.store(0, std::memory_order_relaxed);
  pool.open.store(true, std::memory_order_seq_cst);
  {
    std::lock_guard lock(pool.mutex);
    pool.generation.fetch_add(1, std::memory_order_release);
  }
  pool.wake.notify_all();
  pool.RunRanges();
  pool.open.store(false, std::memory_order_seq_cst);
  while (pool.running.load(std::memory_order_seq_cst) != 0) Pause();
}

}  // namespace winnow
