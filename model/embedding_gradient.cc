#include "model/embedding_gradient.h"

namespace winnow::model {

template <typename Real>
void EmbeddingGradient<Real>::Add(std::span<const int32_t> ids, const Real* dx, ThreadPool* pool) {
  token_rows_.clear();
  for (const int32_t id : ids) {
    token_rows_.push_back(row_of_.try_emplace(id, row_of_.size()).first->second);
  }
  rows_.resize(row_of_.size() * width_, Real{0});
  constexpr size_t kColumns = 64;  // a thread owns columns, never part of a sum
  pool->ParallelFor(width_, kColumns, [&](size_t begin, size_t end) {
    for (size_t t = 0; t < ids.size(); ++t) {
      Real* sum = &rows_[token_rows_[t] * width_];
      for (size_t c = begin; c < end; ++c) sum[c] += dx[t * width_ + c];
    }
  });
}

template <typename Real>
void EmbeddingGradient<Real>::JoinInto(Real* table_gradient) {
  for (const auto& [id, row] : row_of_) {
    Real* out = table_gradient + static_cast<size_t>(id) * width_;
    for (size_t c = 0; c < width_; ++c) out[c] += rows_[row * width_ + c];
  }
  Clear();
}

template <typename Real>
void EmbeddingGradient<Real>::Clear() {
  row_of_.clear();
  rows_.clear();
}

template class EmbeddingGradient<float>;
template class EmbeddingGradient<double>;

}  // namespace winnow::model
