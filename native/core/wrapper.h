// A backend around another, to which it hands everything on: what a backend of ranks and one that is watched are made of. Overriding
// one method changes that method alone; unlike under a Decorator, fused methods stay fused.
#pragma once
#include <memory>

#include "core/backend.h"

namespace lt {

class Wrapper : public Backend, public Ops {
 public:
  explicit Wrapper(std::unique_ptr<Backend> below) : below_(std::move(below)) {}

  std::string description() const override { return below_->description(); }
  int threads() const override { return below_->threads(); }
  bool on_host() const override { return below_->on_host(); }
  Ops& ops() override { return *this; }
  // The host takes part in every pass, so a pass is called, not replayed.
  std::unique_ptr<Plan> record(std::function<void(Ops&)> forward) override { return std::make_unique<Calls>(*this, std::move(forward)); }
  std::optional<uint64_t> free_memory() const override { return below_->free_memory(); }
  Tensor place(Tensor host) override { return below_->place(host); }
  Tensor alloc(Type type, int64_t rows, int64_t cols) override { return below_->alloc(type, rows, cols); }
  void write(Tensor to, const void* from) override { below_->write(to, from); }
  void read(void* to, Tensor from) override { below_->read(to, from); }
  size_t reserve(const Needs& needs) override { return below_->reserve(needs); }

  Scratch& scratch() override { return on().scratch(); }
  using Ops::matmul;
  void gather(Tensor y, Tensor table, Tensor ids) override { on().gather(y, table, ids); }
  void matmul(Tensor x, std::span<const Product> products) override { on().matmul(x, products); }
  void rms_norm(Tensor y, Tensor x, Tensor w, float eps, int64_t heads) override { on().rms_norm(y, x, w, eps, heads); }
  void rope(Tensor x, Tensor positions, const Rope& rope) override { on().rope(x, positions, rope); }
  void store_kv(const Kv& kv, Tensor k, Tensor v, const Rows& rows) override { on().store_kv(kv, k, v, rows); }
  void attend(Tensor y, Tensor q, const Kv& kv, const Rows& rows, const Attend& attend) override { on().attend(y, q, kv, rows, attend); }
  void add(Tensor y, Tensor a, Tensor b) override { on().add(y, a, b); }
  void gate(Tensor y, Tensor g, Tensor u, Act act) override { on().gate(y, g, u, act); }
  void add_norm(Tensor y, Tensor x, Tensor dx, Tensor w, float eps) override { on().add_norm(y, x, dx, w, eps); }
  void glu(Tensor y, Tensor x, Product gate, Product up, Act act) override { on().glu(y, x, gate, up, act); }
  void all_reduce(Tensor x) override { on().all_reduce(x); }
  void all_gather(Tensor y, Tensor x) override { on().all_gather(y, x); }

 protected:
  Backend& below() { return *below_; }
  Ops& on() { return below_->ops(); }

  // The values of x's rows, one after another, whatever lies between the rows; where they are if that is how they lie, else in `to`.
  std::span<float> fetch(std::vector<float>& to, Tensor x) {
    const bool packed = x.stride == x.cols * 4;
    if (on_host() && packed) return {static_cast<float*>(x.data), static_cast<size_t>(x.rows * x.cols)};
    to.resize(static_cast<size_t>(x.rows * x.cols));
    if (packed) below_->read(to.data(), x);
    for (int64_t r = 0; !packed && r < x.rows; r++) below_->read(to.data() + r * x.cols, row_of(x, r));
    return to;
  }

  static Tensor row_of(Tensor t, int64_t r) {
    Tensor row = t.slice(r, 1);
    row.stride = t.cols * 4;
    return row;
  }

 private:
  class Calls final : public Plan {
   public:
    Calls(Ops& ops, std::function<void(Ops&)> forward) : ops_(ops), forward_(std::move(forward)) {}
    void run() override { forward_(ops_); }

   private:
    Ops& ops_;
    std::function<void(Ops&)> forward_;
  };

  std::unique_ptr<Backend> below_;
};

}  // namespace lt
