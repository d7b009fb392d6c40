// Everything a model may say to a backend. Destination first; all activations are f32; shapes are proven by Sizing at load,
// so kernels do not check them.
//
// Row r of a result depends on row r of the inputs, on the weights and on row r's own sequence, and its floating-point
// additions happen in an order fixed by the op's definition (docs/architecture.md, "Order of addition"): never by the other
// rows, their number, the threads or the tiles.
#pragma once
#include <initializer_list>
#include <span>

#include "core/rows.h"
#include "core/scratch.h"
#include "core/tensor.h"

namespace lt {

// y = x / (its root mean square) or (x - mean) / deviation, times w, plus b; each of `heads` stretches of columns by itself.
struct Norm {
  Tensor w = {}, b = {};  // f32 (1, cols / heads), or (heads, cols / heads) where each head has its own; none: 1, 0
  float eps = 0;          // added to the mean of squares
  int64_t heads = 1;
  bool centred = false;  // less its mean first (layer norm)
};

enum class Act : uint8_t {
  none,
  silu,       // x / (1 + e^-x)
  gelu,       // by the error function
  gelu_tanh,  // its approximation by a hyperbolic tangent
  relu,
  relu2,  // relu squared
  sigmoid,
  softplus,  // ln(1 + e^x)
  tanh,
  clamp,   // to [-limit, limit]
  swiglu,  // of gpt-oss: a' = min(a, limit), b' = b clamped: a' sigmoid(inner a') (b' + 1)
  elu,     // x, below 0: e^x - 1
};

// y = outer * act(inner * a), times b or plus b where there is one.
struct Map {
  Act act = Act::none;
  bool adds = false;  // b is added
  float inner = 1, outer = 1;
  float limit = 0;  // clamp, swiglu
};

// Rotary embedding: 2 * freqs.cols columns of every head are rotated, the others pass.
struct Rope {
  Tensor freqs = {};        // f32 (1, pairs): angle per position
  Tensor axes = {};         // i32 (1, pairs): the column of Rows::turns that each pair takes; none: the first
  float magnitude = 1;      // factor on cosine and sine (YaRN)
  int64_t heads = 1;        // heads side by side in the columns
  int64_t start = 0;        // of the rotated columns, in a head
  bool neighbours = false;  // pairs (2i, 2i + 1), else (i, i + pairs)

  Rope with(int64_t n) const {
    Rope r = *this;
    r.heads = n;
    return r;
  }
};

// A row at place p sees places from its window's and its chunk's beginning to Rows::sees.
struct Attend {
  int64_t heads = 1;    // of q; query head h reads KV head h * kv.heads / heads
  float scale = 1;      // of the scores
  int64_t window = 0;   // places > p - window; 0: from the first
  int64_t ahead = -1;   // places <= p + ahead; -1: as Rows::sees says alone
  int64_t chunk = 0;    // places >= p / chunk * chunk; 0: from the first
  float cap = 0;        // scores s become cap * tanh(s / cap); 0: they stay
  Tensor sinks = {};    // f32 (1, heads): a score more, which takes weight and gives nothing
  Tensor slopes = {};   // f32 (1, heads): scores less slope * (p - place) (ALiBi)
  Tensor offsets = {};  // f32 (heads, 2 r + 1): scores plus column r + (place - p), which is kept within -r and r
};

// One of several products of the same rows.
struct Product {
  Tensor y = {}, w = {}, bias = {};  // y (n, m) = x (n, k) times w (m, k) transposed, plus bias (1, m) where given
};

// Products with one of `count` matrices that lie below one another in w (count * m, k), their biases in bias (count, m).
struct Choice {
  Tensor ids = {};    // i32 (n, used): row r * used + j of y is x's row r times matrix ids[r][j] - first; zeros where there is none of
                      // that number. None: row r of x meets matrix r % count
  int64_t count = 0;  // 0: nothing is chosen, w is one matrix
  int64_t first = 0;

  explicit operator bool() const { return count > 0; }
};

// How rows choose experts by their scores.
struct Router {
  // chosen: a softmax over the chosen scores. mixed: the weight of each chosen one is its share of a softmax over those that were not
  // chosen before it and whose score s is near its own, c: (c - s) / max(|s|, c) <= near (SparseMixer: Liu et al. 2024, "GRIN",
  // section 2.1, and the code published with Phi-3.5-MoE). Takes no bias and one group.
  enum class Gating : uint8_t { softmax, sigmoid, chosen, mixed };
  Gating gating = Gating::softmax;
  Tensor bias = {};    // f32 (1, experts): added to choose, not to weigh
  int64_t groups = 1;  // equal groups of experts, of which only the best may be chosen from
  int64_t used_groups = 1;
  int64_t group_best = 2;  // a group is as good as the sum of so many of its best
  bool normalize = false;  // weights are divided by their sum + 1e-20
  float scale = 1;         // of the weights
  float nearness = 0.02f;  // mixed: how far from the best, as a share, those are that count
};

// A depthwise convolution over time: y[r][c] = sum over i < width of x[r - width + 1 + i][c] * w[c][i], plus b[c]; of rows before the
// sequence's first, what the state holds: (width - 1) rows of cols, the oldest first.
struct Conv {
  Tensor w = {}, b = {};  // f32 (cols, width), (1, cols) or none
};

// A selective state space (Gu & Dao 2023; Dao & Gu 2024). Of each head, with its p columns of x and state (p, s):
// state = exp(dt a) state + dt x outer b; y = state c + d x. Sums over s ascending.
struct Scan {
  Tensor a = {}, d = {};          // f32 (heads, s), or (heads, 1): one for all of s; (1, heads)
  int64_t heads = 1, groups = 1;  // of x; of b and c (n, groups * s): head h reads group h * groups / heads
};

// The gated delta rule (Yang et al. 2024). Of each value head, with its e columns of v and state (s, e):
// state = exp(decay) state; state += k outer beta (v - k state); y = q state. Sums over s ascending.
struct Delta {
  int64_t key_heads = 1, value_heads = 1;
  bool tiled = false;  // value head h reads key head h % key_heads, else h * key_heads / value_heads
};

// The recurrences of RWKV 6 and 7 (Peng et al. 2024, 2025). Of each head, with its e columns of v and state (s, e):
// state' = keep state + k outer v + replaces outer (removes state), where it removes; keep: exp(decay), or exp(-exp(decay)), a number a
// row. y = r state', or, with a bonus, r (state + bonus k outer v). Sums over s ascending.
struct Wkv {
  int64_t heads = 1;
  bool nested = false;                 // exp(-exp(decay))
  Tensor bonus = {};                   // f32 (1, heads * s): rows are read before they are taken in, with this much of them
  Tensor removes = {}, replaces = {};  // f32 (n, heads * s), or none
};

// The ops, each said here once: X(name, (parameters), (their names)). What declares, hands on or watches all of them is made from
// these lists (Ops below, wrapper.h, decorator.h, the backends' classes), so none can be forgotten there.
// clang-format off

// Primitives: each backend has each in a file of that name.
//   gather    y[r] = table[ids[r]], any weight type
//   put       y[at[i]] = x[i]
//   matmul    the products of x with weights of any type; a bias is f32
//   norm      y may be x
//   map       y may be a or b. b: (n or 1, cols, or a divisor of cols: a number for so many equal stretches of columns) or none
//   rope      in place
//   store_kv  k, v (n, kv heads * dim) into the cache
//   attend    y (n, heads * value_dim) of q (n, heads * key_dim)
//   route     ids i32 and weights f32 (n, used) of scores (n, experts), best first, of equal ones the lower number
//   combine   y[r] = the sum over j, ascending, of weights[r][j] * x[r * used + j]
//   conv, scan, delta, wkv   rows of a sequence in order, from its state to its state
#define LT_PRIMITIVES(X)                                                                                               \
  X(gather,   (Tensor y, Tensor table, Tensor ids),                           (y, table, ids))                         \
  X(matmul,   (Tensor x, std::span<const Product> products, const Choice& choice), (x, products, choice))              \
  X(norm,     (Tensor y, Tensor x, const Norm& norm),                         (y, x, norm))                            \
  X(map,      (Tensor y, Tensor a, Tensor b, const Map& map),                 (y, a, b, map))                          \
  X(rope,     (Tensor x, Tensor turns, const Rope& rope),                     (x, turns, rope))                        \
  X(store_kv, (const Kv& kv, Tensor k, Tensor v, const Rows& rows),           (kv, k, v, rows))                        \
  X(attend,   (Tensor y, Tensor q, const Kv& kv, const Rows& rows, const Attend& attend), (y, q, kv, rows, attend))    \
  X(put,      (Tensor y, Tensor x, Tensor at),                                (y, x, at))                              \
  X(route,    (Tensor ids, Tensor weights, Tensor scores, const Router& router), (ids, weights, scores, router))       \
  X(combine,  (Tensor y, Tensor x, Tensor weights),                           (y, x, weights))                         \
  X(conv,     (Tensor y, Tensor x, State state, const Conv& conv, const Rows& rows), (y, x, state, conv, rows))        \
  X(scan,     (Tensor y, Tensor x, Tensor dt, Tensor b, Tensor c, State state, const Scan& scan, const Rows& rows),    \
              (y, x, dt, b, c, state, scan, rows))                                                                     \
  X(delta,    (Tensor y, Tensor q, Tensor k, Tensor v, Tensor decay, Tensor beta, State state, const Delta& delta, const Rows& rows), \
              (y, q, k, v, decay, beta, state, delta, rows)) \
  X(wkv,      (Tensor y, Tensor r, Tensor k, Tensor v, Tensor decay, State state, const Wkv& wkv, const Rows& rows),   \
              (y, r, k, v, decay, state, wkv, rows))

// Between ranks. One rank has nothing to do and is never asked to gather.
//   all_reduce  x = the sum over ranks, in the order of ranks
//   all_gather  y = all ranks' columns of x
#define LT_EXCHANGES(X)                   \
  X(all_reduce, (Tensor x), (x))          \
  X(all_gather, (Tensor y, Tensor x), (y, x))

// Fused methods: the default body, below, is the definition; an override is only an optimisation and gives the same bits.
//   add_norm  x += dx; y = norm(x)
//   glu       y = map(x gate, x up); their y is ignored
#define LT_FUSED(X)                                                                                        \
  X(add_norm, (Tensor y, Tensor x, Tensor dx, const Norm& norm),           (y, x, dx, norm))               \
  X(glu,      (Tensor y, Tensor x, Product gate, Product up, const Map& map, const Choice& choice), (y, x, gate, up, map, choice))
// clang-format on

#define LT_OVERRIDE(op, parameters, names) void op parameters override;

class Ops {
 public:
  virtual ~Ops() = default;
  virtual Scratch& scratch() = 0;

#define LT_PRIMITIVE(op, parameters, names) virtual void op parameters = 0;
#define LT_WITH_BODY(op, parameters, names) virtual void op parameters;
  LT_PRIMITIVES(LT_PRIMITIVE)
  LT_EXCHANGES(LT_WITH_BODY)
  LT_FUSED(LT_WITH_BODY)
#undef LT_PRIMITIVE
#undef LT_WITH_BODY

  void matmul(Tensor y, Tensor x, Tensor w, Tensor bias = {}) {
    const Product p{y, w, bias};
    matmul(x, std::span(&p, 1), {});
  }
  void matmul(Tensor x, std::span<const Product> products) { matmul(x, products, {}); }
  void add(Tensor y, Tensor a, Tensor b) { map(y, a, b, {.adds = true}); }
};

// Gives the scratch taken since its construction back at the closing brace.
class Scope {
 public:
  explicit Scope(Ops& ops) : scratch_(ops.scratch()), used_(scratch_.used()) {}
  ~Scope() { scratch_.give_back(used_); }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  Tensor f32(int64_t rows, int64_t cols) { return scratch_.take(Type::f32, rows, cols); }
  Tensor i32(int64_t rows, int64_t cols) { return scratch_.take(Type::i32, rows, cols); }
  Tensor like(Tensor t) { return f32(t.rows, t.cols); }

 private:
  Scratch& scratch_;
  size_t used_;
};

inline void Ops::all_reduce(Tensor) {}
inline void Ops::all_gather(Tensor, Tensor) { throw Error(Code::internal, "all_gather: there is one rank"); }

inline void Ops::add_norm(Tensor y, Tensor x, Tensor dx, const Norm& n) {
  add(x, x, dx);
  norm(y, x, n);
}

inline void Ops::glu(Tensor y, Tensor x, Product g, Product u, const Map& m, const Choice& choice) {
  Scope s(*this);
  g.y = y;
  u.y = s.like(y);
  const Product both[] = {g, u};
  matmul(x, both, choice);
  map(y, y, u.y, m);
}

}  // namespace lt
