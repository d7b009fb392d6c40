// The recurrences of RWKV 6 and 7 on columns of one head, of whose state each is a column of `size` rows: each of its numbers is multiplied
// by what its decay keeps, then grows by k times v and, in RWKV 7, by `replaces` times what the column held under `removes`; y is the sum
// of r times it, in RWKV 6 of what it was, with the bonus. Sums are ascending, one fused multiply-add each.
#include "backend/cpu/kernels/rows.h"
#include "simd/simd.h"

namespace lt::cpu::LT_ISA {
namespace {

int64_t wkv_least(int64_t a, int64_t b) { return a < b ? a : b; }

// In the panel: the state (size, wkv_columns), what of each of its rows the decay keeps, and the bonus times k.
struct WkvWork {
  float *state, *kept, *bonus;
};

void wkv_load(const WkvPiece& p, const WkvWork& w) {
  memset(w.state, 0, static_cast<size_t>(p.size * wkv_columns) * 4);
  for (int64_t i = 0; p.state.before && i < p.size; i++)
    memcpy(w.state + i * wkv_columns, p.state.before + i * p.cols, static_cast<size_t>(p.count) * 4);
}

void wkv_store(const WkvPiece& p, const WkvWork& w, int64_t slot) {
  float* to = p.state.slots + slot * p.state.slot_stride;
  for (int64_t i = 0; i < p.size; i++) memcpy(to + i * p.cols, w.state + i * wkv_columns, static_cast<size_t>(p.count) * 4);
}

void wkv_prepare(const WkvPiece& p, const WkvWork& w, int64_t r) {
  for (int64_t i = 0; i < p.size; i += 16) {
    const int64_t count = wkv_least(16, p.size - i);
    const f32x16 given = load(p.decay + r * p.decay_stride + i, count);
    store(w.kept + i, exp(p.nested ? zero() - exp(given) : given));
    if (p.bonus) store(w.bonus + i, load(p.bonus + i, count) * load(p.k + r * p.k_stride + i, count));
  }
}

template <int V>
void wkv_held(const WkvPiece& p, const WkvWork& w, int64_t r, f32x16 (&held)[V]) {
  const float* removes = p.removes + r * p.removes_stride;
  LT_UNROLL for (int v = 0; v < V; v++) held[v] = zero();
  for (int64_t i = 0; i < p.size; i++)
    LT_UNROLL for (int v = 0; v < V; v++) held[v] = fma(set1(removes[i]), load(w.state + i * wkv_columns + 16 * v), held[v]);
}

template <int V, bool Removes, bool Bonus>
void wkv_row(const WkvPiece& p, const WkvWork& w, int64_t r) {
  const float *k = p.k + r * p.k_stride, *reads = p.r + r * p.r_stride, *replaces = Removes ? p.replaces + r * p.replaces_stride : k;
  f32x16 held[V], value[V], read[V];
  if (Removes) wkv_held<V>(p, w, r, held);
  LT_UNROLL for (int v = 0; v < V; v++) {
    value[v] = load(p.v + r * p.v_stride + 16 * v, wkv_least(16, p.count - 16 * v));
    read[v] = zero();
  }
  for (int64_t i = 0; i < p.size; i++) {
    LT_UNROLL for (int v = 0; v < V; v++) {
      float* at = w.state + i * wkv_columns + 16 * v;
      const f32x16 before = load(at);
      f32x16 after = before * set1(w.kept[i]);
      if (Removes) after = fma(set1(replaces[i]), held[v], after);
      after = fma(set1(k[i]), value[v], after);
      store(at, after);
      read[v] = fma(set1(reads[i]), Bonus ? fma(set1(w.bonus[i]), value[v], before) : after, read[v]);
    }
  }
  LT_UNROLL for (int v = 0; v < V; v++) store(p.y + r * p.y_stride + 16 * v, read[v], wkv_least(16, p.count - 16 * v));
}

template <int V>
void wkv_walk(const WkvPiece& p) {
  float* panel = reinterpret_cast<float*>(p.panel);
  float* kept = panel + p.size * wkv_columns;
  const WkvWork w{panel, kept, kept + (p.size + 15) / 16 * 16};
  wkv_load(p, w);
  for (int64_t r = 0; r < p.rows; r++) {
    wkv_prepare(p, w, r);
    if (p.removes)
      p.bonus ? wkv_row<V, true, true>(p, w, r) : wkv_row<V, true, false>(p, w, r);
    else
      p.bonus ? wkv_row<V, false, true>(p, w, r) : wkv_row<V, false, false>(p, w, r);
    const int32_t slot = p.state.writes[r * p.state.writes_stride];
    if (slot >= 0) wkv_store(p, w, slot);
  }
}

}  // namespace

void wkv(const WkvPiece& p) { p.count > 16 ? wkv_walk<2>(p) : wkv_walk<1>(p); }

}  // namespace lt::cpu::LT_ISA
