// What several architectures share: hyper-parameters of dense decoders, rotation tables, the SwiGLU feed-forward, and how ranks
// divide them. Where the ranks' results come together is a Joint: the product and that are one line, join().
#pragma once
#include <string>

#include "core/model.h"
#include "model/loader.h"

namespace lt::model {

// The keys that every dense decoder has.
struct Hyper {
  Shape shape;     // heads and kv_heads: of this rank
  HeadCut cut;     // how ranks divide them
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

// NAME.weight and, if there, NAME.bias; of their `out` rows those of `mine`.
Projection read_projection(Loader& loader, const std::string& name, int64_t out, int64_t in, const Range& mine);

// A product after which every rank has the whole result. With one rank: the product.
struct Joint {
  Projection p;
  bool gathers = false;  // first: each rank has columns of the input, all are wanted
  bool sums = false;     // w has the columns that meet this rank's input: results are summed over ranks
  bool rows = false;     // w has rows of its matrix: results are gathered
};

// `in` columns of input, divided by `input`. Sums where the blocks of the weight's type allow, else input and results are gathered.
Joint read_joint(Loader& loader, const std::string& name, int64_t out, int64_t in, const Boundaries& input);

// y = x times the matrix, on all ranks. x: this rank's columns.
void join(Ops& ops, Tensor y, Tensor x, const Joint& joint);

struct FeedForward {
  Projection gate, up;
  Joint down;
};

FeedForward read_feed_forward(Loader& loader, int64_t layer, int64_t width);

struct Attention {
  Projection q, k, v;
  Joint out;
};

Attention read_attention(Loader& loader, int64_t layer, const Hyper& hyper);

// The second half of a pre-norm layer: x += out(a), then x += down(silu(gate n) * up n) with n = rms_norm(x).
void add_output_and_feed_forward(Ops& ops, Tensor x, Tensor a, const Joint& out, Tensor norm, float eps, const FeedForward& ffn);

// Token table and output matrix; a file without the latter ties them.
struct Embedding {
  Tensor table, norm;
  Joint out;
};

Embedding read_embedding(Loader& loader, const Shape& shape);

// logits = norm(rows that are wanted) times the output matrix.
void output_head(Ops& ops, Tensor logits, Tensor x, const Rows& rows, const Embedding& e, float eps);

}  // namespace lt::model
