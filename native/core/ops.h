// Everything a model may say to a backend. Destination first; all activations are f32; shapes are proven by Sizing at load,
// so kernels do not check them.
//
// Row r of a result depends on row r of the inputs, on the weights and on row r's own sequence, and its floating-point
// additions happen in an order fixed by the op's definition (docs/architecture.md, "Order of addition"): never by the other
// rows, their number, the threads or the tiles.
#pragma once
#include <initializer_list>
#include <span>

#include "core/scratch.h"
#include "core/splits.h"
#include "core/tensor.h"

namespace lt {

enum class Act : uint8_t { silu };

// Rotary embedding: the first 2 * freqs.cols columns of every head are rotated, the others pass.
struct Rope {
  Tensor freqs;             // f32 (1, pairs): angle per position
  float magnitude = 1;      // factor on cosine and sine (YaRN)
  int64_t heads = 1;        // heads side by side in the columns
  bool neighbours = false;  // pairs (2i, 2i + 1), else (i, i + pairs)

  Rope with(int64_t n) const { return {freqs, magnitude, n, neighbours}; }
};

// Consecutive rows of one sequence, positions ascending by one.
struct Span {
  int64_t first;     // row
  int64_t count;     // rows
  int64_t sequence;  // row of Rows::pages
};

// What the rows of a batch are. Tensors live at fixed addresses in the backend's memory, one set a batch bucket.
struct Rows {
  Tensor ids;                   // i32 (n, 1): tokens
  Tensor positions;             // i32 (n, 1)
  Tensor sequences;             // i32 (n, 1): row of `pages`
  Tensor pages;                 // i32 (sequences, pages of the longest): page of positions [p * page, (p + 1) * page)
  Tensor outputs;               // i32 (m, 1): rows whose logits are wanted
  std::span<const Span> spans;  // the same grouping for host code: covers all rows, in order
  Splits splits{};              // attention's work list, where the rows are few
};

// The paged cache of one layer. Row (page * heads + head) * page_size + position % page_size of k and v.
struct Kv {
  static constexpr int64_t page_size = 64;
  Tensor k, v;  // (pages * heads * page_size, dim), f32, f16 or Q8_0
  int64_t heads = 1;
};

struct Attend {
  int64_t heads = 1;   // of q; query head h reads KV head h * kv.heads / heads
  float scale = 1;     // of the scores
  int64_t window = 0;  // a row at position p sees positions > p - window; 0: all up to p
};

// One of several products of the same rows.
struct Product {
  Tensor y, w, bias;  // y (n, m) = x (n, k) times w (m, k) transposed, plus bias (1, m) where given
};

// The ops, each said here once: X(name, (parameters), (their names)). What declares, hands on or watches all of them is made from
// these lists (Ops below, wrapper.h, decorator.h, the backends' classes), so none can be forgotten there.
// clang-format off

// Primitives: each backend has each in a file of that name.
//   gather    y[r] = table[ids[r]], any weight type
//   matmul    the products of x with weights of any type; a bias is f32
//   rms_norm  w f32 (1, cols / heads) or none
//   rope      in place
//   store_kv  k, v (n, kv heads * dim) into the cache
//   attend    causal
//   add       y = a + b; y may be a or b
//   gate      y = act(g) * u; y may be g or u
#define LT_PRIMITIVES(X)                                                                                               \
  X(gather,   (Tensor y, Tensor table, Tensor ids),                           (y, table, ids))                         \
  X(matmul,   (Tensor x, std::span<const Product> products),                  (x, products))                           \
  X(rms_norm, (Tensor y, Tensor x, Tensor w, float eps, int64_t heads),       (y, x, w, eps, heads))                   \
  X(rope,     (Tensor x, Tensor positions, const Rope& rope),                 (x, positions, rope))                    \
  X(store_kv, (const Kv& kv, Tensor k, Tensor v, const Rows& rows),           (kv, k, v, rows))                        \
  X(attend,   (Tensor y, Tensor q, const Kv& kv, const Rows& rows, const Attend& attend), (y, q, kv, rows, attend))    \
  X(add,      (Tensor y, Tensor a, Tensor b),                                 (y, a, b))                               \
  X(gate,     (Tensor y, Tensor g, Tensor u, Act act),                        (y, g, u, act))

// Between ranks. One rank has nothing to do and is never asked to gather.
//   all_reduce  x = the sum over ranks, in the order of ranks
//   all_gather  y = all ranks' columns of x
#define LT_EXCHANGES(X)                   \
  X(all_reduce, (Tensor x), (x))          \
  X(all_gather, (Tensor y, Tensor x), (y, x))

// Fused methods: the default body, below, is the definition; an override is only an optimisation and gives the same bits.
//   add_norm  x += dx; y = rms_norm(x)
//   glu       y = act(x gate) * (x up); their y is ignored
#define LT_FUSED(X)                                                                                        \
  X(add_norm, (Tensor y, Tensor x, Tensor dx, Tensor w, float eps),        (y, x, dx, w, eps))             \
  X(glu,      (Tensor y, Tensor x, Product gate, Product up, Act act),     (y, x, gate, up, act))
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
    matmul(x, std::span(&p, 1));
  }
};

// Gives the scratch taken since its construction back at the closing brace.
class Scope {
 public:
  explicit Scope(Ops& ops) : scratch_(ops.scratch()), used_(scratch_.used()) {}
  ~Scope() { scratch_.give_back(used_); }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  Tensor f32(int64_t rows, int64_t cols) { return scratch_.take(Type::f32, rows, cols); }
  Tensor like(Tensor t) { return f32(t.rows, t.cols); }

 private:
  Scratch& scratch_;
  size_t used_;
};

inline void Ops::all_reduce(Tensor) {}
inline void Ops::all_gather(Tensor, Tensor) { throw Error(Code::internal, "all_gather: there is one rank"); }

inline void Ops::add_norm(Tensor y, Tensor x, Tensor dx, Tensor w, float eps) {
  add(x, x, dx);
  rms_norm(y, x, w, eps, 1);
}

inline void Ops::glu(Tensor y, Tensor x, Product g, Product u, Act act) {
  Scope s(*this);
  g.y = y;
  u.y = s.like(y);
  const Product both[] = {g, u};
  matmul(x, both);
  gate(y, y, u.y, act);
}

}  // namespace lt
