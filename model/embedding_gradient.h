#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/thread_pool.h"

namespace winnow::model {

// Sums the gradients of embedding rows, token by token in canonical order. With a tied head they
// go to rows of their own until JoinInto: added straight into the head's accumulator, they would
// come between the head's blocks of this call and of the next, and the bits would depend on how
// the sequences are cut into calls. Memory: one row per distinct token met.
template <typename Real>
class EmbeddingGradient {
 public:
  explicit EmbeddingGradient(size_t width) : width_(width) {}
  // dx [ids.size(), width]
  void Add(std::span<const int32_t> ids, const Real* dx, ThreadPool* pool);
  // table_gradient [vocabulary, width] += the sums, which are then cleared.
  void JoinInto(Real* table_gradient);
  void Clear();

 private:
  const size_t width_;
  std::unordered_map<int32_t, size_t> row_of_;
  std::vector<Real> rows_;          // [row_of_.size(), width]
  std::vector<size_t> token_rows_;  // of the ids of one Add
};

}  // namespace winnow::model
