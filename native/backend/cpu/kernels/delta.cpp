// The gated delta rule (Yang et al., 2024) on columns of one value head, of whose state each is a column of `size` rows: it is
// multiplied by e^decay; what it holds under k is the sum of k times it; it grows by k times beta (v - that); y is the sum of q times
// it. Sums are ascending, one fused multiply-add each. Between rows of the span the last step of one row and the first of the next are
// one walk over the state.
#include "backend/cpu/kernels/rows.h"
#include "simd/simd.h"

namespace lt::cpu::LT_ISA {
namespace {

int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// In the panel: the state (size, delta_columns), and what of each of its rows the decay keeps.
struct Work {
  float *state, *kept;
};

// Rows of a state, wherever they lie.
template <class T>
struct StateRows {
  T* at;
  int64_t stride;
  T* operator[](int64_t i) const { return at + i * stride; }
};

StateRows<float> own(const Work& w) { return {w.state, delta_columns}; }

// What the sequence left behind, where it lies if it is whole vectors: one row of a text walks over it once, and writes it back once.
StateRows<const float> state_before(const DeltaPiece& p, const Work& w) {
  if (p.state.before && p.count % 16 == 0) return {p.state.before, p.cols};
  memset(w.state, 0, static_cast<size_t>(p.size * delta_columns) * 4);
  for (int64_t i = 0; p.state.before && i < p.size; i++)
    memcpy(w.state + i * delta_columns, p.state.before + i * p.cols, static_cast<size_t>(p.count) * 4);
  return {w.state, delta_columns};
}

StateRows<float> slot_of(const DeltaPiece& p, int64_t slot) { return {p.state.slots + slot * p.state.slot_stride, p.cols}; }

void copy_to_slot(const DeltaPiece& p, const Work& w, int64_t slot) {
  for (int64_t i = 0; i < p.size; i++) memcpy(slot_of(p, slot)[i], w.state + i * delta_columns, static_cast<size_t>(p.count) * 4);
}

void decays(const DeltaPiece& p, const Work& w, int64_t r) {
  const float* decay = p.decay + r * p.decay_stride;
  const f32x16 one = exp(set1(decay[0]));
  for (int64_t i = 0; i < p.size; i += 16) store(w.kept + i, p.decay_each ? exp(load(decay + i, least(16, p.size - i))) : one);
}

// Row r's decay, and what the state then holds under its k. States of other memory lie in rows of the head: what the next piece reads is
// fetched beside them.
template <int V>
void forget(const DeltaPiece& p, const Work& w, int64_t r, StateRows<const float> state, f32x16 (&held)[V]) {
  const float* k = p.k + r * p.k_stride;
  LT_UNROLL for (int v = 0; v < V; v++) held[v] = zero();
  for (int64_t i = 0; i < p.size; i++) {
    LT_UNROLL for (int v = 0; v < V; v++) {
      prefetch_far(state[i] + p.next + 16 * v);
      const f32x16 left = load(state[i] + 16 * v) * set1(w.kept[i]);
      store(own(w)[i] + 16 * v, left);
      held[v] = fma(set1(k[i]), left, held[v]);
    }
  }
}

// Row r's change, and what its q reads; then, with Next, the next row's `forget`. The state goes to `to`.
template <int V, bool Next>
void replace(const DeltaPiece& p, const Work& w, int64_t r, StateRows<float> to, const f32x16 (&change)[V], f32x16 (&read)[V],
             f32x16 (&held)[V]) {
  const float *k = p.k + r * p.k_stride, *q = p.q + r * p.q_stride, *next_k = k + p.k_stride;
  LT_UNROLL for (int v = 0; v < V; v++) {
    read[v] = zero();
    if (Next) held[v] = zero();
  }
  for (int64_t i = 0; i < p.size; i++) {
    LT_UNROLL for (int v = 0; v < V; v++) {
      f32x16 now = fma(set1(k[i]), change[v], load(own(w)[i] + 16 * v));
      read[v] = fma(set1(q[i]), now, read[v]);
      if (Next) {
        now = now * set1(w.kept[i]);
        held[v] = fma(set1(next_k[i]), now, held[v]);
      }
      store(to[i] + 16 * v, now);
    }
  }
}

template <int V>
void walk(const DeltaPiece& p) {
  float* panel = reinterpret_cast<float*>(p.panel);
  const Work w{panel, panel + p.size * delta_columns};
  f32x16 held[V], change[V], read[V];
  StateRows<const float> state = state_before(p, w);
  bool forgot = false;
  for (int64_t r = 0; r < p.rows; r++) {
    if (!forgot) {
      decays(p, w, r);
      forget<V>(p, w, r, state, held);
    }
    const f32x16 beta = set1(p.beta[r * p.beta_stride]);
    LT_UNROLL for (int v = 0; v < V; v++) change[v] = beta * (load(p.v + r * p.v_stride + 16 * v, least(16, p.count - 16 * v)) - held[v]);
    const int32_t slot = p.state.writes[r * p.state.writes_stride];
    forgot = slot < 0 && r + 1 < p.rows;
    if (forgot) {
      decays(p, w, r + 1);
      replace<V, true>(p, w, r, own(w), change, read, held);
    } else {
      const bool last = slot >= 0 && r + 1 == p.rows && p.count % 16 == 0;
      replace<V, false>(p, w, r, last ? slot_of(p, slot) : own(w), change, read, held);
      if (slot >= 0 && !last) copy_to_slot(p, w, slot);
      state = {w.state, delta_columns};
    }
    LT_UNROLL for (int v = 0; v < V; v++) store(p.y + r * p.y_stride + 16 * v, read[v], least(16, p.count - 16 * v));
  }
}

}  // namespace

void delta(const DeltaPiece& p) { p.count > 16 ? walk<2>(p) : walk<1>(p); }

}  // namespace lt::cpu::LT_ISA
