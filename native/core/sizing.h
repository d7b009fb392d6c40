// Ops without memory or arithmetic: runs a forward pass to measure its scratch, floating-point operations and bytes of
// weights, and checks every shape once, so that no kernel has to.
#pragma once
#include <string>

#include "core/backend.h"
#include "core/model.h"

namespace lt {

class Sizing : public Ops {
 public:
  Scratch& scratch() override { return scratch_; }
  void gather(Tensor y, Tensor table, Tensor ids) override {
    expect(y.rows == ids.rows && y.cols == table.cols, "gather", y, table);
    bytes_ += y.rows * table.stride;
  }
  using Ops::matmul;
  void matmul(Tensor x, std::span<const Product> products) override {
    for (const Product& p : products) {
      expect(p.w.cols == x.cols && p.y.rows == x.rows && p.y.cols == p.w.rows, "matmul", x, p.w);
      expect(!p.bias || (p.bias.type == Type::f32 && p.bias.cols == p.w.rows), "matmul bias", p.w, p.bias);
      flops_ += 2 * x.rows * p.w.rows * p.w.cols;
      bytes_ += p.w.rows * p.w.stride;
    }
    needs_.matmul_input = std::max(needs_.matmul_input, static_cast<size_t>(x.rows * ((x.cols + 127) / 128 * 128) * 4));
  }
  void rms_norm(Tensor y, Tensor x, Tensor w, float, int64_t heads) override {
    same("rms_norm", y, x);
    expect(x.cols % heads == 0 && (!w || (w.type == Type::f32 && w.cols == x.cols / heads)), "rms_norm", x, w);
  }
  void rope(Tensor x, Tensor positions, const Rope& rope) override {
    expect(positions.rows == x.rows && x.cols % rope.heads == 0 && 2 * rope.freqs.cols <= x.cols / rope.heads, "rope", x, rope.freqs);
  }
  void store_kv(const Kv& kv, Tensor k, Tensor v, const Rows& rows) override {
    expect(k.rows == rows.positions.rows && k.cols == kv.heads * kv.k.cols, "store_kv k", k, kv.k);
    expect(v.rows == k.rows && v.cols == kv.heads * kv.v.cols, "store_kv v", v, kv.v);
  }
  void attend(Tensor y, Tensor q, const Kv& kv, const Rows& rows, const Attend& a) override {
    expect(q.rows == rows.positions.rows && q.cols == a.heads * kv.k.cols && a.heads % kv.heads == 0, "attend q", q, kv.k);
    expect(y.rows == q.rows && y.cols == a.heads * kv.v.cols, "attend y", y, kv.v);
  }
  void add(Tensor y, Tensor a, Tensor b) override {
    same("add", y, a);
    same("add", y, b);
  }
  void gate(Tensor y, Tensor g, Tensor u, Act) override {
    same("gate", y, g);
    same("gate", y, u);
  }

  void all_reduce(Tensor) override {}
  void all_gather(Tensor y, Tensor x) override { expect(y.rows == x.rows && y.cols >= x.cols, "all_gather", y, x); }

  Needs needs() const { return {scratch_.peak(), needs_.matmul_input}; }
  int64_t flops() const { return flops_; }  // of the products
  int64_t bytes() const { return bytes_; }  // of weights read

 private:
  static void expect(bool holds, const char* op, const Tensor& a, const Tensor& b) {
    if (!holds) throw Error(Code::internal, std::string(op) + ": shapes " + text(a) + " and " + text(b) + " do not go together");
  }
  static void same(const char* op, const Tensor& a, const Tensor& b) { expect(a.rows == b.rows && a.cols == b.cols, op, a, b); }
  static std::string text(const Tensor& t) { return "(" + std::to_string(t.rows) + ", " + std::to_string(t.cols) + ")"; }

  Scratch scratch_;
  Needs needs_;
  int64_t flops_ = 0, bytes_ = 0;
};

// What a forward pass of `rows` rows, `outputs` of them wanted, needs.
Sizing measure(const Model& model, int64_t rows, int64_t outputs);

}  // namespace lt
