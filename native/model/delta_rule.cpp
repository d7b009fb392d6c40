#include "model/delta_rule.h"

#include <algorithm>
#include <cmath>

#include "model/linear.h"

namespace lt::model {
namespace {

constexpr float length_eps = 1e-6f;  // of the lengths of q and k, whatever the model's norms add: fixed in the reference code

class DeltaRule : public Mixer {
 public:
  DeltaRule(Loader& loader, int64_t layer, const Hyper& hyper, const DeltaOptions& options) : options_(options) {
    read_sizes(loader);
    divide(loader.division());
    const std::string b = block(layer);
    const Ranges channels = own_channels();
    qkv_ = read_linear(loader, b + "attn_qkv", 2 * keys_ * size_ + values_ * dim_, hyper.width, channels);
    gate_ = read_linear(loader, b + "attn_gate", values_ * dim_, hyper.width, own_values_.times(dim_));
    conv_.w = loader.floats(b + "ssm_conv1d.weight", 2 * keys_ * size_ + values_ * dim_, width_, channels);
    read_rates(loader, b, hyper);
    a_ = loader.vector(b + "ssm_a", values_, own_values_);
    norm_ = read_norm(loader, b + "ssm_norm", dim_, hyper);
    norm_.heads = own_values_.count();
    out_ = read_joint(loader, b + "ssm_out", hyper.width, values_ * dim_, cut_.times(per_key_ * dim_ / stretches()), stretches());
    lengths_ = make_lengths(loader);
  }

  LayerShape keeps() const override { return {.state = conv_floats() + own_values_.count() * size_ * dim_}; }

  void run(Ops& ops, Tensor y, Tensor x, const LayerMemory& memory, const Rows& rows) const override {
    Scope scope(ops);
    const int64_t heads = own_values_.count(), keys = own_keys_.count * size_, values = heads * dim_;
    const Tensor qkv = scope.f32(x.rows, conv_.w.rows), z = scope.f32(x.rows, values), v = scope.f32(x.rows, values);
    const Tensor rates = scope.f32(x.rows, heads), decays = scope.f32(x.rows, heads);
    project(ops, qkv, z, rates, decays, x, rows);
    const Tensor mixed = scope.like(qkv), qk = mixed.columns(0, 2 * keys);
    ops.conv(mixed, qkv, {memory.state.slots.columns(0, conv_floats())}, conv_, rows);
    ops.map(mixed, mixed, {}, {.act = Act::silu});
    ops.norm(qk, qk, lengths_);
    ops.delta(v, qk.columns(0, keys), qk.columns(keys, keys), mixed.columns(2 * keys, values), decays, rates,
              {memory.state.slots.columns(conv_floats(), values * size_)},
              {.key_heads = own_keys_.count, .value_heads = heads, .tiled = options_.tiled}, rows);
    ops.norm(v, v, norm_);
    ops.map(v, z, v, {.act = Act::silu});
    linear(ops, rows, y, v, out_);
  }

 private:
  // GGUF calls the number of key heads group_count, of value heads time_step_rank, the columns of a key head state_size.
  void read_sizes(const Loader& loader) {
    size_ = loader.integer("ssm.state_size", 1, most_dim);
    keys_ = loader.integer("ssm.group_count", 1, most_heads);
    values_ = loader.integer("ssm.time_step_rank", 1, most_heads);
    const int64_t inner = loader.integer("ssm.inner_size", 1, most_width);
    width_ = loader.integer("ssm.conv_kernel", 2, 64);
    if (values_ % keys_) loader.refuse("ssm.time_step_rank", "a multiple of " + std::to_string(keys_), std::to_string(values_));
    if (inner % values_) loader.refuse("ssm.inner_size", "a multiple of " + std::to_string(values_), std::to_string(inner));
    dim_ = inner / values_, per_key_ = values_ / keys_;
  }

  // Value heads go with the key head that they read.
  void divide(Division& d) {
    cut_ = cut(keys_, 1, d.size);
    own_keys_ = d.mine(cut_, keys_);
    own_values_ = options_.tiled ? Range{own_keys_.first, own_keys_.count} : Range{own_keys_.first * per_key_, own_keys_.count * per_key_};
    for (int64_t i = 1; options_.tiled && i < per_key_; i++) own_values_.add({i * keys_ + own_keys_.first, own_keys_.count});
    d.note(cut_ ? "delta rule's heads " + cut_.times(per_key_).text() : "delta rule on every rank");
  }

  int64_t stretches() const { return options_.tiled ? per_key_ : 1; }
  int64_t conv_floats() const { return (width_ - 1) * conv_.w.rows; }

  // Of q, k and v side by side.
  Ranges own_channels() const {
    const int64_t keys = keys_ * size_;
    Ranges all = Range{own_keys_.first * size_, own_keys_.count * size_};
    all.add({keys + own_keys_.first * size_, own_keys_.count * size_});
    for (const Range& r : own_values_.times(dim_)) all.add({2 * keys + r.first, r.count});
    return all;
  }

  void read_rates(Loader& loader, const std::string& b, const Hyper& hyper) {
    if (!options_.joined) {
      beta_ = read_linear(loader, b + "ssm_beta", values_, hyper.width, own_values_);
      alpha_ = read_linear(loader, b + "ssm_alpha", values_, hyper.width, own_values_);
      alpha_.b = loader.vector(b + "ssm_dt.bias", values_, own_values_);
      return;
    }
    const int64_t both = 2 * per_key_;
    joined_ = read_linear(loader, b + "ssm_ba", keys_ * both, hyper.width, Range{own_keys_.first * both, own_keys_.count * both});
    const std::vector<float> bias = loader.values(b + "ssm_dt.bias", 1, values_);
    joined_.b = loader.made(1, own_keys_.count * both, [&](std::span<float> to) {
      for (int64_t i = 0; i < own_keys_.count; i++)
        std::copy_n(bias.begin() + (own_keys_.first + i) * per_key_, per_key_, to.begin() + i * both + per_key_);
    });
  }

  // A norm that brings q and k to length 1: x / sqrt(sum + eps) is the root mean square norm with eps / size, times size^-0.5. Queries are
  // scaled by that once more.
  Norm make_lengths(Loader& loader) const {
    const auto size = static_cast<double>(size_);
    std::vector<float> w(static_cast<size_t>(2 * own_keys_.count * size_), static_cast<float>(1 / std::sqrt(size)));
    std::fill_n(w.begin(), own_keys_.count * size_, static_cast<float>(1 / size));
    return {.w = loader.table(w, 2 * own_keys_.count), .eps = static_cast<float>(length_eps / size), .heads = 2 * own_keys_.count};
  }

  void project(Ops& ops, Tensor qkv, Tensor z, Tensor rates, Tensor decays, Tensor x, const Rows& rows) const {
    Scope scope(ops);
    if (options_.joined) {
      const Tensor both = scope.f32(x.rows, joined_.w.rows), heads = both.split(own_keys_.count);
      linear(ops, rows, x, {{qkv, qkv_}, {z, gate_}, {both, joined_}});
      ops.map(rates.split(own_keys_.count), heads.columns(0, per_key_), {}, {.act = Act::sigmoid});
      ops.map(decays.split(own_keys_.count), heads.columns(per_key_, per_key_), {}, {.act = Act::softplus});
    } else {
      linear(ops, rows, x, {{qkv, qkv_}, {z, gate_}, {rates, beta_}, {decays, alpha_}});
      ops.map(rates, rates, {}, {.act = Act::sigmoid});
      ops.map(decays, decays, {}, {.act = Act::softplus});
    }
    ops.map(decays, decays, a_, {});
  }

  DeltaOptions options_;
  int64_t keys_ = 0, values_ = 0, size_ = 0, dim_ = 0,
          width_ = 0;    // heads of the model, columns of a key and a value head, of the convolution
  int64_t per_key_ = 0;  // value heads of a key head
  Boundaries cut_;       // of key heads
  Range own_keys_;
  Ranges own_values_ = Range{};
  Linear qkv_, gate_, beta_, alpha_, joined_, out_;
  Conv conv_;
  Tensor a_;
  Norm norm_, lengths_;
};

}  // namespace

Mixing read_delta_rule(Loader& loader, int64_t layer, const Hyper& hyper, const DeltaOptions& options) {
  return std::make_shared<DeltaRule>(loader, layer, hyper, options);
}

}  // namespace lt::model
