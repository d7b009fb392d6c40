// The row-wise ops: gather, rms_norm, rope, add, gate, and the fused add_norm.
#include <algorithm>

#include "check/check.h"
#include "harness.h"
#include "quant/type.h"

namespace lt::cases {
namespace {

// A case whose row r reads row r of `inputs` (each rows x cols, Gaussian).
void add_rowwise(const std::string& name, int64_t rows, int64_t cols, int inputs,
                 const std::function<void(Lab&, Tensor y, const std::vector<Tensor>& x, std::span<const int64_t> rows)>& call,
                 double tolerance = 2e-6) {
  OpCase c;
  c.name = name + " " + std::to_string(rows) + "x" + std::to_string(cols);
  c.rows = rows;
  c.cols = cols;
  c.tolerance = tolerance;
  std::vector<std::vector<float>> data;
  for (int i = 0; i < inputs; i++) data.push_back(gaussian(static_cast<uint64_t>(i) + 1, rows * cols, 3));
  c.run = [=](Lab& lab, std::span<const int64_t> wanted) {
    const auto n = static_cast<int64_t>(wanted.size());
    std::vector<Tensor> x;
    for (const std::vector<float>& d : data) {
      std::vector<float> picked;
      for (const int64_t r : wanted) picked.insert(picked.end(), d.begin() + r * cols, d.begin() + (r + 1) * cols);
      x.push_back(lab.floats(picked, n, cols));
    }
    const Tensor y = lab.output(n, cols);
    call(lab, y, x, wanted);
    return lab.take(y);
  };
  add_case(c);
}

void copy(Lab& lab, Tensor y, Tensor x) {
  const Tensor zero = lab.zeros(Type::f32, x.rows, x.cols);
  lab.ops().add(y, x, zero);
}

void add_gathers() {
  for (const Type type : weight_types()) {
    const int64_t cols = 2 * std::max(quant::info(type).values, 16);
    const std::vector<uint8_t> table = random_weights(type, 9, cols, 5);
    OpCase c;
    c.name = std::string("gather ") + quant::info(type).name;
    c.rows = 4;
    c.cols = cols;
    c.tolerance = 0;
    c.run = [=](Lab& lab, std::span<const int64_t> wanted) {
      static const int32_t ids[] = {8, 0, 3, 3};
      std::vector<int32_t> picked;
      for (const int64_t r : wanted) picked.push_back(ids[r]);
      const auto n = static_cast<int64_t>(wanted.size());
      const Tensor y = lab.output(n, cols);
      lab.ops().gather(y, lab.weights(type, table, 9, cols), lab.ints(picked, n, 1));
      return lab.take(y);
    };
    add_case(c);
  }
}

void add_norms() {
  struct Norm {
    int64_t rows, cols, heads;
    bool weight;
  };
  for (const Norm& n : {Norm{1, 64, 1, true}, Norm{5, 576, 1, true}, Norm{17, 100, 1, false}, Norm{4, 8 * 40, 8, true},
                        Norm{3, 3 * 16, 3, true}, Norm{2, 7, 1, true}}) {
    const std::vector<float> w = gaussian(9, n.cols / n.heads);
    add_rowwise("rms_norm heads " + std::to_string(n.heads) + (n.weight ? "" : " no weight"), n.rows, n.cols, 1,
                [=](Lab& lab, Tensor y, const std::vector<Tensor>& x, std::span<const int64_t>) {
                  lab.ops().rms_norm(y, x[0], n.weight ? lab.floats(w, 1, n.cols / n.heads) : Tensor{}, 1e-5f, n.heads);
                });
  }
  const std::vector<float> w = gaussian(9, 96);
  add_rowwise("add_norm", 6, 96, 2, [=](Lab& lab, Tensor y, const std::vector<Tensor>& x, std::span<const int64_t>) {
    lab.ops().add_norm(y, x[0], x[1], lab.floats(w, 1, 96), 1e-6f);
  });
  add_rowwise("add_norm's sum", 6, 96, 2, [=](Lab& lab, Tensor y, const std::vector<Tensor>& x, std::span<const int64_t>) {
    lab.ops().add_norm(lab.zeros(Type::f32, y.rows, 96), x[0], x[1], lab.floats(w, 1, 96), 1e-6f);
    copy(lab, y, x[0]);
  });
}

void add_ropes() {
  struct Turn {
    int64_t rows, heads, dim, pairs;
    bool neighbours;
    float magnitude;
  };
  static const int32_t positions[] = {0, 1, 2, 63, 64, 1000, 8191, 131071};
  for (const Turn& t : {Turn{8, 3, 64, 32, true, 1}, Turn{8, 2, 80, 40, false, 1}, Turn{5, 1, 32, 8, false, 1.25f},
                        Turn{4, 4, 20, 5, true, 1}, Turn{3, 1, 6, 3, false, 1}}) {
    std::vector<float> freqs;
    for (int64_t i = 0; i < t.pairs; i++) freqs.push_back(1.0f / static_cast<float>(1 + i * i));
    // A position's angle reaches 1e5 radians, which f32 frequencies give to 1e-7 of the position.
    add_rowwise(std::string("rope ") + (t.neighbours ? "neighbours" : "halves") + " heads " + std::to_string(t.heads), t.rows,
                t.heads * t.dim, 1, [=](Lab& lab, Tensor y, const std::vector<Tensor>& x, std::span<const int64_t> rows) {
                  std::vector<int32_t> at;
                  for (const int64_t r : rows) at.push_back(positions[r]);
                  const Rope rope{lab.floats(freqs, 1, t.pairs), t.magnitude, t.heads, t.neighbours};
                  lab.ops().rope(x[0], lab.ints(at, x[0].rows, 1), rope);
                  copy(lab, y, x[0]);
                });
  }
}

CHECK_GENERATOR() {
  add_gathers();
  add_norms();
  add_ropes();
  for (const int64_t cols : {1, 64, 1000}) {
    add_rowwise(
        "add", 3, cols, 2, [](Lab& lab, Tensor y, const std::vector<Tensor>& x, std::span<const int64_t>) { lab.ops().add(y, x[0], x[1]); },
        1e-7);
    add_rowwise("gate silu", 3, cols, 2, [](Lab& lab, Tensor y, const std::vector<Tensor>& x, std::span<const int64_t>) {
      lab.ops().gate(y, x[0], x[1], Act::silu);
    });
  }
}

}  // namespace
}  // namespace lt::cases
