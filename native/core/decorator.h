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

  void gather(Tensor y, Tensor table, Tensor ids) override {
    around("gather", {y}, [=](Ops& ops, const Mirror& m) { ops.gather(m(y), m(table), m(ids)); });
  }
  using Ops::matmul;
  void matmul(Tensor x, std::span<const Product> products) override {
    for (const Product& p : products)
      around("matmul", {p.y}, [=](Ops& ops, const Mirror& m) { ops.matmul(m(p.y), m(x), m(p.w), m(p.bias)); });
  }
  void rms_norm(Tensor y, Tensor x, Tensor w, float eps, int64_t heads) override {
    around("rms_norm", {y}, [=](Ops& ops, const Mirror& m) { ops.rms_norm(m(y), m(x), m(w), eps, heads); });
  }
  void rope(Tensor x, Tensor positions, const Rope& rope) override {
    around("rope", {x}, [=](Ops& ops, const Mirror& m) {
      Rope r = rope;
      r.freqs = m(rope.freqs);
      ops.rope(m(x), m(positions), r);
    });
  }
  void store_kv(const Kv& kv, Tensor k, Tensor v, const Rows& rows) override {
    around("store_kv", {kv.k, kv.v}, [=](Ops& ops, const Mirror& m) { ops.store_kv(m(kv), m(k), m(v), m(rows)); });
  }
  void attend(Tensor y, Tensor q, const Kv& kv, const Rows& rows, const Attend& a) override {
    around("attend", {y}, [=](Ops& ops, const Mirror& m) { ops.attend(m(y), m(q), m(kv), m(rows), a); });
  }
  void add(Tensor y, Tensor a, Tensor b) override {
    around("add", {y}, [=](Ops& ops, const Mirror& m) { ops.add(m(y), m(a), m(b)); });
  }
  void gate(Tensor y, Tensor g, Tensor u, Act act) override {
    around("gate", {y}, [=](Ops& ops, const Mirror& m) { ops.gate(m(y), m(g), m(u), act); });
  }
  void all_reduce(Tensor x) override {
    around("all_reduce", {x}, [=](Ops& ops, const Mirror& m) { ops.all_reduce(m(x)); });
  }
  void all_gather(Tensor y, Tensor x) override {
    around("all_gather", {y}, [=](Ops& ops, const Mirror& m) { ops.all_gather(m(y), m(x)); });
  }

 protected:
  // Where a call's tensors live for the one who runs it: the identity on the decorated backend, host copies elsewhere.
  class Mirror {
   public:
    virtual ~Mirror() = default;
    virtual Tensor operator()(Tensor t) const { return t; }
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
};

}  // namespace lt
