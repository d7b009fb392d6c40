#include "model/experts.h"

#include "model/feed_forward.h"
#include "model/linear.h"

namespace lt::model {
namespace {

// Groups are equal, and those that may be chosen from have enough experts.
void check_groups(const Loader& loader, const Router& r, int64_t count, int64_t used) {
  if (count % r.groups || r.used_groups > r.groups || used > count / r.groups * r.used_groups)
    throw Error(Code::format, loader.architecture() + ".expert_group_count: expected equal groups of " + std::to_string(count) +
                                  " experts, enough of them used for " + std::to_string(used) + " experts a row, found " +
                                  std::to_string(r.groups) + " groups, " + std::to_string(r.used_groups) + " of them used");
}

class Experts : public Mixer {
 public:
  Experts(Loader& loader, int64_t layer, const Hyper& hyper, const ExpertsOptions& options)
      : router_(options.router),
        map_(options.map),
        gated_(options.gated),
        router_norm_(options.router_norm),
        expert_norm_(options.expert_norm),
        scales_input_(options.scales_input),
        exact_(loader.division().exact) {
    const std::string b = block(layer);
    const int64_t count = read_expert_count(loader), columns = loader.per_layer(options.columns_key, layer, 1, most_width);
    used_ = loader.integer("expert_used_count", 1, count);
    check_groups(loader, options.router, count, used_);
    divide(loader.division(), count);
    scores_ = read_linear(loader, b + "ffn_gate_inp", count, hyper.width);
    if (options.biased) router_.bias = loader.vector(b + "exp_probs_b.bias", count);
    if (options.fused) {
      gate_up_ = stack(loader, b + "ffn_gate_up_exps", count, 2 * columns, hyper.width);
    } else {
      if (gated_) gate_ = stack(loader, b + "ffn_gate_exps", count, columns, hyper.width);
      up_ = stack(loader, b + "ffn_up_exps", count, columns, hyper.width);
    }
    down_ = stack(loader, b + "ffn_down_exps", count, hyper.width, columns);
    if (options.scaled) scales_ = loader.vector(b + "ffn_down_exps.scale", count).split(count);
    if (options.shared)
      shared_ = read_feed_forward(loader, layer, hyper,
                                  {.map = options.map, .gated = options.gated, .suffix = "_shexp", .columns = options.shared});
    if (options.shared_gate) shared_gate_ = read_linear(loader, b + "ffn_gate_inp_shexp", 1, hyper.width);
  }

  void run(Ops& ops, Tensor y, Tensor x, const LayerMemory& memory, const Rows& rows) const override {
    Scope scope(ops);
    const Tensor ids = scope.i32(x.rows, used_), weights = scope.f32(x.rows, used_), all = scope.f32(x.rows, used_ * y.cols);
    choose(ops, ids, weights, normed(ops, scope, x, router_norm_), rows);
    const Tensor input = normed(ops, scope, x, expert_norm_);
    scales_input_ ? compute_scaled(ops, all.split(used_), input, ids, weights, rows) : compute(ops, all.split(used_), input, ids, rows);
    // A number is other than zero on one rank alone, so that these sums add nothing but zeros.
    if (divided_ && exact_) ops.all_reduce(all.split(used_));
    scales_input_ ? add_up(ops, y, all) : ops.combine(y, all.split(used_), weights);
    if (divided_ && !exact_) ops.all_reduce(y);
    if (shared_) add_shared(ops, y, x, memory, rows);
  }

 private:
  void divide(Division& d, int64_t count) {
    const Boundaries cut = model::cut(count, 1, d.size);
    own_ = d.mine(cut, count);
    divided_ = bool(cut);
    d.note(cut ? "experts " + cut.text() : "experts on every rank");
  }

  // This rank's of `count` matrices (out, in) below one another.
  Linear stack(Loader& loader, const std::string& name, int64_t count, int64_t out, int64_t in) const {
    const std::string bias = name + ".bias";
    return {.w = loader.rows(name + ".weight", count * out, in, Range{own_.first * out, own_.count * out}),
            .b = loader.has(bias) ? loader.floats(bias, count, out, own_) : Tensor{},
            .lows = loader.low_ranks(name, count, out, in, own_)};
  }

  static Tensor normed(Ops& ops, Scope& scope, Tensor x, const std::optional<Norm>& norm) {
    if (!norm) return x;
    const Tensor y = scope.like(x);
    ops.norm(y, x, *norm);
    return y;
  }

  void choose(Ops& ops, Tensor ids, Tensor weights, Tensor x, const Rows& rows) const {
    Scope scope(ops);
    const Tensor scores = scope.f32(x.rows, scores_.w.rows);
    linear(ops, rows, scores, x, scores_);
    ops.route(ids, weights, scores, router_);
    if (!scales_) return;
    const Tensor scales = scope.f32(weights.rows * used_, 1), each = weights.split(used_);
    ops.gather(scales, scales_, ids.split(used_));
    ops.map(each, each, scales, {});
  }

  // y (n * used, width): each row's chosen experts. Of x all of a row's experts read one row, or, where it has as many as y, one each.
  void compute(Ops& ops, Tensor y, Tensor x, Tensor ids, const Rows& rows) const {
    Scope scope(ops);
    const Tensor f = scope.f32(y.rows, down_.w.cols);
    const auto choice = [&](Tensor of) { return Choice{.ids = of, .count = own_.count, .first = own_.first}; };
    const Choice inner = choice(x.rows == y.rows ? ids.split(used_) : ids);
    if (gate_up_.w) {
      const Tensor both = scope.f32(y.rows, 2 * f.cols);
      linear(ops, rows, both, x, gate_up_, inner);
      ops.map(f, both.columns(0, f.cols), both.columns(f.cols, f.cols), map_);
    } else if (gated_) {
      gated(ops, rows, f, x, gate_, up_, map_, inner);
    } else {
      linear(ops, rows, f, x, up_, inner);
      ops.map(f, f, {}, map_);
    }
    linear(ops, rows, y, f, down_, choice(ids.split(used_)));
  }

  void compute_scaled(Ops& ops, Tensor y, Tensor x, Tensor ids, Tensor weights, const Rows& rows) const {
    Scope scope(ops);
    const Tensor scaled = scope.f32(x.rows, used_ * x.cols);
    for (int64_t j = 0; j < used_; j++) ops.map(scaled.columns(j * x.cols, x.cols), x, weights.columns(j, 1), {});
    compute(ops, y, scaled.split(used_), ids, rows);
  }

  // y = the sum of each row's results.
  void add_up(Ops& ops, Tensor y, Tensor all) const {
    ops.map(y, all.columns(0, y.cols), {}, {});
    for (int64_t j = 1; j < used_; j++) ops.add(y, y, all.columns(j * y.cols, y.cols));
  }

  void add_shared(Ops& ops, Tensor y, Tensor x, const LayerMemory& memory, const Rows& rows) const {
    Scope scope(ops);
    const Tensor s = scope.like(y), gate = scope.f32(x.rows, 1);
    shared_->run(ops, s, x, memory, rows);
    if (shared_gate_.w) {
      linear(ops, rows, gate, x, shared_gate_);
      ops.map(gate, gate, {}, {.act = Act::sigmoid});
      ops.map(s, s, gate, {});
    }
    ops.add(y, y, s);
  }

  Router router_;
  Map map_;
  bool gated_;
  std::optional<Norm> router_norm_, expert_norm_;
  bool scales_input_, exact_, divided_ = false;
  int64_t used_ = 0;
  Range own_;  // experts of this rank
  Linear scores_, gate_, up_, gate_up_, down_, shared_gate_;
  Tensor scales_;  // (experts, 1)
  Mixing shared_;
};

}  // namespace

int64_t read_expert_count(const Loader& loader) { return loader.integer("expert_count", 1, most_experts); }

Router read_router(const Loader& loader, Router::Gating otherwise) {
  const int64_t gating = loader.integer("expert_gating_func", 0, 1 << 16, 0);
  if (gating > 2) loader.refuse("expert_gating_func", "1 (softmax) or 2 (sigmoid)", std::to_string(gating));
  return {.gating = gating == 0   ? otherwise
                    : gating == 1 ? Router::Gating::softmax
                                  : Router::Gating::sigmoid,
          .groups = loader.integer("expert_group_count", 1, most_experts, 1),
          .used_groups = loader.integer("expert_group_used_count", 1, most_experts, 1),
          .normalize = loader.flag("expert_weights_norm", false),
          .scale = static_cast<float>(loader.number("expert_weights_scale", 1e-6, 1e6, 1))};
}

int64_t read_shared_columns(const Loader& loader) {
  return loader.integer("expert_shared_count", 0, most_experts, 0) * loader.integer("expert_feed_forward_length", 1, most_width);
}

Mixing read_experts(Loader& loader, int64_t layer, const Hyper& hyper, const ExpertsOptions& options) {
  return std::make_shared<Experts>(loader, layer, hyper, options);
}

}  // namespace lt::model
