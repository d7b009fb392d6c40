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
    Map operator()(const Map& map) const { return map; }
    Delta operator()(const Delta& delta) const { return delta; }
    Norm operator()(Norm n) const { return at(n, n.w, n.b); }
    Rope operator()(Rope r) const { return at(r, r.freqs, r.axes); }
    Attend operator()(Attend a) const { return at(a, a.sinks, a.slopes, a.offsets); }
    Choice operator()(Choice c) const { return at(c, c.ids); }
    Router operator()(Router r) const { return at(r, r.bias); }
    Conv operator()(Conv c) const { return at(c, c.w, c.b); }
    Scan operator()(Scan s) const { return at(s, s.a, s.d); }
    Wkv operator()(Wkv w) const { return at(w, w.bonus, w.removes, w.replaces); }
    State operator()(State s) const { return at(s, s.slots); }
    Kv operator()(Kv kv) const { return at(kv, kv.k, kv.v); }
    Product operator()(Product p) const { return at(p, p.y, p.w, p.bias); }
    Rows operator()(Rows rows) const {
      rows.each([this](Tensor& t) { t = (*this)(t); });
      return rows;
    }

   private:
    template <class T, class... Tensors>
    T& at(T& whole, Tensors&... tensors) const {
      ((tensors = (*this)(tensors)), ...);
      return whole;
    }
  };
  using Call = std::function<void(Ops&, const Mirror&)>;

  // Runs one primitive that writes `outputs`.
  virtual void around(const char* op, const std::vector<Tensor>& outputs, const Call& call) = 0;

  // The rows of t, a stride apart as they are; of columns of a wider tensor nothing is read behind the last one's own bytes.
  static void read_rows(Backend& from, char* to, const Tensor& t) {
    const bool half = t.type == Type::f16 || t.type == Type::bf16, whole = t.type == Type::f32 || t.type == Type::i32;
    Tensor last = t.slice(t.rows - 1, 1);
    if (half || whole) last.stride = t.cols * (half ? 2 : 4);
    if (t.rows > 1) from.read(to, t.slice(0, t.rows - 1));
    if (t.rows > 0) from.read(to + (t.rows - 1) * t.stride, last);
  }

  Backend& backend_;

 private:
  // The destination is the first parameter; route has two, and a state is written too.
  static void add_outputs(std::vector<Tensor>& to, const Tensor& y) { to.push_back(y); }
  static void add_outputs(std::vector<Tensor>& to, const Kv& kv) {
    to.push_back(kv.k);
    if (!kv.latent()) to.push_back(kv.v);
  }
  template <class Other>
  static void add_state(std::vector<Tensor>&, const Other&) {}
  static void add_state(std::vector<Tensor>& to, const State& state) { to.push_back(state.slots); }

  template <class Op, class Y, class... Others>
  void each(const char* name, Op op, const Y& y, const Others&... others) {
    std::vector<Tensor> outputs;
    add_outputs(outputs, y);
    (add_state(outputs, others), ...);
    around(name, outputs, [=](Ops& ops, const Mirror& m) { op(ops, m(y), m(others)...); });
  }
  template <class Op>
  void each(const char* name, Op op, const Tensor& ids, const Tensor& weights, const Tensor& scores, const Router& router) {
    around(name, {weights, ids}, [=](Ops& ops, const Mirror& m) { op(ops, m(ids), m(weights), m(scores), m(router)); });
  }
  // Several products of one input are as many calls.
  template <class Op>
  void each(const char* name, Op op, const Tensor& x, const std::span<const Product>& products, const Choice& choice) {
    for (const Product& p : products)
      around(name, {p.y}, [=](Ops& ops, const Mirror& m) {
        const Product one = m(p);
        op(ops, m(x), std::span<const Product>(&one, 1), m(choice));
      });
  }
};

}  // namespace lt
