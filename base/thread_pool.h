#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace winnow {

// Runs loops over index ranges on a fixed set of threads, the caller among them.
// Threads:   ParallelFor from one thread at a time; a nested call runs serially in its caller.
// Results:   never depend on the number of threads, if the body's work per index does not.
// Blocks:    ParallelFor, until every index is done. Workers spin briefly, then sleep.
class ThreadPool {
 public:
  // `num_threads` 0 means the cores this process may use.
  explicit ThreadPool(int num_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int num_threads() const { return num_threads_; }
  // Calls body(begin, end) on disjoint ranges that cover [0, count), each at most `grain` long
  // (the last of a thread may be shorter). Serial if count <= grain. The body must not throw.
  void ParallelFor(size_t count, size_t grain, const std::function<void(size_t, size_t)>& body);

 private:
  struct Impl;
  int num_threads_;
  std::unique_ptr<Impl> impl_;
};

// Cores this process may run on (affinity-aware), at least 1.
int AvailableCores();

}  // namespace winnow
