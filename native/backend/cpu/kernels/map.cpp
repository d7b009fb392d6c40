// y = outer * act(inner * a), times or plus b; y may be a or b. Each act is a struct of its own, so that its loop has no branch.
#include "backend/cpu/kernels/activate.h"
#include "backend/cpu/kernels/rows.h"

namespace lt::cpu::LT_ISA {
namespace {

struct None {
  LT_INLINE f32x16 of(f32x16 x, float) { return x; }
};
struct Silu {
  LT_INLINE f32x16 of(f32x16 x, float) { return x / (set1(1.0f) + exp(zero() - x)); }
};
struct Gelu {
  LT_INLINE f32x16 of(f32x16 x, float) { return gelu(x); }
};
struct GeluTanh {
  LT_INLINE f32x16 of(f32x16 x, float) { return gelu_tanh(x); }
};
struct Relu {
  LT_INLINE f32x16 of(f32x16 x, float) { return max(zero(), x); }
};
struct Relu2 {
  LT_INLINE f32x16 of(f32x16 x, float) { return max(zero(), x) * max(zero(), x); }
};
struct Sigmoid {
  LT_INLINE f32x16 of(f32x16 x, float) { return sigmoid(x); }
};
struct Softplus {
  LT_INLINE f32x16 of(f32x16 x, float) { return softplus(x); }
};
struct Tanh {
  LT_INLINE f32x16 of(f32x16 x, float) { return tanh(x); }
};
struct Elu {
  LT_INLINE f32x16 of(f32x16 x, float) { return elu(x); }
};
struct Clamp {
  LT_INLINE f32x16 of(f32x16 x, float limit) { return max(set1(-limit), min(set1(limit), x)); }
};

template <class A>
LT_INLINE f32x16 acted(f32x16 a, const MapRow& m) {
  return set1(m.outer) * A::of(set1(m.inner) * a, m.limit);
}
// Times with factors of 1: what most feed-forward parts do, a sixth quicker.
template <class A>
struct Gate {
  LT_INLINE f32x16 of(f32x16 a, f32x16 b, const MapRow& m) { return A::of(a, m.limit) * b; }
};
template <class A>
struct Alone {
  LT_INLINE f32x16 of(f32x16 a, f32x16, const MapRow& m) { return acted<A>(a, m); }
};
template <class A>
struct Times {
  LT_INLINE f32x16 of(f32x16 a, f32x16 b, const MapRow& m) { return acted<A>(a, m) * b; }
};
template <class A>
struct Plus {
  LT_INLINE f32x16 of(f32x16 a, f32x16 b, const MapRow& m) { return acted<A>(a, m) + b; }
};
// Of gpt-oss (OpenAI 2025).
struct Swiglu {
  LT_INLINE f32x16 of(f32x16 a, f32x16 b, const MapRow& m) {
    const f32x16 g = min(set1(m.limit), a), u = Clamp::of(b, m.limit);
    return set1(m.outer) * (g * sigmoid(set1(m.inner) * g) * (u + set1(1.0f)));
  }
};

// b: a value a column, or one for all; `part` is that of the last n columns, of which the rest is any, in memory of a whole vector.
struct Each {
  const float* b;
  f32x16 at(int64_t i) const { return load(b + i); }
  Each part(int64_t i, int64_t n, float* memory) const {
    store(memory, load(b + i, n));
    return {memory};
  }
};
struct Same {
  f32x16 b;
  f32x16 at(int64_t) const { return b; }
  Same part(int64_t, int64_t, float*) const { return *this; }
};

// Whole vectors. By value: what y points to could else be a part of them.
template <class F, class B>
void vectors(float* y, const float* a, B b, int64_t count, MapRow m) {
  for (int64_t i = 0; i < count; i += 16) store(y + i, F::of(load(a + i), b.at(i), m));
}

// The last columns are a whole vector too: of some eighty loops a second body for them would be half of the compiler's time.
template <class F, class B>
void columns(float* y, const float* a, B b, int64_t count, const MapRow& m) {
  const int64_t whole = count / 16 * 16, n = count - whole;
  vectors<F>(y, a, b, whole, m);
  if (n == 0) return;
  float last[16], of_b[16];
  store(last, load(a + whole, n));
  vectors<F>(last, last, b.part(whole, n, of_b), 16, m);
  store(y + whole, load(last, n), n);
}

template <class F>
void with_b(const MapRow& m) {
  if (m.stretch == 1) return columns<F>(m.y, m.a, Each{m.b}, m.count, m);
  for (int64_t i = 0; i < m.count; i += m.stretch) columns<F>(m.y + i, m.a + i, Same{set1(m.b[i / m.stretch])}, m.stretch, m);
}

template <class A>
void act(const MapRow& m) {
  if (!m.b) return columns<Alone<A>>(m.y, m.a, Same{zero()}, m.count, m);
  if (m.adds) return with_b<Plus<A>>(m);
  m.inner == 1 && m.outer == 1 ? with_b<Gate<A>>(m) : with_b<Times<A>>(m);
}

}  // namespace

void map(uint8_t number, const MapRow& m) {
  static void (*const acts[])(const MapRow&) = {act<None>,    act<Silu>,     act<Gelu>, act<GeluTanh>, act<Relu>,      act<Relu2>,
                                                act<Sigmoid>, act<Softplus>, act<Tanh>, act<Clamp>,    with_b<Swiglu>, act<Elu>};
  acts[number](m);
}

}  // namespace lt::cpu::LT_ISA
