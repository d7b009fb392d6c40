#include "model/rwkv.h"

#include <algorithm>
#include <cmath>

#include "model/token_shift.h"

namespace lt::model {
namespace {

Linear with_bias(Linear l, Tensor bias) {
  l.b = bias;
  return l;
}

class ChannelMix : public Mixer {
 public:
  // gated: a sigmoid of another product scales the result.
  ChannelMix(Loader& loader, int64_t layer, const Hyper& hyper, bool gated) : gated_(gated), shift_(loader, hyper.width) {
    const std::string b = block(layer) + "channel_mix_";
    const int64_t inner = loader.integer("feed_forward_length", 1, most_width);
    Division& d = loader.division();
    const Boundaries cut = cut_columns(loader, b + "value", inner);
    key_ = read_linear(loader, b + "key", inner, hyper.width, d.mine(cut, inner));
    value_ = read_joint(loader, b + "value", hyper.width, inner, cut);
    by_key_ = loader.vector(b + "lerp_k.weight", hyper.width);
    d.note(cut ? "channel mix's columns " + cut.text() : "channel mix on every rank");
    if (!gated) return;
    gate_ = read_joint(loader, b + "receptance", hyper.width, hyper.width, {});
    by_gate_ = loader.vector(b + "lerp_r.weight", hyper.width);
  }

  LayerShape keeps() const override { return {.state = shift_.state()}; }

  void run(Ops& ops, Tensor y, Tensor x, const LayerMemory& memory, const Rows& rows) const override {
    Scope scope(ops);
    const Tensor shift = scope.like(x), mixed = scope.like(x), inner = scope.f32(x.rows, key_.w.rows);
    shift_.run(ops, shift, x, memory.state, rows);
    lerp(ops, mixed, x, shift, by_key_);
    linear(ops, rows, inner, mixed, key_);
    ops.map(inner, inner, {}, {.act = Act::relu2});
    linear(ops, rows, y, inner, value_);
    if (!gated_) return;
    const Tensor gate = scope.like(x);
    lerp(ops, mixed, x, shift, by_gate_);
    linear(ops, rows, gate, mixed, gate_);
    ops.map(y, gate, y, {.act = Act::sigmoid});
  }

 private:
  bool gated_;
  TokenShift shift_;
  Linear key_, value_, gate_;
  Tensor by_key_, by_gate_;
};

class TimeMix6 : public Mixer {
 public:
  TimeMix6(Loader& loader, int64_t layer, const Hyper& hyper) : shift_(loader, hyper.width), heads_(loader, hyper.width) {
    const std::string b = block(layer) + "time_mix_";
    const int64_t low = loader.integer("time_mix_extra_dim", 1, most_dim), decay = loader.integer("time_decay_extra_dim", 1, most_dim);
    by_all_ = loader.vector(b + "lerp_x.weight", hyper.width);
    low_ = read_linear(loader, b + "w1", parts * low, hyper.width);
    high_ = {.w = loader.floats(b + "w2.weight", parts * hyper.width, low, Range{0, parts * hyper.width}),
             .b = read_lerps(loader, b, hyper.width)};
    decay_low_ = read_linear(loader, b + "decay_w1", decay, hyper.width);
    decay_high_ =
        with_bias(read_linear(loader, b + "decay_w2", hyper.width, decay, heads_.columns), heads_.vector(loader, b + "decay.weight"));
    r_ = heads_.rows(loader, b + "receptance"), k_ = heads_.rows(loader, b + "key"), v_ = heads_.rows(loader, b + "value");
    gate_ = heads_.rows(loader, b + "gate");
    const Tensor first = loader.floats(b + "first.weight", heads_.count, heads_.size, heads_.own);
    wkv_ = {.heads = heads_.own.count, .nested = true, .bonus = {first.data, Type::f32, 1, heads_.columns.count, heads_.columns.count * 4}};
    norm_ = heads_.norm(loader, b + "ln");
    out_ = read_joint(loader, b + "output", hyper.width, hyper.width, heads_.cut.times(heads_.size));
  }

  LayerShape keeps() const override { return {.state = shift_.state() + heads_.state()}; }

  void run(Ops& ops, Tensor y, Tensor x, const LayerMemory& memory, const Rows& rows) const override {
    Scope scope(ops);
    const Tensor mixed = scope.f32(x.rows, parts * x.cols);  // for decay, k, v, r and the gate
    mix(ops, mixed, x, memory.state, rows);
    const auto part = [&](int64_t i) { return mixed.columns(i * x.cols, x.cols); };
    const Tensor r = scope.f32(x.rows, heads_.columns.count), k = scope.like(r), v = scope.like(r), gate = scope.like(r);
    const Tensor decay = scope.like(r), low = scope.f32(x.rows, decay_low_.w.rows), out = scope.like(r);
    linear(ops, rows, low, part(0), decay_low_);
    ops.map(low, low, {}, {.act = Act::tanh});
    linear(ops, rows, decay, low, decay_high_);
    linear(ops, rows, k, part(1), k_);
    linear(ops, rows, v, part(2), v_);
    linear(ops, rows, r, part(3), r_);
    linear(ops, rows, gate, part(4), gate_);
    ops.wkv(out, r, k, v, decay, {memory.state.slots.columns(shift_.state(), heads_.state())}, wkv_, rows);
    ops.norm(out, out, norm_);
    ops.map(out, gate, out, {.act = Act::silu});
    linear(ops, rows, y, out, out_);
  }

 private:
  static constexpr int64_t parts = 5;

  // Older files have a tensor for each.
  static Tensor read_lerps(Loader& loader, const std::string& b, int64_t width) {
    if (loader.has(b + "lerp_fused.weight")) return loader.floats(b + "lerp_fused.weight", parts, width, Range{0, parts});
    std::vector<float> all;
    for (const char* name : {"w", "k", "v", "r", "g"}) {
      const std::vector<float> one = loader.values(b + "lerp_" + name + ".weight", 1, width);
      all.insert(all.end(), one.begin(), one.end());
    }
    return loader.made(parts, width, [&](std::span<float> to) { std::copy(all.begin(), all.end(), to.begin()); });
  }

  // x + (lerps + what the row itself adds to them) * shift, five times.
  void mix(Ops& ops, Tensor mixed, Tensor x, const State& state, const Rows& rows) const {
    Scope scope(ops);
    const Tensor shift = scope.like(x), one = scope.like(x), low = scope.f32(x.rows, low_.w.rows);
    shift_.run(ops, shift, x, state, rows);
    lerp(ops, one, x, shift, by_all_);
    linear(ops, rows, low, one, low_);
    ops.map(low, low, {}, {.act = Act::tanh});
    linear(ops, rows, mixed.split(parts), low.split(parts), high_, {.count = parts});
    for (int64_t i = 0; i < parts; i++) lerp(ops, mixed.columns(i * x.cols, x.cols), x, shift, mixed.columns(i * x.cols, x.cols));
  }

  TokenShift shift_;
  WkvHeads heads_;
  Tensor by_all_;
  Linear low_, high_, decay_low_, decay_high_, r_, k_, v_, gate_, out_;
  Wkv wkv_;
  Norm norm_;
};

class TimeMix7 : public Mixer {
 public:
  TimeMix7(Loader& loader, int64_t layer, const Hyper& hyper)
      : first_(layer == 0), shift_(loader, hyper.width), heads_(loader, hyper.width) {
    const std::string b = block(layer) + "time_mix_";
    by_ = loader.floats(b + "lerp_fused.weight", parts, hyper.width, Range{0, parts});
    r_ = heads_.rows(loader, b + "receptance"), k_ = heads_.rows(loader, b + "key"), v_ = heads_.rows(loader, b + "value");
    decay_ = read_low(loader, b + "w", "attention.decay_lora_rank"), rate_ = read_low(loader, b + "a", "attention.iclr_lora_rank");
    gate_ = read_low(loader, b + "g", "attention.gate_lora_rank", false);
    if (first_)
      for (const char* name : {"v0.weight", "v1.weight", "v2.weight"}) loader.ignore(b + name);  // fillers
    else
      mixed_in_ = read_low(loader, b + "v", "attention.value_residual_mix_lora_rank");
    removal_ = heads_.vector(loader, b + "k_k.weight"), by_rate_ = heads_.vector(loader, b + "k_a.weight");
    without_rate_ = read_without_rate(loader, b);
    bonus_ = heads_.by_head(loader, b + "r_k.weight");
    wkv_.heads = heads_.own.count;
    length_ = read_length(loader);
    norm_ = heads_.norm(loader, b + "ln");
    out_ = read_joint(loader, b + "output", hyper.width, hyper.width, heads_.cut.times(heads_.size));
  }

  LayerShape keeps() const override { return {.state = shift_.state() + heads_.state()}; }

  void run(Ops& ops, Tensor y, Tensor x, const LayerMemory& memory, const Rows& rows) const override {
    Scope scope(ops);
    const Tensor shift = scope.like(x), mixed = scope.like(x);
    const Tensor r = scope.f32(x.rows, heads_.columns.count), k = scope.like(r), v = scope.like(r), gate = scope.like(r);
    const Tensor decay = scope.like(r), rate = scope.like(r), removes = scope.like(r), out = scope.like(r);
    shift_.run(ops, shift, x, memory.state, rows);
    const auto mix = [&](int64_t i) { lerp(ops, mixed, x, shift, by_.slice(i, 1)); };
    mix(0), linear(ops, rows, r, mixed, r_);
    mix(1), low_rank(ops, rows, decay, mixed, decay_, Act::tanh);
    mix(2), linear(ops, rows, k, mixed, k_);
    mix(3), linear(ops, rows, v, mixed, v_);
    mix_values(ops, v, mixed, memory.inputs.columns(heads_.columns.first, heads_.columns.count), rows);
    mix(4), low_rank(ops, rows, rate, mixed, rate_, Act::none);
    mix(5), low_rank(ops, rows, gate, mixed, gate_, Act::sigmoid);
    ops.map(decay, decay, {}, {.act = Act::sigmoid, .outer = -std::exp(-0.5f)});
    ops.map(rate, rate, {}, {.act = Act::sigmoid});
    ops.map(removes, k, removal_, {});
    ops.norm(removes, removes, length_);
    scale_keys(ops, k, rate);
    ops.map(rate, rate, removes, {.outer = -1});
    Wkv wkv = wkv_;
    wkv.removes = removes, wkv.replaces = rate;
    ops.wkv(out, r, k, v, decay, {memory.state.slots.columns(shift_.state(), heads_.state())}, wkv, rows);
    ops.norm(out, out, norm_);
    add_bonus(ops, rows, out, r, k, v);
    ops.map(out, out, gate, {});
    linear(ops, rows, y, out, out_);
  }

 private:
  static constexpr int64_t parts = 6;  // for r, decay, k, v, rate and the gate

  // High times an activation of low times the row, plus a bias.
  struct Low {
    Linear low, high;
  };

  Low read_low(Loader& loader, const std::string& b, const char* key, bool biased = true) const {
    const int64_t rank = loader.integer(key, 1, most_width);
    const Linear high = read_linear(loader, b + "2", heads_.width, rank, heads_.columns);
    return {read_linear(loader, b + "1", rank, heads_.width), biased ? with_bias(high, heads_.vector(loader, b + "0.weight")) : high};
  }

  // 1 - k_a
  Tensor read_without_rate(Loader& loader, const std::string& b) const {
    const std::vector<float> all = loader.values(b + "k_a.weight", 1, heads_.width);
    return loader.made(1, heads_.columns.count, [&](std::span<float> to) {
      for (size_t i = 0; i < to.size(); i++) to[i] = 1 - all[static_cast<size_t>(heads_.columns.first) + i];
    });
  }

  // Each head to length 1: the root mean square norm, times size^-0.5.
  Norm read_length(Loader& loader) const {
    const auto size = static_cast<double>(heads_.size);
    const float w = static_cast<float>(1 / std::sqrt(size));
    return {.w = loader.made(1, heads_.size, [w](std::span<float> to) { std::fill(to.begin(), to.end(), w); }),
            .eps = static_cast<float>(1e-24 / size),
            .heads = heads_.own.count};
  }

  static void low_rank(Ops& ops, const Rows& rows, Tensor y, Tensor x, const Low& of, Act act) {
    Scope scope(ops);
    const Tensor low = scope.f32(x.rows, of.low.w.rows);
    linear(ops, rows, low, x, of.low);
    if (act != Act::none) ops.map(low, low, {}, {.act = act});
    linear(ops, rows, y, low, of.high);
  }

  // v + sigmoid(mixed_in) * (the first layer's v - v); of the first layer v is kept.
  void mix_values(Ops& ops, Tensor v, Tensor x, Tensor first, const Rows& rows) const {
    if (first_) return ops.map(first, v, {}, {});
    Scope scope(ops);
    const Tensor share = scope.like(v), change = scope.like(v);
    low_rank(ops, rows, share, x, mixed_in_, Act::none);
    ops.map(change, v, first, {.adds = true, .outer = -1});
    ops.map(change, share, change, {.act = Act::sigmoid});
    ops.add(v, v, change);
  }

  // k (1 + (rate - 1) k_a)
  void scale_keys(Ops& ops, Tensor k, Tensor rate) const {
    Scope scope(ops);
    const Tensor by = scope.like(k);
    ops.map(by, rate, by_rate_, {});
    ops.map(by, by, without_rate_, {.adds = true});
    ops.map(k, k, by, {});
  }

  // Each head's v, times the sum of r k r_k over the head.
  void add_bonus(Ops& ops, const Rows& rows, Tensor y, Tensor r, Tensor k, Tensor v) const {
    Scope scope(ops);
    const int64_t heads = heads_.own.count;
    const Tensor both = scope.like(r), sums = scope.f32(r.rows, heads);
    ops.map(both, r, k, {});
    linear(ops, rows, sums.split(heads), both.split(heads), {.w = bonus_}, {.count = heads});
    ops.map(both, v, sums, {});
    ops.add(y, y, both);
  }

  bool first_;
  TokenShift shift_;
  WkvHeads heads_;
  Tensor by_, removal_, by_rate_, without_rate_, bonus_;
  Linear r_, k_, v_, out_;
  Low decay_, rate_, gate_, mixed_in_;
  Wkv wkv_;
  Norm length_, norm_;
};

}  // namespace

void check_rwkv(const Loader& loader) {
  if (const int64_t rows = loader.integer("token_shift_count", 0, 16, 2); rows != 2)
    loader.refuse("token_shift_count", "2 (the time mix and the channel mix)", std::to_string(rows));
}

Mixing read_time_mix6(Loader& loader, int64_t layer, const Hyper& hyper) { return std::make_shared<TimeMix6>(loader, layer, hyper); }
Mixing read_channel_mix6(Loader& loader, int64_t layer, const Hyper& hyper) {
  return std::make_shared<ChannelMix>(loader, layer, hyper, true);
}
Mixing read_time_mix7(Loader& loader, int64_t layer, const Hyper& hyper) { return std::make_shared<TimeMix7>(loader, layer, hyper); }
Mixing read_channel_mix7(Loader& loader, int64_t layer, const Hyper& hyper) {
  return std::make_shared<ChannelMix>(loader, layer, hyper, false);
}

}  // namespace lt::model
