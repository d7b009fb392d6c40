// The products of a model. All of them go through here: this is the one place that knows of biases and
// adapters, and of how ranks divide a product.
#pragma once
#include <span>
#include <string>

#include "core/ops.h"
#include "model/loader.h"

namespace lt::model {

// y = x times w, plus b. After it every rank has the whole result, or the rows of w that it holds.
struct Linear {
  Tensor w = {}, b = {};           // (out, in), and (1, out) where the file has one; of n matrices (n * out, in) and (n, out)
  bool gathers = false;            // first: each rank has columns of the input, all are wanted
  int64_t stretches = 1;           // of the input's columns, each of which ranks divide and gather by itself
  bool sums = false;               // w has the columns that meet this rank's input: results are summed over ranks
  bool rows = false;               // w has rows of its matrix: results are gathered
  LowRank low = {};                // what adapters add
  std::vector<LowRank> lows = {};  // of n matrices: what each adapter adds

  bool adapts() const { return low || !lows.empty(); }
  Product to(Tensor y) const { return {y, w, b}; }
};

// NAME.weight and, if there, NAME.bias; of their `out` rows those of `mine`.
Linear read_linear(Loader& loader, const std::string& name, int64_t out, int64_t in, const Ranges& mine);
inline Linear read_linear(Loader& loader, const std::string& name, int64_t out, int64_t in) {
  return read_linear(loader, name, out, in, Range{0, out});
}

// One whose result is whole on every rank. `in` columns of input: `stretches` times those that `input` divides. Results are summed where
// the cuts fall between blocks of the weight's type, else input and results are gathered.
Linear read_joint(Loader& loader, const std::string& name, int64_t out, int64_t in, const Boundaries& input, int64_t stretches = 1);

// How columns that the matrix NAME.weight reads are divided: in blocks of its type, and in 32 where there are enough, as kernels like them.
Boundaries cut_columns(const Loader& loader, const std::string& name, int64_t columns);

// choice: of the matrices of w, where there are several.
void linear(Ops& ops, const Rows& rows, Tensor y, Tensor x, const Linear& l, const Choice& choice = {});

// Up to four products of one input, none of which is summed or gathered.
struct Result {
  Tensor y;
  const Linear& of;
};
void linear(Ops& ops, const Rows& rows, Tensor x, std::initializer_list<Result> results);

// y[at] += what adapters add to rows of a table.
void adapt_table(Ops& ops, const AdaptedRows& rows, Tensor y, const LowRank& l);

// The norm of rows of which each rank has some columns, if they are `divided`: in place where they are not.
Tensor whole_norm(Ops& ops, Scope& scope, Tensor x, bool divided, const Norm& norm);

// y = map(x gate, x up).
void gated(Ops& ops, const Rows& rows, Tensor y, Tensor x, const Linear& gate, const Linear& up, const Map& map, const Choice& choice = {});

}  // namespace lt::model
