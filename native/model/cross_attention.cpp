#include "model/cross_attention.h"

namespace lt::model {

CrossAttention::CrossAttention(Loader& loader, int64_t layer, const Hyper& hyper, const Heads& heads, double scale) : whole_(heads) {
  Division& d = loader.division();
  cut_ = cut_heads(whole_.query, whole_.kv, d.size);
  q_heads_ = d.mine(cut_.query, whole_.query);
  kv_heads_ = cut_.query ? cut_.kv[static_cast<size_t>(d.rank)] : Range{0, whole_.kv};
  const std::string b = block(layer);
  const auto part = [&](const char* name, int64_t all, const Range& own, int64_t dim) {
    return read_linear(loader, b + name, all * dim, hyper.width, Range{own.first * dim, own.count * dim});
  };
  q_ = part("cross_attn_q", whole_.query, q_heads_, whole_.key_dim);
  k_ = part("cross_attn_k", whole_.kv, kv_heads_, whole_.key_dim);
  v_ = part("cross_attn_v", whole_.kv, kv_heads_, whole_.value_dim);
  out_ = read_joint(loader, b + "cross_attn_output", hyper.width, whole_.query * whole_.value_dim, cut_.query.times(whole_.value_dim));
  attend_ = {.heads = q_heads_.count, .scale = static_cast<float>(scale)};
}

LayerShape CrossAttention::keeps() const {
  return {.kv = KvShape{.heads = kv_heads_.count, .key_dim = whole_.key_dim, .value_dim = whole_.value_dim}};
}

void CrossAttention::take(Ops& ops, Tensor x, const LayerMemory& memory, const Rows& rows) const {
  Scope scope(ops);
  const Tensor k = scope.f32(x.rows, kv_heads_.count * whole_.key_dim), v = scope.f32(x.rows, kv_heads_.count * whole_.value_dim);
  linear(ops, rows, x, {{k, k_}, {v, v_}});
  ops.store_kv(*memory.kv, k, v, rows);
}

void CrossAttention::run(Ops& ops, Tensor y, Tensor x, const LayerMemory& memory, const Rows& rows) const {
  Scope scope(ops);
  const Tensor q = scope.f32(x.rows, q_heads_.count * whole_.key_dim), a = scope.f32(x.rows, q_heads_.count * whole_.value_dim);
  linear(ops, rows, x, {{q, q_}});
  Rows text = rows;
  text.sees = rows.across;
  text.pages[memory.kv->group] = rows.across_pages;
  text.splits = {};  // which are of the decoder's own places
  ops.attend(a, q, *memory.kv, text, attend_);
  linear(ops, rows, y, a, out_);
}

}  // namespace lt::model
