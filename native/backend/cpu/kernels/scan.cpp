// A selective scan (Gu and Dao, 2023): of each column of x its state of `size` numbers is v = e^(dt a) v + (dt x) b, and y is the sum
// of v c, ascending, one fused multiply-add each, then plus d x. Lanes are columns of x, so a state lies transposed in the panel.
#include "backend/cpu/kernels/rows.h"
#include "simd/simd.h"

namespace lt::cpu::LT_ISA {
namespace {

int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// to (size, scan_columns): column c is the `size` numbers at from(c); columns behind the last are zero. What lies `next` numbers behind
// each is fetched.
template <class From>
void load_transposed(float* to, int64_t count, int64_t size, int64_t next, const From& from) {
  for (int64_t c = 0; c < count; c += 16)
    for (int64_t i = 0; i < size; i += 16) {
      f32x16 r[16];
      LT_UNROLL for (int j = 0; j < 16; j++) {
        r[j] = c + j < count ? load(from(c + j) + i, least(16, size - i)) : zero();
        if (c + j < count) prefetch_far(from(c + j) + i + next);
      }
      transpose(r);
      LT_UNROLL for (int j = 0; j < 16; j++) if (i + j < size) store(to + (i + j) * scan_columns + c, r[j]);
    }
}

// The `size` numbers of column c to `to` + c * size.
void store_transposed(float* to, const float* from, int64_t count, int64_t size) {
  for (int64_t c = 0; c < count; c += 16)
    for (int64_t i = 0; i < size; i += 16) {
      f32x16 r[16];
      LT_UNROLL for (int j = 0; j < 16; j++) r[j] = i + j < size ? load(from + (i + j) * scan_columns + c) : zero();
      transpose(r);
      LT_UNROLL for (int j = 0; j < 16; j++) if (c + j < count) store(to + (c + j) * size + i, r[j], least(16, size - i));
    }
}

// What the columns of a piece have of their heads.
struct Heads {
  int64_t of[scan_columns];
  float d[scan_columns], a[scan_columns];  // a: where a head has one
};

Heads heads_of(const ScanPiece& p) {
  Heads h{};
  for (int64_t c = 0, head = p.first / p.head, left = p.head - p.first % p.head; c < p.count; c++, left--) {
    if (left == 0) head++, left = p.head;
    h.of[c] = head;
    h.d[c] = p.d[h.of[c]];
    h.a[c] = p.a[h.of[c] * p.a_stride];
  }
  return h;
}

// state: transposed; decays: a, transposed, where it has a number for each of a state's columns.
template <int V, bool Each>
void row(const ScanPiece& p, const Heads& h, float* state, const float* decays, int64_t r) {
  float steps[scan_columns] = {};
  for (int64_t c = 0; c < p.count; c++) steps[c] = p.dt[r * p.dt_stride + h.of[c]];
  const float *b = p.b + r * p.b_stride, *c = p.c + r * p.c_stride;
  f32x16 dt[V], x[V], in[V], keep_all[V], sum[V];
  LT_UNROLL for (int v = 0; v < V; v++) {
    dt[v] = load(steps + 16 * v);
    x[v] = load(p.x + r * p.x_stride + 16 * v, least(16, p.count - 16 * v));
    in[v] = dt[v] * x[v];
    keep_all[v] = Each ? zero() : exp(dt[v] * load(h.a + 16 * v));
    sum[v] = zero();
  }
  for (int64_t i = 0; i < p.size; i++) {
    LT_UNROLL for (int v = 0; v < V; v++) {
      float* at = state + i * scan_columns + 16 * v;
      const f32x16 kept = Each ? exp(dt[v] * load(decays + i * scan_columns + 16 * v)) : keep_all[v];
      const f32x16 now = fma(kept, load(at), in[v] * set1(b[i]));
      store(at, now);
      sum[v] = fma(now, set1(c[i]), sum[v]);
    }
  }
  LT_UNROLL for (int v = 0; v < V; v++)
      store(p.y + r * p.y_stride + 16 * v, fma(load(h.d + 16 * v), x[v], sum[v]), least(16, p.count - 16 * v));
}

// The only row of a span, whose states lie in whole vectors: sixteen numbers of a column at a time, read and written where they lie, are
// transposed for the sums alone.
template <bool Each>
void only_row(const ScanPiece& p, const Heads& h) {
  float* slot = p.state.slots + *p.state.writes * p.state.slot_stride;
  alignas(64) float steps[scan_columns] = {}, in[scan_columns], kept[scan_columns];
  for (int64_t c = 0; c < p.count; c++) steps[c] = p.dt[h.of[c]];
  for (int64_t c = 0; c < p.count; c += 16) {
    const f32x16 dt = load(steps + c), x = load(p.x + c);
    store(in + c, dt * x);
    if (!Each) store(kept + c, exp(dt * load(h.a + c)));
    f32x16 sum = zero();
    for (int64_t i = 0; i < p.size; i += 16) {
      const f32x16 b = load(p.b + i);
      f32x16 r[16];
      LT_UNROLL for (int j = 0; j < 16; j++) {
        f32x16 was = zero();
        if (p.state.before) {
          const float* before = p.state.before + (c + j) * p.size + i;
          was = load(before);
          prefetch_far(before + p.count * p.size);
        }
        const f32x16 keep = Each ? exp(set1(steps[c + j]) * load(p.a + h.of[c + j] * p.a_stride + i)) : set1(kept[c + j]);
        r[j] = fma(keep, was, set1(in[c + j]) * b);
        store(slot + (c + j) * p.size + i, r[j]);
      }
      transpose(r);
      LT_UNROLL for (int j = 0; j < 16; j++) sum = fma(r[j], set1(p.c[i + j]), sum);
    }
    store(p.y + c, fma(load(h.d + c), x, sum));
  }
}

template <int V, bool Each>
void walk(const ScanPiece& p) {
  float *state = reinterpret_cast<float*>(p.panel), *decays = state + p.size * scan_columns;
  const Heads heads = heads_of(p);
  if (p.rows == 1 && *p.state.writes >= 0 && p.count % 16 == 0 && p.size % 16 == 0) return only_row<Each>(p, heads);
  if (p.state.before)
    load_transposed(state, p.count, p.size, p.count * p.size, [&](int64_t c) { return p.state.before + c * p.size; });
  else
    memset(state, 0, static_cast<size_t>(p.size * scan_columns) * 4);
  if (Each) load_transposed(decays, p.count, p.size, 0, [&](int64_t c) { return p.a + heads.of[c] * p.a_stride; });
  for (int64_t r = 0; r < p.rows; r++) {
    row<V, Each>(p, heads, state, decays, r);
    const int32_t slot = p.state.writes[r * p.state.writes_stride];
    if (slot >= 0) store_transposed(p.state.slots + slot * p.state.slot_stride, state, p.count, p.size);
  }
}

}  // namespace

void scan(const ScanPiece& p) {
  if (p.count > 16)
    p.a_each ? walk<2, true>(p) : walk<2, false>(p);
  else
    p.a_each ? walk<1, true>(p) : walk<1, false>(p);
}

}  // namespace lt::cpu::LT_ISA
