// norm, and the fused add_norm.
#include "check/check.h"
#include "harness.h"

namespace lt::cases {
namespace {

struct NormSizes {
  int64_t rows, cols, heads;
  bool weight;
};

void add_norm_case(const NormSizes& s) {
  const int64_t dim = s.cols / s.heads;
  const std::vector<float> w = gaussian(9, dim);
  add_rowwise("norm heads " + std::to_string(s.heads) + (s.weight ? "" : " no weight"), s.rows, s.cols, 1,
              [=](Lab& lab, Tensor y, const std::vector<Tensor>& x, std::span<const int64_t>) {
                Norm norm;
                norm.eps = 1e-5f;
                norm.heads = s.heads;
                if (s.weight) norm.w = lab.floats(w, 1, dim);
                lab.ops().norm(y, x[0], norm);
              });
}

void add_fused() {
  const std::vector<float> w = gaussian(9, 96);
  const auto norm = [=](Lab& lab) { return Norm{.w = lab.floats(w, 1, 96), .b = {}, .eps = 1e-6f}; };
  add_rowwise("add_norm", 6, 96, 2, [=](Lab& lab, Tensor y, const std::vector<Tensor>& x, std::span<const int64_t>) {
    lab.ops().add_norm(y, x[0], x[1], norm(lab));
  });
  add_rowwise("add_norm's sum", 6, 96, 2, [=](Lab& lab, Tensor y, const std::vector<Tensor>& x, std::span<const int64_t>) {
    lab.ops().add_norm(lab.zeros(Type::f32, y.rows, 96), x[0], x[1], norm(lab));
    lab.ops().add(y, x[0], lab.zeros(Type::f32, y.rows, 96));
  });
}

CHECK_GENERATOR() {
  for (const NormSizes& s : {NormSizes{1, 64, 1, true}, NormSizes{5, 576, 1, true}, NormSizes{17, 100, 1, false},
                             NormSizes{4, 8 * 40, 8, true}, NormSizes{3, 3 * 16, 3, true}, NormSizes{2, 7, 1, true}})
    add_norm_case(s);
  add_fused();
}

}  // namespace
}  // namespace lt::cases
