#include "model/attention.h"

#include <bit>
#include <cmath>

#include "model/linear.h"

namespace lt::model {
namespace {

// A head's two halves of x, whose heads are rows of the result.
Tensor half_of_heads(Tensor x, int64_t heads, int64_t which) {
  const Tensor all = x.split(heads);
  return all.columns(which * (all.cols / 2), all.cols / 2);
}

// The slope of head h of `heads` (Press et al. 2021): a geometric series for the largest power of two within, every other one of the next
// series for the rest.
float alibi_slope(int64_t h, int64_t heads, double most) {
  const auto power = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(heads)));
  const double step = -most / static_cast<double>(power);
  return static_cast<float>(std::exp2(h < power ? step * static_cast<double>(h + 1) : step / 2 * static_cast<double>(2 * (h - power) + 1)));
}

class Attention : public Mixer {
 public:
  Attention(Loader& loader, int64_t layer, const Hyper& hyper, const AttentionOptions& options)
      : gated_(options.gated),
        keys_as_values_(options.keys_as_values),
        norm_last_(options.norm_last),
        kv_of_(options.kv_of),
        clamp_(options.clamp) {
    whole_ = options.heads ? *options.heads : read_heads(loader, layer, hyper);
    divide(loader.division());
    const std::string b = block(layer);
    if (options.query_key_norm == NormOf::row && cut_.query) joint_ = true;
    options.fused ? read_fused(loader, b, hyper.width) : read_each(loader, b, hyper.width);
    out_ = read_joint(loader, b + "attn_output", hyper.width, whole_.query * whole_.value_dim, cut_.query.times(whole_.value_dim));
    if (out_.gathers && !loader.division().exact) loader.division().note("attention output gathered");
    read_norms(loader, b, hyper, options);
    if (options.value_norm) v_norm_ = Norm{.eps = hyper.eps, .heads = kv_heads_.count};
    rope_ = options.rope, temperature_ = options.temperature;
    attend_ = {.heads = q_heads_.count,
               .scale = static_cast<float>(options.scale > 0 ? options.scale : 1 / std::sqrt(static_cast<float>(whole_.key_dim))),
               .window = options.window,
               .ahead = options.ahead,
               .chunk = options.chunk,
               .cap = options.cap};
    if (options.alibi > 0)
      attend_.slopes = loader.made(1, q_heads_.count, [&](std::span<float> to) {
        for (size_t i = 0; i < to.size(); i++)
          to[i] = alibi_slope(q_heads_.first + static_cast<int64_t>(i), whole_.query, static_cast<double>(options.alibi));
      });
    if (options.sinks) attend_.sinks = loader.vector(b + "attn_sinks.weight", whole_.query, q_heads_);
  }

  LayerShape keeps() const override {
    if (kv_of_ >= 0) return {.kv_of = kv_of_};
    const int64_t reach = attend_.window > 0 ? attend_.window : attend_.chunk;
    return {.kv = KvShape{.heads = kv_heads_.count, .key_dim = whole_.key_dim, .value_dim = whole_.value_dim, .reach = reach}};
  }
  int64_t heads() const override { return q_heads_.count; }

  void run(Ops& ops, Tensor y, Tensor x, const LayerMemory& memory, const Rows& rows) const override {
    Scope scope(ops);
    const int64_t n = x.rows;
    Tensor q = scope.f32(n, q_heads_.count * whole_.key_dim);
    const Tensor a = scope.f32(n, q_heads_.count * whole_.value_dim);
    const Tensor both = gated_ ? scope.f32(n, 2 * q.cols) : Tensor{};
    if (kv_of_ >= 0) {
      linear(ops, rows, x, {{gated_ ? both : q, q_}});
      prepare_queries(ops, q, both, rows);
    } else {
      const Tensor k = scope.f32(n, kv_heads_.count * whole_.key_dim), v = scope.f32(n, kv_heads_.count * whole_.value_dim);
      project(ops, rows, x, gated_ ? both : q, k, v);
      prepare_queries(ops, q, both, rows);
      prepare_keys(ops, k, rows);
      if (v_norm_) ops.norm(v, v, *v_norm_);
      ops.store_kv(*memory.kv, k, v, rows);
    }
    ops.attend(a, q, *memory.kv, rows, attend_);
    if (gated_) {
      const Tensor heads = a.split(q_heads_.count);
      ops.map(heads, half_of_heads(both, q_heads_.count, 1), heads, {.act = Act::sigmoid});
    }
    linear(ops, rows, y, a, out_);
  }

 private:
  void divide(Division& d) {
    d.heads = std::max(d.heads, whole_.query), d.kv_heads = std::max(d.kv_heads, whole_.kv);
    cut_ = cut_heads(whole_.query, whole_.kv, d.size);
    q_heads_ = d.mine(cut_.query, whole_.query);
    kv_heads_ = cut_.query ? cut_.kv[static_cast<size_t>(d.rank)] : Range{0, whole_.kv};
    if (!cut_.query) return d.note("attention on every rank");
    std::string kv;
    for (const Range& r : cut_.kv) kv += (kv.empty() ? "" : "+") + std::to_string(r.count);
    d.note("attention heads " + cut_.query.text() + " (KV heads " + kv + ")");
  }

  static Range columns(const Range& heads, int64_t dim) { return {heads.first * dim, heads.count * dim}; }

  void read_each(Loader& loader, const std::string& b, int64_t width) {
    const int64_t query_dim = whole_.key_dim * (gated_ ? 2 : 1);
    const auto part = [&](const char* name, int64_t heads, const Range& own, int64_t dim) {
      return joint_ ? read_joint(loader, b + name, heads * dim, width, {})
                    : read_linear(loader, b + name, heads * dim, width, columns(own, dim));
    };
    q_ = part("attn_q", whole_.query, q_heads_, query_dim);
    if (kv_of_ >= 0) return;
    k_ = part("attn_k", whole_.kv, kv_heads_, whole_.key_dim);
    if (keys_as_values_) return;
    v_ = read_linear(loader, b + "attn_v", whole_.kv * whole_.value_dim, width, columns(kv_heads_, whole_.value_dim));
  }

  void read_fused(Loader& loader, const std::string& b, int64_t width) {
    const int64_t keys = whole_.query * whole_.key_dim, values = keys + whole_.kv * whole_.key_dim;
    const auto part = [&](int64_t first, const Range& heads, int64_t dim) {
      return read_linear(loader, b + "attn_qkv", values + whole_.kv * whole_.value_dim, width,
                         Range{first + heads.first * dim, heads.count * dim});
    };
    q_ = part(0, q_heads_, whole_.key_dim);
    k_ = part(keys, kv_heads_, whole_.key_dim);
    v_ = part(values, kv_heads_, whole_.value_dim);
  }

  void read_norms(Loader& loader, const std::string& b, const Hyper& hyper, const AttentionOptions& options) {
    const NormOf of = options.query_key_norm;
    const auto read = [&](const char* name, int64_t heads, const Range& own) {
      const std::string n = b + name;
      if (of == NormOf::row) return read_norm(loader, n, heads * whole_.key_dim, hyper);
      if (of == NormOf::head) {
        Norm norm = options.norm_weights ? read_norm(loader, n, whole_.key_dim, hyper) : Norm{.eps = hyper.eps, .centred = hyper.centred};
        norm.heads = own.count;
        return norm;
      }
      return Norm{
          .w = loader.floats(n + ".weight", heads, whole_.key_dim, own), .eps = hyper.eps, .heads = own.count, .centred = hyper.centred};
    };
    if (of == NormOf::none) return;
    q_norm_ = read("attn_q_norm", whole_.query, q_heads_);
    if (kv_of_ < 0) k_norm_ = read("attn_k_norm", whole_.kv, kv_heads_);
    if (gated_) q_norm_->heads = 1;  // heads are rows there
  }

  // This rank's heads, from column `first` on, of what a norm of all of them makes: every rank has the whole product.
  void project_whole(Ops& ops, const Rows& rows, Tensor y, Tensor x, const Linear& l, const Norm& norm, int64_t first) const {
    Scope scope(ops);
    const Tensor all = scope.f32(x.rows, norm.w.cols);
    linear(ops, rows, all, x, l);
    clamp(ops, all);
    ops.norm(all, all, norm);
    ops.map(y, all.columns(first, y.cols), {}, {});
  }

  void clamp(Ops& ops, Tensor x) const {
    if (clamp_ > 0) ops.map(x, x, {}, {.act = Act::clamp, .limit = clamp_});
  }

  void project(Ops& ops, const Rows& rows, Tensor x, Tensor q, Tensor k, Tensor v) const {
    if (joint_) {
      project_whole(ops, rows, q, x, q_, *q_norm_, q_heads_.first * whole_.key_dim);
      project_whole(ops, rows, k, x, k_, *k_norm_, kv_heads_.first * whole_.key_dim);
      linear(ops, rows, x, {{v, v_}});
    } else if (keys_as_values_) {
      linear(ops, rows, x, {{q, q_}, {k, k_}});
      ops.map(v, k, {}, {});
    } else {
      linear(ops, rows, x, {{q, q_}, {k, k_}, {v, v_}});
    }
    if (!joint_) clamp(ops, q), clamp(ops, k);
    clamp(ops, v);
  }

  // both: queries with their gates, of which q takes the queries; or none.
  void norm_queries(Ops& ops, Tensor q, Tensor both) const {
    if (joint_) return;
    const Tensor heads = q.split(q_heads_.count);
    if (q_norm_)
      both ? ops.norm(heads, half_of_heads(both, q_heads_.count, 0), *q_norm_) : ops.norm(q, q, *q_norm_);
    else if (both)
      ops.map(heads, half_of_heads(both, q_heads_.count, 0), {}, {});
  }

  void prepare_queries(Ops& ops, Tensor q, Tensor both, const Rows& rows) const {
    if (norm_last_) rotate(ops, q, q_heads_, rows);
    norm_queries(ops, q, both);
    if (!norm_last_) rotate(ops, q, q_heads_, rows);
    if (temperature_) scale_by_place(ops, q, rows);
  }

  void prepare_keys(Ops& ops, Tensor k, const Rows& rows) const {
    if (norm_last_) rotate(ops, k, kv_heads_, rows);
    if (k_norm_ && !joint_) ops.norm(k, k, *k_norm_);
    if (!norm_last_) rotate(ops, k, kv_heads_, rows);
  }

  void scale_by_place(Ops& ops, Tensor q, const Rows& rows) const {
    Scope scope(ops);
    const Tensor scales = scope.f32(q.rows, 1);
    ops.gather(scales, temperature_, rows.places);
    ops.map(q, q, scales, {});
  }

  void rotate(Ops& ops, Tensor x, const Range& heads, const Rows& rows) const {
    if (rope_.freqs) ops.rope(x, rows.turns, rope_.with(heads.count));
  }

  bool gated_, keys_as_values_, norm_last_;
  bool joint_ = false;  // norms need all heads, which ranks divide
  int64_t kv_of_;
  float clamp_;
  Heads whole_;
  HeadCut cut_;
  Range q_heads_, kv_heads_;  // of this rank
  Linear q_, k_, v_, out_;
  std::optional<Norm> q_norm_, k_norm_, v_norm_;
  Rope rope_;
  Tensor temperature_;
  Attend attend_;
};

}  // namespace

Heads read_heads(const Loader& loader, int64_t layer, const Hyper& hyper) {
  Heads h;
  h.query = loader.per_layer("attention.head_count", layer, 1, most_heads);
  h.kv = loader.per_layer("attention.head_count_kv", layer, 1, most_heads, h.query);
  if (h.query % h.kv)
    throw Error(Code::format, loader.architecture() + ".attention.head_count_kv: expected a divisor of " + std::to_string(h.query) +
                                  ", found " + std::to_string(h.kv));
  const int64_t dim = std::max<int64_t>(hyper.width / h.query, 1);
  h.key_dim = loader.integer("attention.key_length", 1, most_dim, dim);
  h.value_dim = loader.integer("attention.value_length", 1, most_dim, dim);
  return h;
}

int64_t read_rotary(const Loader& loader, int64_t key_dim) {
  const int64_t columns = loader.integer("rope.dimension_count", 2, key_dim, key_dim);
  if (columns % 2)
    throw Error(Code::format, loader.architecture() + ".rope.dimension_count: expected an even number, found " + std::to_string(columns));
  return columns;
}

Tensor read_temperature(Loader& loader, double share, int64_t length, int64_t ahead) {
  if (share == 0) return {};
  std::vector<float> by(static_cast<size_t>(loader.context()));
  for (int64_t p = 0; p < std::ssize(by); p++)
    by[static_cast<size_t>(p)] = static_cast<float>(1 + share * std::log1p(static_cast<double>((p + ahead) / length)));
  return loader.table(by, std::ssize(by));
}

Mixing read_attention(Loader& loader, int64_t layer, const Hyper& hyper, const AttentionOptions& options) {
  return std::make_shared<Attention>(loader, layer, hyper, options);
}

}  // namespace lt::model
