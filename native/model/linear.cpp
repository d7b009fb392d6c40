#include "model/linear.h"

#include <algorithm>
#include <array>

namespace lt::model {
namespace {

// Each rank's columns of every stretch, in order.
Tensor gather_columns(Ops& ops, Scope& scope, Tensor x, int64_t cols, int64_t stretches) {
  const Tensor all = scope.f32(x.rows, cols);
  const int64_t whole = cols / stretches, own = x.cols / stretches;
  for (int64_t i = 0; i < stretches; i++) ops.all_gather(all.columns(i * whole, whole), x.columns(i * own, own));
  return all;
}

// Columns of the input that this rank has.
Ranges own_columns(const Boundaries& input, int rank, int64_t in, int64_t stretches) {
  const Range one = input.of(rank);
  Ranges own = one;
  for (int64_t i = 1; i < stretches; i++) own.add({i * (in / stretches) + one.first, one.count});
  return own;
}

}  // namespace

Linear read_linear(Loader& loader, const std::string& name, int64_t out, int64_t in, const Ranges& mine) {
  const std::string bias = name + ".bias";
  return {.w = loader.rows(name + ".weight", out, in, mine), .b = loader.has(bias) ? loader.vector(bias, out, mine) : Tensor{}};
}

Linear read_joint(Loader& loader, const std::string& name, int64_t out, int64_t in, const Boundaries& input, int64_t stretches) {
  const Division& d = loader.division();
  if (d.size == 1) return read_linear(loader, name, out, in);
  if (input && !d.exact && input.between(loader.block_of(name + ".weight"))) {
    const std::string bias = name + ".bias";
    const Tensor b = loader.has(bias) ? loader.vector(bias, out) : Tensor{};  // one rank adds it
    return {.w = loader.columns(name + ".weight", out, in, own_columns(input, d.rank, in, stretches)),
            .b = d.rank == 0 ? b : Tensor{},
            .sums = true};
  }
  const Boundaries rows = cut(out, 1, d.size);
  Linear l = read_linear(loader, name, out, in, d.mine(rows, out));
  l.gathers = bool(input), l.stretches = stretches, l.rows = bool(rows);
  return l;
}

Boundaries cut_columns(const Loader& loader, const std::string& name, int64_t columns) {
  const int64_t block = loader.block_of(name + ".weight");
  for (const int64_t unit : {std::max<int64_t>(block, 32), block, int64_t{1}})
    if (Boundaries c = cut(columns, unit, loader.division().size)) return c;
  return {};
}

void linear(Ops& ops, const Rows&, Tensor y, Tensor x, const Linear& l, const Choice& choice) {
  Scope s(ops);
  if (l.gathers) x = gather_columns(ops, s, x, l.w.cols, l.stretches);
  const Tensor own = l.rows ? s.f32(x.rows, l.w.rows) : y;
  const Product p = l.to(own);
  ops.matmul(x, std::span(&p, 1), choice);
  if (l.sums) ops.all_reduce(y);
  if (l.rows) ops.all_gather(y, own);
}

void linear(Ops& ops, const Rows&, Tensor x, std::initializer_list<Result> results) {
  std::array<Product, 4> products;  // a pass takes no memory
  size_t n = 0;
  for (const Result& r : results) products.at(n++) = r.of.to(r.y);
  ops.matmul(x, std::span(products).first(n));
}

Tensor whole_norm(Ops& ops, Scope& scope, Tensor x, bool divided, const Norm& norm) {
  const Tensor whole = divided ? scope.f32(x.rows, norm.w.cols) : x;
  if (divided) ops.all_gather(whole, x);
  ops.norm(whole, whole, norm);
  return whole;
}

void gated(Ops& ops, const Rows&, Tensor y, Tensor x, const Linear& gate, const Linear& up, const Map& map, const Choice& choice) {
  ops.glu(y, x, gate.to({}), up.to({}), map, choice);
}

}  // namespace lt::model
