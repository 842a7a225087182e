#include "model/decoder_layer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/activations.h"
#include "model/network.h"
#include "model/rope_table.h"
#include "tests/model/tiny_model.h"

namespace winnow::model {
namespace {

using Rows = std::vector<std::vector<double>>;  // [row][column]

// A decoder layer as the papers write it, in plain loops over the stored tensors.
class NaiveLayer {
 public:
  NaiveLayer(const BaseWeights<double>& base, const std::string& prefix)
      : base_(base), config_(base.config()), prefix_(prefix) {}

  Rows Run(const Rows& x) const {
    const Rows normed = Normalise(x, "input_layernorm.weight");
    Rows q = Apply("self_attn.q_proj", normed), k = Apply("self_attn.k_proj", normed);
    const Rows v = Apply("self_attn.v_proj", normed);
    PrepareHeads("self_attn.q_norm.weight", config_.num_heads, &q);
    PrepareHeads("self_attn.k_norm.weight", config_.num_kv_heads, &k);
    const Rows middle = Sum(x, Apply("self_attn.o_proj", Attend(q, k, v)));
    const Rows mlp = Normalise(middle, "post_attention_layernorm.weight");
    Rows gate = Apply("mlp.gate_proj", mlp);
    const Rows up = Apply("mlp.up_proj", mlp);
    for (size_t t = 0; t < x.size(); ++t) {
      for (size_t c = 0; c < gate[t].size(); ++c) {
        gate[t][c] = gate[t][c] / (1 + std::exp(-gate[t][c])) * up[t][c];
      }
    }
    return Sum(middle, Apply("mlp.down_proj", gate));
  }

 private:
  const double* Values(const std::string& name) const {
    const Parameter* parameter = base_.layout().Find(prefix_ + name);
    return parameter == nullptr ? nullptr : base_.values().data() + parameter->offset;
  }
  static Rows Sum(Rows a, const Rows& b) {
    for (size_t t = 0; t < a.size(); ++t) {
      for (size_t c = 0; c < a[t].size(); ++c) a[t][c] += b[t][c];
    }
    return a;
  }
  Rows Apply(const std::string& name, const Rows& x) const {
    const Parameter* parameter = base_.layout().Find(prefix_ + name + ".weight");
    const double* w = base_.values().data() + parameter->offset;
    const double* bias = Values(name + ".bias");
    const size_t n = parameter->shape[0], k = parameter->shape[1];
    Rows y(x.size(), std::vector<double>(n));
    for (size_t t = 0; t < x.size(); ++t) {
      for (size_t i = 0; i < n; ++i) {
        y[t][i] = bias == nullptr ? 0.0 : bias[i];
        for (size_t j = 0; j < k; ++j) y[t][i] += w[i * k + j] * x[t][j];
      }
    }
    return y;
  }
  void NormaliseInPlace(const double* weight, double* x, size_t width) const {
    double squares = 0;
    for (size_t c = 0; c < width; ++c) squares += x[c] * x[c];
    const double r = 1 / std::sqrt(squares / static_cast<double>(width) + config_.rms_norm_eps);
    for (size_t c = 0; c < width; ++c) x[c] *= r * weight[c];
  }
  Rows Normalise(Rows x, const std::string& name) const {
    for (auto& row : x) NormaliseInPlace(Values(name), row.data(), row.size());
    return x;
  }
  // QK-norm, if there is one, and rotation of the pairs (i, i + d/2) by position · θ^(−2i/d).
  void PrepareHeads(const std::string& norm, size_t heads, Rows* x) const {
    const size_t d = config_.head_dim;
    for (size_t t = 0; t < x->size(); ++t) {
      for (size_t h = 0; h < heads; ++h) {
        double* head = &(*x)[t][h * d];
        if (Values(norm) != nullptr) NormaliseInPlace(Values(norm), head, d);
        for (size_t i = 0; i < d / 2; ++i) {
          const double angle =
              static_cast<double>(t) *
              std::pow(config_.rope_theta, -2.0 * static_cast<double>(i) / static_cast<double>(d));
          const double a = head[i], b = head[i + d / 2];
          head[i] = a * std::cos(angle) - b * std::sin(angle);
          head[i + d / 2] = b * std::cos(angle) + a * std::sin(angle);
        }
      }
    }
  }
  Rows Attend(const Rows& q, const Rows& k, const Rows& v) const {
    const size_t d = config_.head_dim, group = config_.num_heads / config_.num_kv_heads;
    Rows out(q.size(), std::vector<double>(q[0].size()));
    for (size_t t = 0; t < q.size(); ++t) {
      for (size_t h = 0; h < config_.num_heads; ++h) {
        const size_t kv = h / group;
        double total = 0;
        for (size_t s = 0; s <= t; ++s) {
          double score = 0;
          for (size_t c = 0; c < d; ++c) score += q[t][h * d + c] * k[s][kv * d + c];
          const double e = std::exp(score / std::sqrt(static_cast<double>(d)));
          total += e;
          for (size_t c = 0; c < d; ++c) out[t][h * d + c] += e * v[s][kv * d + c];
        }
        for (size_t c = 0; c < d; ++c) out[t][h * d + c] /= total;
      }
    }
    return out;
  }

  const BaseWeights<double>& base_;
  const ModelConfig config_;
  const std::string prefix_;
};

class DecoderLayerTest : public testing::TestWithParam<TinyModel> {
 protected:
  // Output rows of layer 1 for `x` rows, through pages of 4 tokens.
  Rows Run(const BaseWeights<double>& base, const Rows& x) {
    const ModelConfig& config = base.config();
    const auto network = BuildNetwork<double>(base, nullptr, {});
    KvPages<double> kv(config, ops_->kv_element_bytes(), 2, /*page_tokens=*/4, /*num_pages=*/4);
    const std::vector<int32_t> pages{2, 0, 3};
    const PassSequence sequence{.pages = pages, .row_begin = 0, .row_end = x.size()};
    PagedRows<double> rows;
    rows.Assign({&sequence, 1}, x.size(), 4);
    rows.PointAt(&kv, 1);
    Activations<double> activations(config);
    activations.Prepare(x.size(), Keep::kNothing);
    RopeTable<double> rope(config);
    LayerScratch<double> scratch;
    const LayerContext<double> context{
        *ops_,  ShapeOfAttention(config, 4), config.rms_norm_eps, rope.ForPositions(16), rows,
        scratch};
    std::vector<double> flat;
    for (const auto& row : x) flat.insert(flat.end(), row.begin(), row.end());
    LayerForward(context, network.layers[1], flat.data(), activations.OfLayer(1), flat.data());
    Rows out;
    for (size_t t = 0; t < x.size(); ++t) {
      const auto begin = flat.begin() + static_cast<ptrdiff_t>(t * config.hidden_size);
      out.emplace_back(begin, begin + static_cast<ptrdiff_t>(config.hidden_size));
    }
    return out;
  }

  ThreadPool pool_{1};
  std::unique_ptr<device::Ops<double>> ops_ = device::MakeReferenceOps(&pool_);
};

TEST_P(DecoderLayerTest, EqualsPlainLoops) {
  const TemporaryFolder folder;
  folder.Write("config.json", ConfigJson(GetParam()));
  BaseWeights<double> base(*LoadModelConfig(folder.path()), device::PackFor::kForward, ops_.get());
  const auto hash = StreamHash({.seed = 4});
  uint32_t next = 0;
  const auto noise = [&] {
    return UnitDouble(Draw(hash, next++, NoisePurpose::kInverseCdf, 0)) - 0.4;
  };
  for (double& value : base.values()) value = noise();
  base.Pack();
  Rows x(9, std::vector<double>(16));
  for (auto& row : x) {
    for (double& value : row) value = noise();
  }
  const Rows got = Run(base, x), want = NaiveLayer(base, "model.layers.1.").Run(x);
  for (size_t t = 0; t < x.size(); ++t) {
    for (size_t c = 0; c < 16; ++c) EXPECT_NEAR(got[t][c], want[t][c], 1e-11) << t << " " << c;
  }
}

INSTANTIATE_TEST_SUITE_P(Families, DecoderLayerTest,
                         testing::Values(TinyModel{.attention_bias = true, .mlp_bias = true},
                                         TinyModel{.type = "qwen2"}, TinyModel{.type = "qwen3"}),
                         [](const auto& info) { return info.param.type; });

}  // namespace
}  // namespace winnow::model
