// A backend around another, to which it hands everything on: what a backend of ranks and one that is watched are made of. Overriding
// one method changes that method alone; unlike under a Decorator, fused methods stay fused.
#pragma once
#include <memory>

#include "core/backend.h"

namespace lt {

// Ops that are another's.
class HandOn : public Ops {
 public:
  Scratch& scratch() override { return on().scratch(); }
  using Ops::matmul;
#define LT_HAND_ON(op, parameters, names) \
  void op parameters override { on().op names; }
  LT_PRIMITIVES(LT_HAND_ON)
  LT_EXCHANGES(LT_HAND_ON)
  LT_FUSED(LT_HAND_ON)
#undef LT_HAND_ON

 protected:
  virtual Ops& on() = 0;
};

class Wrapper : public Backend, public HandOn {
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
  void prepare(const std::function<void(Ops&)>& pass) override {
    below_->prepare([&](Ops& ops) {
      Alone alone(ops);
      pass(alone);
    });
  }

 protected:
  Backend& below() { return *below_; }
  Ops& on() override { return below_->ops(); }

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
  // What lies between ranks is no kernel's business.
  class Alone final : public HandOn {
   public:
    explicit Alone(Ops& ops) : ops_(ops) {}
    void all_reduce(Tensor) override {}
    void all_gather(Tensor, Tensor) override {}

   private:
    Ops& on() override { return ops_; }
    Ops& ops_;
  };

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
