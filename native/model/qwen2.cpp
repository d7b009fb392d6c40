// qwen2: Qwen2 and Qwen2.5 dense. As llama, but rotary pairs are a half apart (i, i + half), and q, k and v have biases.
#include <cmath>

#include "model/blocks.h"
#include "model/model.h"

namespace lt::model {
namespace {

class Qwen2 : public Model {
 public:
  explicit Qwen2(Loader& loader) : hyper_(read_hyper(loader)), embedding_(read_embedding(loader, hyper_.shape)) {
    const Shape& s = hyper_.shape;
    rope_ = read_rope(loader, hyper_, false);
    attend_ = {.heads = s.heads, .scale = 1 / std::sqrt(static_cast<float>(s.key_dim))};
    for (int64_t i = 0; i < s.layers; i++) {
      const std::string b = "blk." + std::to_string(i) + ".";
      layers_.push_back({loader.vector(b + "attn_norm.weight", s.width), read_attention(loader, i, hyper_),
                         loader.vector(b + "ffn_norm.weight", s.width), read_feed_forward(loader, i, s.width)});
    }
  }

  const Shape& shape() const override { return hyper_.shape; }

  void embed(Ops& ops, Tensor x, const Rows& rows) const override { ops.gather(x, embedding_.table, rows.ids); }

  void layer(Ops& ops, int64_t i, Tensor x, const Kv& kv, const Rows& rows) const override {
    const Layer& l = layers_[static_cast<size_t>(i)];
    const Shape& s = hyper_.shape;
    Scope scope(ops);
    const Tensor h = scope.like(x), q = scope.f32(x.rows, s.heads * s.key_dim), a = scope.f32(x.rows, s.heads * s.value_dim);
    const Tensor k = scope.f32(x.rows, s.kv_heads * s.key_dim), v = scope.f32(x.rows, s.kv_heads * s.value_dim);
    ops.rms_norm(h, x, l.attention_norm, hyper_.eps, 1);
    const Product qkv[] = {l.attention.q.to(q), l.attention.k.to(k), l.attention.v.to(v)};
    ops.matmul(h, qkv);
    ops.rope(q, rows.positions, rope_.with(s.heads));
    ops.rope(k, rows.positions, rope_.with(s.kv_heads));
    ops.store_kv(kv, k, v, rows);
    ops.attend(a, q, kv, rows, attend_);
    add_output_and_feed_forward(ops, x, a, l.attention.out, l.ffn_norm, hyper_.eps, l.ffn);
  }

  void head(Ops& ops, Tensor logits, Tensor x, const Rows& rows) const override {
    output_head(ops, logits, x, rows, embedding_, hyper_.eps);
  }

 private:
  struct Layer {
    Tensor attention_norm;
    Attention attention;
    Tensor ffn_norm;
    FeedForward ffn;
  };

  Hyper hyper_;
  Embedding embedding_;
  Rope rope_;
  Attend attend_;
  std::vector<Layer> layers_;
};

LT_MODEL("qwen2", Qwen2);

}  // namespace
}  // namespace lt::model
