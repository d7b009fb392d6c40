#include "model/latent_attention.h"

#include <cmath>

#include "model/linear.h"

namespace lt::model {
namespace {

class LatentAttention : public Mixer {
 public:
  LatentAttention(Loader& loader, int64_t layer, const Hyper& hyper, const LatentOptions& options) : h_(read_latent_heads(loader)) {
    const std::string b = block(layer);
    const int64_t head = h_.plain + h_.rotated;
    divide(loader.division());
    Hyper latents = hyper;
    latents.eps = options.eps;
    read_queries(loader, b, latents);
    keys_ = read_linear(loader, b + "attn_kv_a_mqa", h_.latent + h_.rotated, hyper.width);
    key_norm_ = read_norm(loader, b + "attn_kv_a_norm", h_.latent, latents);
    loader.has(b + "attn_kv_b.weight") ? split_heads(loader, b + "attn_kv_b.weight") : read_heads(loader, b);
    out_ = read_joint(loader, b + "attn_output", hyper.width, h_.query * h_.value, cut_.times(h_.value));
    rope_ = options.rope;
    attend_ = {.heads = own_.count,
               .scale = static_cast<float>(options.scale > 0 ? options.scale : 1 / std::sqrt(static_cast<double>(head)))};
  }

  LayerShape keeps() const override {
    return {.kv = KvShape{.heads = 1, .key_dim = h_.latent + h_.rotated, .value_dim = h_.latent, .latent = true}};
  }
  int64_t heads() const override { return own_.count; }

  void run(Ops& ops, Tensor y, Tensor x, const LayerMemory& memory, const Rows& rows) const override {
    Scope scope(ops);
    const Tensor q = scope.f32(x.rows, own_.count * (h_.latent + h_.rotated)), k = scope.f32(x.rows, h_.latent + h_.rotated);
    project(ops, q, k, x, rows);
    ops.store_kv(*memory.kv, k, {}, rows);
    const Tensor a = scope.f32(x.rows, own_.count * h_.latent), v = scope.f32(x.rows, own_.count * h_.value);
    ops.attend(a, q, *memory.kv, rows, attend_);
    linear(ops, rows, v.split(own_.count), a.split(own_.count), back_, {.count = own_.count});
    linear(ops, rows, y, v, out_);
  }

 private:
  // Query heads; every rank has the one key.
  void divide(Division& d) {
    d.heads = h_.query, d.kv_heads = 1;
    cut_ = cut_heads(h_.query, 1, d.size).query;
    own_ = d.mine(cut_, h_.query);
    d.note(cut_ ? "attention heads " + cut_.text() + " (latent key on every rank)" : "attention on every rank");
  }

  void read_queries(Loader& loader, const std::string& b, const Hyper& latents) {
    const int64_t head = h_.plain + h_.rotated, all = h_.query * head, rank = loader.integer("attention.q_lora_rank", 0, most_width, 0);
    const Range mine{own_.first * head, own_.count * head};
    if (rank == 0) {
      queries_ = read_linear(loader, b + "attn_q", all, latents.width, mine);
      return;
    }
    query_latent_ = read_linear(loader, b + "attn_q_a", rank, latents.width);
    query_norm_ = read_norm(loader, b + "attn_q_a_norm", rank, latents);
    queries_ = read_linear(loader, b + "attn_q_b", all, rank, mine);
  }

  void read_heads(Loader& loader, const std::string& b) {
    const auto mine = [&](int64_t dim) { return Range{own_.first * dim, own_.count * dim}; };
    into_.w = loader.rows(b + "attn_k_b.weight", h_.query * h_.latent, h_.plain, mine(h_.latent));
    back_.w = loader.rows(b + "attn_v_b.weight", h_.query * h_.value, h_.latent, mine(h_.value));
  }

  // Files of before April 2025 have both matrices in one, the plain key's and below it the value's of each head, the former the other way.
  void split_heads(Loader& loader, const std::string& name) {
    const int64_t head = h_.plain + h_.value, all = h_.query * head;
    Ranges values = Range{own_.first * head + h_.plain, h_.value};
    for (int64_t i = 1; i < own_.count; i++) values.add({(own_.first + i) * head + h_.plain, h_.value});
    back_ = {.w = loader.rows(name, all, h_.latent, values)};
    into_.w = loader.made(own_.count * h_.latent, h_.plain, [&](std::span<float> to) {
      const std::vector<float> from = loader.values(name, all, h_.latent);
      for (int64_t i = 0; i < own_.count * h_.latent; i++)
        for (int64_t p = 0; p < h_.plain; p++)
          to[static_cast<size_t>(i * h_.plain + p)] =
              from[static_cast<size_t>(((own_.first + i / h_.latent) * head + p) * h_.latent + i % h_.latent)];
    });
  }

  // q and k as attention takes them: [latent | rotated].
  void project(Ops& ops, Tensor q, Tensor k, Tensor x, const Rows& rows) const {
    Scope scope(ops);
    const Tensor heads = scope.f32(x.rows, own_.count * (h_.plain + h_.rotated));
    if (query_norm_) {
      const Tensor latent = scope.f32(x.rows, query_latent_.w.rows);
      linear(ops, rows, x, {{latent, query_latent_}, {k, keys_}});
      ops.norm(latent, latent, *query_norm_);
      linear(ops, rows, heads, latent, queries_);
    } else {
      linear(ops, rows, x, {{heads, queries_}, {k, keys_}});
    }
    ops.norm(k.columns(0, h_.latent), k.columns(0, h_.latent), key_norm_);
    const Tensor from = heads.split(own_.count), to = q.split(own_.count);
    linear(ops, rows, to.columns(0, h_.latent), from.columns(0, h_.plain), into_, {.count = own_.count});
    ops.map(to.columns(h_.latent, h_.rotated), from.columns(h_.plain, h_.rotated), {}, {});
    Rope rope = rope_;
    rope.start = h_.latent;
    ops.rope(q, rows.turns, rope.with(own_.count));
    ops.rope(k, rows.turns, rope.with(1));
  }

  LatentHeads h_;
  Boundaries cut_;
  Range own_;  // query heads of this rank
  Linear query_latent_, queries_, keys_, into_, back_, out_;
  std::optional<Norm> query_norm_;
  Norm key_norm_;
  Rope rope_;
  Attend attend_;
};

}  // namespace

LatentHeads read_latent_heads(const Loader& loader) {
  LatentHeads h;
  const auto dim = [&](const std::string& key) {
    return loader.has_key(key + "_mla") ? loader.integer(key + "_mla", 1, most_dim) : loader.integer(key, 1, most_dim);
  };
  const int64_t head = dim("attention.key_length");
  h.query = loader.integer("attention.head_count", 1, most_heads);
  h.rotated = loader.integer("rope.dimension_count", 2, head - 1);
  h.plain = head - h.rotated;
  const bool said = loader.has_key("attention.value_length") || loader.has_key("attention.value_length_mla");
  h.value = said ? dim("attention.value_length") : loader.integer("embedding_length", 1, most_width) / h.query;
  h.latent = loader.integer("attention.kv_lora_rank", 1, most_dim);
  return h;
}

Mixing read_latent_attention(Loader& loader, int64_t layer, const Hyper& hyper, const LatentOptions& options) {
  return std::make_shared<LatentAttention>(loader, layer, hyper, options);
}

}  // namespace lt::model
