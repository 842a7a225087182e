#include "model/network.h"

#include "base/check.h"
#include "base/format.h"

namespace winnow::model {
namespace {

template <typename Real>
class Builder {
 public:
  Builder(const BaseWeights<Real>& base, const Adapters<Real>* adapters,
          const GradientTarget<Real>& target)
      : base_(base), adapters_(adapters), target_(target) {}

  Network<Real> Build() const {
    const ModelConfig& config = base_.config();
    Network<Real> network;
    network.embedding = Values("model.embed_tokens.weight");
    network.embedding_gradient = Gradient("model.embed_tokens.weight");
    for (size_t layer = 0; layer < config.num_layers; ++layer) {
      network.layers.push_back(Layer(config, layer));
    }
    network.final_norm = NormOf("model.norm.weight", config.hidden_size);
    network.head = {.n = config.vocab_size,
                    .k = config.hidden_size,
                    .weight = &base_.Head(),
                    .weight_gradient = Gradient(base_.HeadParameter().name)};
    return network;
  }

 private:
  const Real* Values(const std::string& name) const {
    const Parameter* parameter = base_.layout().Find(name);
    return parameter == nullptr ? nullptr : base_.values().data() + parameter->offset;
  }

  Real* Gradient(const std::string& name) const {
    if (target_.values == nullptr) return nullptr;
    const Parameter* parameter = target_.layout->Find(name);
    return parameter == nullptr ? nullptr : target_.values + parameter->offset;
  }

  Norm<Real> NormOf(const std::string& name, size_t width) const {
    return {.weight = Values(name), .gradient = Gradient(name), .width = width};
  }

  Linear<Real> LinearOf(const LinearName& name, size_t layer, size_t index) const {
    Linear<Real> linear{.n = name.n,
                        .k = name.k,
                        .weight = &base_.Linear(layer, index),
                        .bias = Values(name.name + ".bias"),
                        .weight_gradient = Gradient(name.name + ".weight"),
                        .bias_gradient = Gradient(name.name + ".bias")};
    const auto* pair = adapters_ == nullptr ? nullptr : adapters_->Find(name.name);
    if (pair == nullptr) return linear;
    linear.rank = adapters_->options().rank;
    linear.scale = static_cast<Real>(adapters_->scale());
    linear.a = pair->packed_a.get();
    linear.b = pair->packed_b.get();
    linear.a_gradient = Gradient(pair->a->name);
    linear.b_gradient = Gradient(pair->b->name);
    return linear;
  }

  DecoderLayer<Real> Layer(const ModelConfig& config, size_t layer) const {
    DecoderLayer<Real> result;
    const std::vector<LinearName> names = LinearsOfLayer(config, layer);
    Linear<Real>* const linears[] = {&result.q,    &result.k,  &result.v,   &result.o,
                                     &result.gate, &result.up, &result.down};
    WINNOW_CHECK_EQ(names.size(), std::size(linears));
    for (size_t i = 0; i < names.size(); ++i) *linears[i] = LinearOf(names[i], layer, i);
    const std::string prefix = Format("model.layers.{}.", layer);
    result.attention_norm = NormOf(prefix + "input_layernorm.weight", config.hidden_size);
    result.mlp_norm = NormOf(prefix + "post_attention_layernorm.weight", config.hidden_size);
    result.q_norm = NormOf(prefix + "self_attn.q_norm.weight", config.head_dim);
    result.k_norm = NormOf(prefix + "self_attn.k_norm.weight", config.head_dim);
    return result;
  }

  const BaseWeights<Real>& base_;
  const Adapters<Real>* const adapters_;
  const GradientTarget<Real>& target_;
};

}  // namespace

template <typename Real>
Network<Real> BuildNetwork(const BaseWeights<Real>& base, const Adapters<Real>* adapters,
                           const GradientTarget<Real>& target) {
  return Builder<Real>(base, adapters, target).Build();
}

template Network<float> BuildNetwork<float>(const BaseWeights<float>&, const Adapters<float>*,
                                            const GradientTarget<float>&);
template Network<double> BuildNetwork<double>(const BaseWeights<double>&, const Adapters<double>*,
                                              const GradientTarget<double>&);

}  // namespace winnow::model
