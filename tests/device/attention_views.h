#pragma once

#include <utility>
#include <vector>

#include "device/ops.h"
#include "tests/device/kv_cache.h"
#include "tests/device/tensors.h"

namespace winnow::device {

// Rows of one sequence for tests: the keys that its last row sees, as intervals [begin, end) of one
// array of keys. The last `rows` of them are the rows' own.
struct TestView {
  std::vector<std::pair<size_t, size_t>> intervals;
  size_t rows = 1;
};

inline size_t TotalRows(const std::vector<TestView>& views) {
  size_t rows = 0;
  for (const TestView& view : views) rows += view.rows;
  return rows;
}

// Random keys, values, queries and output gradients in one cache, and attention of any views of it.
template <typename Real>
class AttentionViews {
 public:
  struct Result {
    std::vector<Real> out, stats, dq, dk, dv;

    bool operator==(const Result& other) const {
      return SameBits(out, other.out) && SameBits(stats, other.stats) && SameBits(dq, other.dq) &&
             SameBits(dk, other.dk) && SameBits(dv, other.dv);
    }
  };

  AttentionViews(Ops<Real>* ops, const AttentionShape& shape, size_t num_keys)
      : ops_(ops),
        shape_(shape),
        num_keys_(num_keys),
        k(RandomTensor<Real>(num_keys * kv_width(), 2)),
        v(RandomTensor<Real>(num_keys * kv_width(), 3)),
        q(RandomTensor<Real>(num_keys * width(), 1, 2)),
        dout(RandomTensor<Real>(num_keys * width(), 4)) {}

  size_t width() const { return shape_.heads * shape_.head_dim; }
  size_t kv_width() const { return shape_.kv_heads * shape_.head_dim; }

  // Forward and backward in one call each. Row r of the pass takes row first_row + r of q and dout.
  // dk and dv begin as given, or from zero.
  Result Run(const std::vector<TestView>& views, size_t first_row = 0,
             const Result* before = nullptr) {
    TestKvCache<Real> cache(ops_, shape_, num_keys_);
    cache.Append(k.data(), v.data(), num_keys_);
    std::vector<std::vector<KeyRun>> runs;
    for (const TestView& view : views) {
      runs.emplace_back();
      for (const auto& [begin, end] : view.intervals)
        runs.back().push_back(cache.Run(begin, end - begin, /*gradient_row=*/begin));
    }
    std::vector<AttentionSequence> sequences;
    size_t row = 0;
    for (size_t i = 0; i < views.size(); ++i) {
      sequences.push_back({.keys = runs[i], .row_begin = row, .row_end = row + views[i].rows});
      row += views[i].rows;
    }
    Result r = {.out = std::vector<Real>(row * width()),
                .stats = std::vector<Real>(row * shape_.heads * 2),
                .dq = std::vector<Real>(row * width()),
                .dk = std::vector<Real>(k.size()),
                .dv = std::vector<Real>(v.size())};
    if (before != nullptr) {
      r.dk = before->dk;
      r.dv = before->dv;
    }
    const Real* const q_rows = q.data() + first_row * width();
    ops_->Attention(shape_, sequences, q_rows, r.out.data(), r.stats.data());
    ops_->AttentionGradient(shape_, sequences, q_rows, r.out.data(), r.stats.data(),
                            dout.data() + first_row * width(), r.dq.data(), r.dk.data(),
                            r.dv.data());
    return r;
  }

  // The same, a view at a time: no call knows of another.
  Result RunAlone(const std::vector<TestView>& views) {
    Result all = {.dk = std::vector<Real>(k.size()), .dv = std::vector<Real>(v.size())};
    size_t row = 0;
    for (const TestView& view : views) {
      Result one = Run({view}, row, &all);
      all.out.insert(all.out.end(), one.out.begin(), one.out.end());
      all.stats.insert(all.stats.end(), one.stats.begin(), one.stats.end());
      all.dq.insert(all.dq.end(), one.dq.begin(), one.dq.end());
      all.dk = std::move(one.dk);
      all.dv = std::move(one.dv);
      row += view.rows;
    }
    return all;
  }

  // One view over its keys alone, copied side by side: plain causal attention. dk and dv are put
  // back where the keys came from.
  Result RunCompacted(const TestView& view) {
    AttentionViews compact(ops_, shape_, 0);
    for (const auto& [begin, end] : view.intervals) {
      const auto first = static_cast<ptrdiff_t>(begin * kv_width());
      const auto last = static_cast<ptrdiff_t>(end * kv_width());
      compact.k.insert(compact.k.end(), k.begin() + first, k.begin() + last);
      compact.v.insert(compact.v.end(), v.begin() + first, v.begin() + last);
    }
    compact.q = q;
    compact.dout = dout;
    compact.num_keys_ = compact.k.size() / kv_width();
    Result r = compact.Run({{.intervals = {{0, compact.num_keys_}}, .rows = view.rows}});
    const auto scatter = [&](std::vector<Real>* gradient) {
      std::vector<Real> all(k.size());
      auto from = gradient->begin();
      for (const auto& [begin, end] : view.intervals) {
        const auto count = static_cast<ptrdiff_t>((end - begin) * kv_width());
        std::copy(from, from + count, all.begin() + static_cast<ptrdiff_t>(begin * kv_width()));
        from += count;
      }
      *gradient = std::move(all);
    };
    scatter(&r.dk);
    scatter(&r.dv);
    return r;
  }

 private:
  Ops<Real>* const ops_;
  const AttentionShape shape_;
  size_t num_keys_;

 public:
  // Of all keys, and of as many rows; tests may change them.
  std::vector<Real> k, v, q, dout;
};

}  // namespace winnow::device
