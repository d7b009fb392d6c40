#include "model/state_space.h"

#include <algorithm>

#include "model/linear.h"

namespace lt::model {
namespace {

// Of `channels`, those of `mine`.
Conv read_conv(Loader& loader, const std::string& b, int64_t channels, const Ranges& mine) {
  const std::string name = b + "ssm_conv1d", bias = name + ".bias";
  return {.w = loader.floats(name + ".weight", channels, loader.integer("ssm.conv_kernel", 2, 64), mine),
          .b = loader.has(bias) ? loader.vector(bias, channels, mine) : Tensor{}};
}

// The state of the convolution lies before that of the scan.
State conv_state(const State& all, const Conv& conv) { return {all.slots.columns(0, (conv.w.cols - 1) * conv.w.rows)}; }
State scan_state(const State& all, const Conv& conv) {
  const int64_t before = (conv.w.cols - 1) * conv.w.rows;
  return {all.slots.columns(before, all.slots.cols - before)};
}

class Mamba : public Mixer {
 public:
  Mamba(Loader& loader, int64_t layer, const Hyper& hyper, const MambaOptions& options)
      : rank_(loader.integer("ssm.time_step_rank", 1, most_width)), size_(loader.integer("ssm.state_size", 1, most_dim)) {
    const std::string b = block(layer);
    const int64_t inner = loader.integer("ssm.inner_size", 1, most_width);
    Division& d = loader.division();
    const Boundaries cut = cut_columns(loader, b + "ssm_out", inner);
    const Range own = d.mine(cut, inner);
    in_ = read_linear(loader, b + "ssm_in", 2 * inner, hyper.width, own);
    gate_ = read_linear(loader, b + "ssm_in", 2 * inner, hyper.width, Range{inner + own.first, own.count});
    conv_ = read_conv(loader, b, inner, own);
    rates_ = read_joint(loader, b + "ssm_x", rank_ + 2 * size_, inner, cut);
    steps_ = read_linear(loader, b + "ssm_dt", inner, rank_, own);
    scan_ = {.a = loader.floats(b + "ssm_a", inner, size_, own), .d = loader.vector(b + "ssm_d", inner, own), .heads = own.count};
    out_ = read_joint(loader, b + "ssm_out", hyper.width, inner, cut);
    read_norms(loader, b, options);
    d.note(cut ? "state space's columns " + cut.text() : "state space on every rank");
  }

  LayerShape keeps() const override { return {.state = (conv_.w.cols - 1 + size_) * conv_.w.rows}; }

  void run(Ops& ops, Tensor y, Tensor x, const LayerMemory& memory, const Rows& rows) const override {
    Scope scope(ops);
    const Tensor in = scope.f32(x.rows, scan_.heads), gate = scope.like(in), v = scope.like(in), steps = scope.like(in);
    linear(ops, rows, x, {{in, in_}, {gate, gate_}});
    ops.conv(v, in, conv_state(memory.state, conv_), conv_, rows);
    ops.map(v, v, {}, {.act = Act::silu});
    const Tensor rates = scope.f32(x.rows, rank_ + 2 * size_), b = rates.columns(rank_, size_), c = rates.columns(rank_ + size_, size_);
    linear(ops, rows, rates, v, rates_);
    const Tensor parts[] = {rates.columns(0, rank_), b, c};
    for (size_t i = 0; normed_ && i < std::size(parts); i++) ops.norm(parts[i], parts[i], norms_[i]);
    linear(ops, rows, steps, parts[0], steps_);
    ops.map(steps, steps, {}, {.act = Act::softplus});
    ops.scan(in, v, steps, b, c, scan_state(memory.state, conv_), scan_, rows);
    ops.map(in, gate, in, {.act = Act::silu});
    linear(ops, rows, y, in, out_);
  }

 private:
  void read_norms(Loader& loader, const std::string& b, const MambaOptions& options) {
    normed_ = options.norms != MambaOptions::Norms::none;
    const std::pair<const char*, int64_t> parts[] = {{"ssm_dt_norm", rank_}, {"ssm_b_norm", size_}, {"ssm_c_norm", size_}};
    for (size_t i = 0; i < std::size(parts); i++) {
      norms_[i].eps = options.eps;
      if (options.norms == MambaOptions::Norms::weighed) norms_[i].w = loader.vector(b + parts[i].first + ".weight", parts[i].second);
    }
  }

  int64_t rank_, size_;  // columns that make steps; of a state
  bool normed_ = false;
  Linear in_, gate_, rates_, steps_, out_;
  Conv conv_;
  Scan scan_;
  Norm norms_[3];
};

class Mamba2 : public Mixer {
 public:
  Mamba2(Loader& loader, int64_t layer, const Hyper& hyper, const Mamba2Options& options) : scales_(options.scales) {
    read_sizes(loader);
    divide(loader.division(), options.normed);
    const std::string b = block(layer);
    const Ranges channels = own_channels();
    const int64_t all = 2 * inner() + 2 * groups_ * size_ + heads_;
    const auto part = [&](const Ranges& mine) { return read_linear(loader, b + "ssm_in", all, hyper.width, mine); };
    Ranges behind_gate = Range{inner() + channels.begin()->first, channels.begin()->count};
    for (auto r = channels.begin() + 1; r != channels.end(); r++) behind_gate.add({inner() + r->first, r->count});
    gate_ = part(Range{own_heads_.first * dim_, own_heads_.count * dim_});
    in_ = part(behind_gate);
    steps_ = part(Range{all - heads_ + own_heads_.first, own_heads_.count});
    conv_ = read_conv(loader, b, inner() + 2 * groups_ * size_, channels);
    channel_scales_ = make_scales(loader);
    steps_bias_ = loader.vector(b + "ssm_dt.bias", heads_, own_heads_);
    scan_ = {.a = loader.floats(b + "ssm_a", heads_, 1, own_heads_),
             .d = loader.floats(b + "ssm_d", heads_, 1, own_heads_),
             .heads = own_heads_.count,
             .groups = own_groups_.count};
    scan_.d = {scan_.d.data, Type::f32, 1, own_heads_.count, own_heads_.count * 4};  // GGUF has them below one another
    if (options.normed)
      norm_ = Norm{
          .w = loader.floats(b + "ssm_norm.weight", groups_, inner() / groups_, own_groups_), .eps = hyper.eps, .heads = own_groups_.count};
    out_ = read_joint(loader, b + "ssm_out", hyper.width, inner(), gathers_ ? Boundaries{} : cut_.times(dim_));
  }

  LayerShape keeps() const override { return {.state = (conv_.w.cols - 1) * conv_.w.rows + own_heads_.count * dim_ * size_}; }

  void run(Ops& ops, Tensor y, Tensor x, const LayerMemory& memory, const Rows& rows) const override {
    Scope scope(ops);
    const int64_t own = own_heads_.count * dim_, wide = own_groups_.count * size_;
    const Tensor gate = scope.f32(x.rows, own), v = scope.like(gate), steps = scope.f32(x.rows, own_heads_.count);
    const Tensor in = scope.f32(x.rows, conv_.w.rows), mixed = scope.like(in);
    linear(ops, rows, x, {{gate, gate_}, {in, in_}, {steps, steps_}});
    if (channel_scales_) ops.map(in, in, channel_scales_, {});
    ops.conv(mixed, in, conv_state(memory.state, conv_), conv_, rows);
    ops.map(mixed, mixed, {}, {.act = Act::silu});
    ops.map(steps, steps, steps_bias_, {.adds = true, .outer = scales_.steps});
    ops.map(steps, steps, {}, {.act = Act::softplus});
    ops.scan(v, mixed.columns(0, own), steps, mixed.columns(own, wide), mixed.columns(own + wide, wide), scan_state(memory.state, conv_),
             scan_, rows);
    ops.map(v, gate, v, {.act = Act::silu, .inner = scales_.gate});
    const Tensor whole = gathers_ ? scope.f32(x.rows, inner()) : v;
    if (gathers_) ops.all_gather(whole, v);
    if (norm_) ops.norm(whole, whole, *norm_);
    linear(ops, rows, y, whole, out_);
  }

 private:
  int64_t inner() const { return heads_ * dim_; }

  // GGUF calls the number of heads time_step_rank.
  void read_sizes(const Loader& loader) {
    size_ = loader.integer("ssm.state_size", 1, most_dim);
    groups_ = loader.integer("ssm.group_count", 1, most_heads);
    heads_ = loader.integer("ssm.time_step_rank", 1, most_heads);
    const int64_t inner = loader.integer("ssm.inner_size", 1, most_width);
    if (heads_ % groups_) loader.refuse("ssm.time_step_rank", "a multiple of " + std::to_string(groups_), std::to_string(heads_));
    if (inner % heads_) loader.refuse("ssm.inner_size", "a multiple of " + std::to_string(heads_), std::to_string(inner));
    dim_ = inner / heads_;
  }

  // Heads go with their group. Those of a single one are divided too: each rank has its B and C, and a norm over it needs all columns.
  void divide(Division& d, bool normed) {
    const int64_t each = heads_ / groups_;
    const Boundaries by_group = cut(groups_, 1, d.size);
    own_groups_ = d.mine(by_group, groups_);
    cut_ = by_group ? by_group.times(each) : groups_ == 1 ? cut(heads_, 1, d.size) : Boundaries{};
    own_heads_ = d.mine(cut_, heads_);
    gathers_ = normed && cut_ && !by_group;
    d.note(cut_ ? "state space's heads " + cut_.text() : "state space on every rank");
  }

  // Of x, B and C side by side.
  Ranges own_channels() const {
    Ranges all = Range{own_heads_.first * dim_, own_heads_.count * dim_};
    for (int64_t i = 0; i < 2; i++) all.add({inner() + (i * groups_ + own_groups_.first) * size_, own_groups_.count * size_});
    return all;
  }

  Tensor make_scales(Loader& loader) const {
    const Mamba2Scales& s = scales_;
    if (s.columns == 1 && s.b == 1 && s.c == 1) return {};
    return loader.made(1, conv_.w.rows, [&](std::span<float> to) {
      const auto b = to.begin() + own_heads_.count * dim_, c = b + own_groups_.count * size_;
      std::fill(to.begin(), b, s.columns);
      std::fill(b, c, s.b);
      std::fill(c, to.end(), s.c);
    });
  }

  Mamba2Scales scales_;
  int64_t size_ = 0, groups_ = 0, heads_ = 0, dim_ = 0;  // columns of a state, ..., of a head
  Boundaries cut_;                                       // of heads
  Range own_groups_, own_heads_;
  bool gathers_ = false;  // columns are needed from all ranks before their norm
  Linear gate_, in_, steps_, out_;
  Conv conv_;
  Scan scan_;
  Tensor steps_bias_, channel_scales_;
  std::optional<Norm> norm_;
};

class HeadedMamba : public Mixer {
 public:
  HeadedMamba(Loader& loader, int64_t layer, const Hyper& hyper) {
    const std::string b = block(layer);
    const int64_t heads = loader.integer("ssm.time_step_rank", 1, most_heads), inner = loader.integer("ssm.inner_size", 1, most_width);
    if (inner % heads) loader.refuse("ssm.inner_size", "a multiple of " + std::to_string(heads), std::to_string(inner));
    size_ = loader.integer("ssm.state_size", 1, most_dim);
    dim_ = inner / heads, rank_ = std::max<int64_t>(64, hyper.width / 16);  // as the model's code has it; no key says it
    Division& d = loader.division();
    const Boundaries cut_heads = cut(heads, 1, d.size);
    const Range own = d.mine(cut_heads, heads), columns{own.first * dim_, own.count * dim_};
    in_ = read_linear(loader, b + "ssm_in", 2 * inner, hyper.width, Range{2 * columns.first, 2 * columns.count});
    conv_ = read_conv(loader, b, inner, columns);
    rates_ = read_joint(loader, b + "ssm_x", rank_ + 2 * size_, inner, cut_heads.times(dim_));
    steps_ = read_linear(loader, b + "ssm_dt", heads, rank_, own);
    const Tensor a = loader.vector(b + "ssm_a", heads, own);
    scan_ = {.a = {a.data, Type::f32, own.count, 1, 4}, .d = loader.vector(b + "ssm_d", heads, own), .heads = own.count};
    out_ = read_joint(loader, b + "ssm_out", hyper.width, inner, cut_heads.times(dim_));
    const auto norm = [&](const char* name, int64_t cols) { return Norm{.w = loader.vector(b + name, cols), .eps = hyper.eps}; };
    b_norm_ = norm("ssm_b_norm", size_), c_norm_ = norm("ssm_c_norm", size_), steps_norm_ = norm("ssm_dt_norm", rank_);
    d.note(cut_heads ? "state space's heads " + cut_heads.text() : "state space on every rank");
  }

  LayerShape keeps() const override { return {.state = (conv_.w.cols - 1 + size_) * conv_.w.rows}; }

  void run(Ops& ops, Tensor y, Tensor x, const LayerMemory& memory, const Rows& rows) const override {
    Scope scope(ops);
    const int64_t heads = scan_.heads;
    const Tensor both = scope.f32(x.rows, 2 * heads * dim_), by_head = both.split(heads);  // of each head its gate and its columns
    const Tensor in = scope.f32(x.rows, heads * dim_), v = scope.like(in), steps = scope.f32(x.rows, heads);
    linear(ops, rows, both, x, in_);
    ops.map(in.split(heads), by_head.columns(dim_, dim_), {}, {});
    ops.conv(v, in, conv_state(memory.state, conv_), conv_, rows);
    ops.map(v, v, {}, {.act = Act::silu});
    const Tensor rates = scope.f32(x.rows, rank_ + 2 * size_), b = rates.columns(0, size_), c = rates.columns(size_, size_);
    const Tensor low = rates.columns(2 * size_, rank_);
    linear(ops, rows, rates, v, rates_);
    ops.norm(b, b, b_norm_);
    ops.norm(c, c, c_norm_);
    ops.norm(low, low, steps_norm_);
    linear(ops, rows, steps, low, steps_);
    ops.map(steps, steps, {}, {.act = Act::softplus});
    ops.scan(in, v, steps, b, c, scan_state(memory.state, conv_), scan_, rows);
    ops.map(in.split(heads), by_head.columns(0, dim_), in.split(heads), {.act = Act::silu});
    linear(ops, rows, y, in, out_);
  }

 private:
  int64_t size_, dim_, rank_;  // columns of a state, of a head; that make steps
  Linear in_, rates_, steps_, out_;
  Conv conv_;
  Scan scan_;
  Norm b_norm_, c_norm_, steps_norm_;
};

}  // namespace

Mixing read_mamba(Loader& loader, int64_t layer, const Hyper& hyper, const MambaOptions& options) {
  return std::make_shared<Mamba>(loader, layer, hyper, options);
}

Mixing read_mamba2(Loader& loader, int64_t layer, const Hyper& hyper, const Mamba2Options& options) {
  return std::make_shared<Mamba2>(loader, layer, hyper, options);
}

Mixing read_headed_mamba(Loader& loader, int64_t layer, const Hyper& hyper) { return std::make_shared<HeadedMamba>(loader, layer, hyper); }

}  // namespace lt::model
