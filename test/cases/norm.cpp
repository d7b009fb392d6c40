// norm: by the root mean square or centred, whole rows or heads, with and without weight and bias; and the fused add_norm.
#include "check/check.h"
#include "harness.h"

namespace lt::cases {
namespace {

struct NormSizes {
  int64_t rows, cols, heads;
  int64_t weights, biases = 0;  // rows of them: none, one for all heads, one a head
  bool centred = false, in_place = false;
  float offset = 0, size = 3;  // of all numbers; of their spread
};

std::string text_of(const NormSizes& s) {
  const auto parts = [](const char* what, int64_t rows) { return std::string(rows ? " " : " no ") + what + (rows > 1 ? " a head" : ""); };
  return std::string("norm") + (s.centred ? " centred" : "") + " heads " + std::to_string(s.heads) + parts("weight", s.weights) +
         parts("bias", s.biases) + (s.in_place ? " in place" : "") + (s.offset > 0 ? " far from zero" : "") + (s.size < 1 ? " small" : "");
}

void add_norm_case(const NormSizes& s) {
  const int64_t dim = s.cols / s.heads;
  std::vector<float> values = gaussian(1, s.rows * s.cols, s.size);
  for (float& v : values) v += s.offset;
  OpCase c;
  c.name = text_of(s) + " " + std::to_string(s.rows) + "x" + std::to_string(s.cols);
  c.rows = s.rows;
  c.cols = s.cols;
  c.tolerance = 2e-6;
  c.run = [=](Lab& lab, std::span<const int64_t> rows) {
    const auto n = static_cast<int64_t>(rows.size());
    const std::vector<float> x = picked(values, rows, s.cols);
    const Tensor y = s.in_place ? lab.output(n, s.cols, x) : lab.output(n, s.cols);
    Norm norm{.eps = 1e-5f, .heads = s.heads, .centred = s.centred};
    if (s.weights) norm.w = lab.floats(gaussian(9, s.weights * dim), s.weights, dim);
    if (s.biases) norm.b = lab.floats(gaussian(10, s.biases * dim), s.biases, dim);
    lab.ops().norm(y, s.in_place ? y : lab.floats(x, n, s.cols), norm);
    return lab.take(y);
  };
  add_case(c);
}

void add_fused() {
  const std::vector<float> w = gaussian(9, 96);
  for (const bool centred : {false, true}) {
    const auto norm = [=](Lab& lab) { return Norm{.w = lab.floats(w, 1, 96), .eps = 1e-6f, .centred = centred}; };
    const std::string name = centred ? "add_norm centred" : "add_norm";
    add_rowwise(name, 6, 96, 2, [=](Lab& lab, Tensor y, const std::vector<Tensor>& x, std::span<const int64_t>) {
      lab.ops().add_norm(y, x[0], x[1], norm(lab));
    });
    add_rowwise(name + "'s sum", 6, 96, 2, [=](Lab& lab, Tensor y, const std::vector<Tensor>& x, std::span<const int64_t>) {
      lab.ops().add_norm(lab.zeros(Type::f32, y.rows, 96), x[0], x[1], norm(lab));
      lab.ops().add(y, x[0], lab.zeros(Type::f32, y.rows, 96));
    });
  }
}

CHECK_GENERATOR() {
  for (const bool centred : {false, true})
    for (const NormSizes& s : {NormSizes{1, 64, 1, 1}, NormSizes{5, 576, 1, 1}, NormSizes{17, 100, 1, 0}, NormSizes{4, 8 * 40, 8, 1},
                               NormSizes{3, 3 * 16, 3, 1}, NormSizes{2, 7, 1, 1}, NormSizes{5, 130, 1, 1, 1}, NormSizes{3, 6 * 20, 6, 6},
                               NormSizes{3, 6 * 20, 6, 6, 6}, NormSizes{4, 4 * 33, 4, 1, 1}, NormSizes{2, 1030, 1, 0, 1}}) {
      NormSizes of = s;
      of.centred = centred;
      add_norm_case(of);
    }
  add_norm_case({5, 72, 1, 1, 0, false, true});
  add_norm_case({5, 72, 1, 1, 1, true, true});
  add_norm_case({4, 5 * 24, 5, 1, 0, false, true});
  add_norm_case({5, 300, 1, 1, 1, true, false, 10});
  for (const bool centred : {false, true}) add_norm_case({5, 72, 2, 1, 0, centred, false, 0, 0.003f});
  add_fused();
}

}  // namespace
}  // namespace lt::cases
