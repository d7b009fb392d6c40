// What several architectures share: hyper-parameters of dense decoders, rotation tables, the SwiGLU feed-forward.
#pragma once
#include <string>

#include "core/model.h"
#include "model/loader.h"

namespace lt::model {

// The keys that every dense decoder has.
struct Hyper {
  Shape shape;
  int64_t rotary;  // columns of a head that are rotated
  float eps;
};

Hyper read_hyper(const Loader& loader);

// Frequencies and magnitude by what the file says about rotation: plain, linear, YaRN (Peng et al. 2023), or divisors in
// rope_freqs.weight (Llama 3). `heads` is left to the caller.
Rope read_rope(Loader& loader, const Hyper& hyper, bool neighbours);

struct Projection {
  Tensor w, b;  // (out, in), and (1, out) where the file has one
  Product to(Tensor y) const { return {y, w, b}; }
};

// NAME.weight and, if there, NAME.bias.
Projection read_projection(Loader& loader, const std::string& name, int64_t out, int64_t in);

struct FeedForward {
  Projection gate, up, down;
};

FeedForward read_feed_forward(Loader& loader, int64_t layer, int64_t width);

struct Attention {
  Projection q, k, v, out;
};

Attention read_attention(Loader& loader, int64_t layer, const Shape& shape);

// The second half of a pre-norm layer: x += out(a), then x += down(silu(gate n) * up n) with n = rms_norm(x).
void add_output_and_feed_forward(Ops& ops, Tensor x, Tensor a, const Projection& out, Tensor norm, float eps, const FeedForward& ffn);

// Token table and output matrix; a file without the latter ties them.
struct Embedding {
  Tensor table, norm;
  Projection out;
};

Embedding read_embedding(Loader& loader, const Shape& shape);

// logits = norm(rows that are wanted) times the output matrix.
void output_head(Ops& ops, Tensor logits, Tensor x, const Rows& rows, const Embedding& e, float eps);

}  // namespace lt::model
