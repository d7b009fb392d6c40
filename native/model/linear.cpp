#include "model/linear.h"

#include <algorithm>
#include <array>

namespace lt::model {
namespace {

constexpr size_t most_results = 4;

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

// y[at] += weight * B low, of one slot; low (m, rank) is used up.
void expand(Ops& ops, const AdaptedRows& rows, int64_t slot, Tensor y, Tensor low, const LowRank& l) {
  Scope scope(ops);
  const Tensor added = scope.f32(rows.count(), y.cols);
  const Product p{added, l.b, {}};
  ops.map(low, low, rows.slot(rows.weights, slot), {});
  ops.matmul(low, std::span(&p, 1), {.ids = rows.slot(rows.ids, slot), .count = l.b.rows / y.cols});
  if (rows.count() == y.rows) return ops.add(y, y, added);
  const Tensor sum = scope.like(added);
  ops.gather(sum, y, rows.at);
  ops.add(sum, sum, added);
  ops.put(y, sum, rows.at);
}

// What adapters add to products of x that are computed.
void adapt(Ops& ops, const AdaptedRows& rows, Tensor x, std::span<const Result> results) {
  if (!rows || std::none_of(results.begin(), results.end(), [](const Result& r) { return bool(r.of.low); })) return;
  if (x.rows != rows.among)
    throw Error(Code::unsupported, "adapters: expected weights that each row of a step meets once, found one of an adapter that " +
                                       std::to_string(x.rows) + " rows meet in a step of " + std::to_string(rows.among));
  Scope scope(ops);
  const Tensor some = rows.count() == x.rows ? x : scope.f32(rows.count(), x.cols);
  if (rows.count() != x.rows) ops.gather(some, x, rows.at);
  std::array<Tensor, most_results> lows;
  for (size_t i = 0; i < results.size(); i++)
    if (const LowRank& l = results[i].of.low) lows[i] = scope.f32(rows.count(), l.b.cols);
  for (int64_t slot = 0; slot < rows.slots(); slot++) {
    std::array<Product, most_results> reduce;
    size_t n = 0;
    int64_t adapters = 0;
    for (size_t i = 0; i < results.size(); i++)
      if (const LowRank& l = results[i].of.low) reduce.at(n++) = {lows[i], l.a, {}}, adapters = l.a.rows / lows[i].cols;
    ops.matmul(some, std::span(reduce).first(n), {.ids = rows.slot(rows.ids, slot), .count = adapters});
    for (size_t i = 0; i < results.size(); i++)
      if (const LowRank& l = results[i].of.low) expand(ops, rows, slot, results[i].y, lows[i], l);
  }
}

// The rows that follow from one row of a step, as one.
Tensor joined_rows(Tensor t, int64_t rows) {
  if (t.stride != t.cols * 4) throw Error(Code::internal, "adapters: the results of experts do not follow one another");
  return {t.data, t.type, rows, t.cols * (t.rows / rows), t.stride * (t.rows / rows)};
}

// The same where rows choose their matrices: what each adapter adds to all rows, of which those that have it take their share.
void adapt_chosen(Ops& ops, const AdaptedRows& rows, Tensor x, Tensor y, const Linear& l, const Choice& choice) {
  if (!rows || l.lows.empty()) return;
  Scope scope(ops);
  const Tensor all = joined_rows(y, rows.among), sum = scope.f32(rows.count(), all.cols), some = scope.like(sum), added = scope.like(y);
  const Choice each{.ids = choice.ids.split(choice.ids.cols), .count = choice.count, .first = choice.first};
  ops.gather(sum, all, rows.at);
  for (size_t i = 0; i < l.lows.size(); i++) {
    if (!l.lows[i]) continue;
    Scope inner(ops);
    const Tensor low = inner.f32(y.rows, l.lows[i].b.cols);
    const Product reduce{low, l.lows[i].a, {}}, expand{added, l.lows[i].b, {}};
    ops.matmul(x, std::span(&reduce, 1), choice);
    ops.matmul(low, std::span(&expand, 1), each);
    ops.gather(some, joined_rows(added, rows.among), rows.at);
    ops.map(some, some, rows.slot(rows.shares, static_cast<int64_t>(i)), {});
    ops.add(sum, sum, some);
  }
  ops.put(all, sum, rows.at);
}

}  // namespace

Linear read_linear(Loader& loader, const std::string& name, int64_t out, int64_t in, const Ranges& mine) {
  const std::string bias = name + ".bias";
  return {.w = loader.rows(name + ".weight", out, in, mine),
          .b = loader.has(bias) ? loader.vector(bias, out, mine) : Tensor{},
          .low = loader.low_rank(name, out, in, mine, Range{0, in})};
}

Linear read_joint(Loader& loader, const std::string& name, int64_t out, int64_t in, const Boundaries& input, int64_t stretches) {
  const Division& d = loader.division();
  if (d.size == 1) return read_linear(loader, name, out, in);
  if (input && !d.exact && input.between(loader.block_of(name + ".weight"))) {
    const std::string bias = name + ".bias";
    const Tensor b = loader.has(bias) ? loader.vector(bias, out) : Tensor{};  // one rank adds it
    const Ranges own = own_columns(input, d.rank, in, stretches);
    return {.w = loader.columns(name + ".weight", out, in, own),
            .b = d.rank == 0 ? b : Tensor{},
            .sums = true,
            .low = loader.low_rank(name, out, in, Range{0, out}, own)};
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

void linear(Ops& ops, const Rows& rows, Tensor y, Tensor x, const Linear& l, const Choice& choice) {
  Scope s(ops);
  if (l.gathers) x = gather_columns(ops, s, x, l.w.cols, l.stretches);
  const Tensor own = l.rows ? s.f32(x.rows, l.w.rows) : y;
  const Product p = l.to(own);
  ops.matmul(x, std::span(&p, 1), choice);
  const Result result{own, l};
  choice ? adapt_chosen(ops, rows.adapted, x, own, l, choice) : adapt(ops, rows.adapted, x, std::span(&result, 1));
  if (l.sums) ops.all_reduce(y);
  if (l.rows) ops.all_gather(y, own);
}

void linear(Ops& ops, const Rows& rows, Tensor x, std::initializer_list<Result> results) {
  std::array<Product, most_results> products;  // a pass takes no memory
  size_t n = 0;
  for (const Result& r : results) products.at(n++) = r.of.to(r.y);
  ops.matmul(x, std::span(products).first(n));
  adapt(ops, rows.adapted, x, results);
}

void adapt_table(Ops& ops, const AdaptedRows& rows, Tensor y, const LowRank& l) {
  if (!rows || !l) return;
  Scope scope(ops);
  const Tensor low = scope.f32(rows.count(), l.b.cols);
  for (int64_t slot = 0; slot < rows.slots(); slot++) {
    ops.gather(low, l.a, rows.slot(rows.tokens, slot));
    expand(ops, rows, slot, y, low, l);
  }
}

Tensor whole_norm(Ops& ops, Scope& scope, Tensor x, bool divided, const Norm& norm) {
  const Tensor whole = divided ? scope.f32(x.rows, norm.w.cols) : x;
  if (divided) ops.all_gather(whole, x);
  ops.norm(whole, whole, norm);
  return whole;
}

void gated(Ops& ops, const Rows& rows, Tensor y, Tensor x, const Linear& gate, const Linear& up, const Map& map, const Choice& choice) {
  if (!rows.adapted || !(gate.adapts() || up.adapts())) return ops.glu(y, x, gate.to({}), up.to({}), map, choice);
  Scope scope(ops);
  const Tensor scaled = scope.like(y);
  if (choice)
    linear(ops, rows, y, x, gate, choice), linear(ops, rows, scaled, x, up, choice);
  else
    linear(ops, rows, x, {{y, gate}, {scaled, up}});
  ops.map(y, y, scaled, map);
}

}  // namespace lt::model
