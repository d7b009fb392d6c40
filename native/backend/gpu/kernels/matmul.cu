#include <algorithm>

#include "backend/gpu/backend.h"
#include "backend/gpu/kernels/choice.h"

namespace lt::gpu::LT_GPU {
namespace {

bool wide(const Tensor& t) { return reinterpret_cast<uintptr_t>(t.data) % 16 == 0 && t.stride % 16 == 0; }

MatmulArgs args_of(const Tensor& x, const Product& p, const Choice& c) {
  return {.y = p.y,
          .x = x,
          .w = p.w,
          .bias = p.bias,
          .results = p.y.rows,
          .cols = x.cols,
          .outputs = p.y.cols,
          .wide_x = wide(x),
          .wide_w = wide(p.w),
          .chosen = c.count > 0,
          .ids = c.ids,
          .list = nullptr,
          .used = c.ids ? static_cast<int>(c.ids.cols) : 1,
          .first = static_cast<int>(c.first),
          .count = c.ids ? 1 : static_cast<int>(c.count),
          .held = static_cast<int>(p.w.rows / p.y.cols)};
}

// By the rows that a matrix has, with ids on average.
int64_t at_once_for(const MatmulArgs& p) {
  const int64_t matrices = p.ids.data ? p.held : p.chosen ? p.count : 1;
  return at_once_of(parts(p.results, matrices));
}

}  // namespace

// The list is that of the product before where both are of the same matrices.
MatmulArgs Gpu::multiply(Tensor x, const Product& p, const Choice& choice, const MatmulArgs& before) {
  MatmulArgs args = args_of(x, p, choice);
  const int64_t at_once = at_once_for(args);
  if (before.list && before.held == args.held)
    args.list = before.list;
  else if (choice.ids && at_once > 1)
    list_results(on(), args, at_once, lists_.get());
  weights(p.w.type).matmul(on(), args, at_once);
  if (!preparing_) return args;
  for (const int64_t rows : {int64_t{1}, few_from, tiles_from, wide_tiles_from})  // steps have any number of rows up to this
    if (at_once_of(rows) < at_once) weights(p.w.type).matmul(on(), args, at_once_of(rows));
  return args;
}

void Gpu::matmul(Tensor x, std::span<const Product> products, const Choice& choice) {
  if (x.rows == 0) return;
  MatmulArgs before{};
  for (const Product& p : products) before = multiply(x, p, choice, before);
}

}  // namespace lt::gpu::LT_GPU
