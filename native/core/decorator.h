// Ops that hand every primitive on to another's, with a word before and after: what Lockstep and Trace are made of. Fused
// methods run their default bodies here, so a decorated pass shows primitives only.
#pragma once
#include <vector>

#include "core/backend.h"

namespace lt {

class Decorator : public Ops {
 public:
  explicit Decorator(Backend& backend) : backend_(backend) {}
  Scratch& scratch() override { return backend_.ops().scratch(); }

  using Ops::matmul;
#define LT_AROUND(op, parameters, names)                                        \
  void op parameters override {                                                 \
    each(#op, [](Ops& ops, const auto&... a) { ops.op(a...); }, LT_LIST names); \
  }
#define LT_LIST(...) __VA_ARGS__
  LT_PRIMITIVES(LT_AROUND)
  LT_EXCHANGES(LT_AROUND)
#undef LT_AROUND
#undef LT_LIST

 protected:
  // Where a call's tensors live for the one who runs it: the identity on the decorated backend, host copies elsewhere.
  // What has no tensors is the same everywhere; a parameter of a new type says here where its tensors are.
  class Mirror {
   public:
    virtual ~Mirror() = default;
    virtual Tensor operator()(Tensor t) const { return t; }
    float operator()(float x) const { return x; }
    int64_t operator()(int64_t x) const { return x; }
    Act operator()(Act act) const { return act; }
    Attend operator()(const Attend& attend) const { return attend; }
    Rope operator()(Rope rope) const {
      rope.freqs = (*this)(rope.freqs);
      return rope;
    }
    Kv operator()(const Kv& kv) const { return {(*this)(kv.k), (*this)(kv.v), kv.heads}; }
    Rows operator()(const Rows& r) const {
      return {(*this)(r.ids),
              (*this)(r.positions),
              (*this)(r.sequences),
              (*this)(r.pages),
              (*this)(r.outputs),
              r.spans,
              {(*this)(r.splits.entries), (*this)(r.splits.firsts)}};
    }
  };
  using Call = std::function<void(Ops&, const Mirror&)>;

  // Runs one primitive that writes `outputs`.
  virtual void around(const char* op, const std::vector<Tensor>& outputs, const Call& call) = 0;

  Backend& backend_;

 private:
  // The destination is the first parameter.
  static std::vector<Tensor> outputs_of(Tensor y) { return {y}; }
  static std::vector<Tensor> outputs_of(const Kv& kv) { return {kv.k, kv.v}; }

  template <class Op, class Y, class... Others>
  void each(const char* name, Op op, const Y& y, const Others&... others) {
    around(name, outputs_of(y), [=](Ops& ops, const Mirror& m) { op(ops, m(y), m(others)...); });
  }
  // Several products of one input are as many calls.
  template <class Op>
  void each(const char* name, Op op, const Tensor& x, const std::span<const Product>& products) {
    for (const Product& p : products)
      around(name, {p.y}, [=](Ops& ops, const Mirror& m) {
        const Product one{m(p.y), m(p.w), m(p.bias)};
        op(ops, m(x), std::span<const Product>(&one, 1));
      });
  }
};

}  // namespace lt
