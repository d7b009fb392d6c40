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
  void put(Tensor y, Tensor x, Tensor at) override { expect(x.rows == at.rows && x.cols == y.cols, "put", y, x); }
  using Ops::matmul;
  void matmul(Tensor x, std::span<const Product> products, const Choice& c) override {
    const int64_t used = c.ids ? c.ids.cols : 1;
    expect(!c.ids || (c.ids.type == Type::i32 && c.ids.rows == x.rows), "matmul choice", x, c.ids);
    for (const Product& p : products) {
      const int64_t m = p.y.cols;
      expect(p.w.cols == x.cols && p.y.rows == x.rows * used && (c ? m > 0 && p.w.rows % m == 0 : m == p.w.rows), "matmul", x, p.w);
      expect(!p.bias || (p.bias.type == Type::f32 && p.bias.cols == m && p.bias.rows == p.w.rows / m), "matmul bias", p.w, p.bias);
      needs_.matrix_types |= uint64_t{1} << static_cast<int>(p.w.type);
      if (c.ids) needs_.chosen = std::max(needs_.chosen, p.y.rows);
      if (c.ids) needs_.choices = std::max(needs_.choices, p.w.rows / m);
      if (c.ids) needs_.chosen_cols = std::max(needs_.chosen_cols, x.cols);
      flops_ += 2 * p.y.rows * m * p.w.cols;
      bytes_ += std::min(p.w.rows, p.y.rows * m) * p.w.stride;
    }
    needs_.matmul_input = std::max(needs_.matmul_input, static_cast<size_t>(x.rows * ((x.cols + 127) / 128 * 128) * 4));
  }
  void norm(Tensor y, Tensor x, const Norm& n) override {
    same("norm", y, x);
    for (const Tensor& w : {n.w, n.b})
      expect(x.cols % n.heads == 0 && (!w || (w.type == Type::f32 && w.cols == x.cols / n.heads && (w.rows == 1 || w.rows == n.heads))),
             "norm", x, w);
  }
  void map(Tensor y, Tensor a, Tensor b, const Map& m) override {
    same("map", y, a);
    expect(b || (!m.adds && m.act != Act::swiglu), "map", a, b);
    expect(!b || ((b.rows == y.rows || b.rows == 1) && b.cols > 0 && y.cols % b.cols == 0), "map", a, b);
  }
  void rope(Tensor x, Tensor turns, const Rope& r) override {
    expect(turns.rows == x.rows && x.cols % r.heads == 0 && r.start + 2 * r.freqs.cols <= x.cols / r.heads, "rope", x, r.freqs);
    expect(!r.axes || (r.axes.type == Type::i32 && r.axes.cols == r.freqs.cols), "rope axes", r.freqs, r.axes);
  }
  void store_kv(const Kv& kv, Tensor k, Tensor v, const Rows& rows) override {
    expect(k.rows == rows.places.rows && k.cols == kv.heads * kv.k.cols, "store_kv k", k, kv.k);
    expect(kv.latent() ? !v : v.rows == k.rows && v.cols == kv.heads * kv.v.cols, "store_kv v", v, kv.v);
  }
  void attend(Tensor y, Tensor q, const Kv& kv, const Rows& rows, const Attend& a) override {
    expect(q.rows == rows.places.rows && q.cols == a.heads * kv.k.cols && a.heads % kv.heads == 0, "attend q", q, kv.k);
    expect(y.rows == q.rows && y.cols == a.heads * kv.v.cols, "attend y", y, kv.v);
    for (const Tensor& t : {a.sinks, a.slopes}) expect(!t || (t.type == Type::f32 && t.cols == a.heads), "attend", q, t);
    expect(!a.offsets || (a.offsets.type == Type::f32 && a.offsets.rows == a.heads && a.offsets.cols % 2 == 1), "attend", q, a.offsets);
    needs_.partial_dim = std::max(needs_.partial_dim, kv.v.cols);
  }
  void route(Tensor ids, Tensor weights, Tensor scores, const Router& r) override {
    expect(ids.type == Type::i32 && ids.rows == scores.rows && ids.cols <= scores.cols, "route", ids, scores);
    same("route", weights, ids);
    expect(!r.bias || (r.bias.type == Type::f32 && r.bias.cols == scores.cols), "route bias", scores, r.bias);
    expect(r.groups >= 1 && scores.cols % r.groups == 0 && r.used_groups >= 1 && r.used_groups <= r.groups && r.group_best >= 1 &&
               ids.cols <= scores.cols / r.groups * r.used_groups,
           "route groups", scores, ids);
  }
  void combine(Tensor y, Tensor x, Tensor weights) override {
    expect(weights.rows == y.rows && x.rows == y.rows * weights.cols && x.cols == y.cols, "combine", y, x);
  }
  void conv(Tensor y, Tensor x, State state, const Conv& c, const Rows& rows) override {
    same("conv", y, x);
    expect(x.rows == rows.places.rows && c.w.rows == x.cols && c.w.type == Type::f32, "conv", x, c.w);
    expect(state.slots.cols == (c.w.cols - 1) * x.cols, "conv state", state.slots, c.w);
    expect(!c.b || (c.b.type == Type::f32 && c.b.cols == x.cols), "conv bias", x, c.b);
  }
  void scan(Tensor y, Tensor x, Tensor dt, Tensor b, Tensor c, State state, const Scan& s, const Rows& rows) override {
    same("scan", y, x);
    same("scan", b, c);
    expect(x.rows == rows.places.rows && x.cols % s.heads == 0 && dt.rows == x.rows && dt.cols == s.heads, "scan", x, dt);
    const int64_t size = b.cols / s.groups;
    expect(b.rows == x.rows && b.cols % s.groups == 0 && s.heads % s.groups == 0, "scan", x, b);
    expect(s.a.rows == s.heads && (s.a.cols == size || s.a.cols == 1) && s.d.cols == s.heads, "scan", s.a, s.d);
    expect(state.slots.cols == x.cols * size, "scan state", state.slots, x);
  }
  void delta(Tensor y, Tensor q, Tensor k, Tensor v, Tensor decay, Tensor beta, State state, const Delta& d, const Rows& rows) override {
    same("delta", y, v);
    same("delta", q, k);
    const int64_t size = k.cols / d.key_heads;
    expect(v.rows == rows.places.rows && k.rows == v.rows && k.cols % d.key_heads == 0 && v.cols % d.value_heads == 0 &&
               d.value_heads % d.key_heads == 0,
           "delta", k, v);
    expect(beta.rows == v.rows && beta.cols == d.value_heads, "delta", v, beta);
    expect(decay.rows == v.rows && (decay.cols == d.value_heads || decay.cols == d.value_heads * size), "delta", v, decay);
    expect(state.slots.cols == v.cols * size, "delta state", state.slots, v);
  }
  void wkv(Tensor y, Tensor r, Tensor k, Tensor v, Tensor decay, State state, const Wkv& w, const Rows& rows) override {
    same("wkv", y, v);
    same("wkv", r, k);
    same("wkv", k, decay);
    expect(v.rows == rows.places.rows && k.rows == v.rows && k.cols % w.heads == 0 && v.cols % w.heads == 0, "wkv", k, v);
    expect(!w.bonus || (w.bonus.type == Type::f32 && w.bonus.cols == k.cols), "wkv bonus", k, w.bonus);
    expect(bool(w.removes) == bool(w.replaces), "wkv", w.removes, w.replaces);
    if (w.removes) same("wkv", k, w.removes), same("wkv", k, w.replaces);
    expect(state.slots.cols == v.cols * (k.cols / w.heads), "wkv state", state.slots, v);
  }

  void all_reduce(Tensor) override {}
  void all_gather(Tensor y, Tensor x) override { expect(y.rows == x.rows && y.cols >= x.cols, "all_gather", y, x); }

  Needs needs() const {
    Needs all = needs_;
    all.scratch = scratch_.peak();
    return all;
  }
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

// What a forward pass of `rows` rows, `outputs` of them wanted, needs. adapters: that any of the rows may have.
Sizing measure(const Model& model, int64_t rows, int64_t outputs, int64_t adapters = 0);

}  // namespace lt
