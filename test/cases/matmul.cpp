// matmul of every weight type: one row and many, odd sizes, with and without bias, several products of one input.
#include "check/check.h"
#include "harness.h"
#include "quant/type.h"

namespace lt::cases {
namespace {

// Integer kernels round activations to 8 bits, max / 127 a step, uniformly: about 0.7% of a Gaussian row of 256, and up to five
// times that where all weight rows share a pattern (random mins), as then their errors are one draw. Native checks of the CPU
// kernels compare with the definition bit for bit. Numbers of BF16 are up to 2^-7 of their size apart: about 0.1%.
constexpr double exact = 2e-6, rounded = 4e-2, rounded_bf16 = 6e-3;

void add_matmul(Type type, int64_t rows, int64_t cols, int64_t outs) {
  const quant::TypeInfo& info = quant::info(type);
  OpCase c;
  c.name = std::string("matmul ") + info.name + " " + std::to_string(rows) + "x" + std::to_string(cols) + " to " + std::to_string(outs);
  c.rows = rows;
  c.cols = 2 * outs;
  c.tolerance = exact;
  c.rounded = info.block ? rounded : type == Type::bf16 ? rounded_bf16 : exact;
  c.common = decoded_on_devices(type);
  const std::vector<uint8_t> first = random_weights(type, outs, cols, 1), second = random_weights(type, outs, cols, 2);
  const std::vector<float> x = gaussian(3, rows * cols), bias = gaussian(4, outs);
  c.run = [=](Lab& lab, std::span<const int64_t> wanted) {
    const auto n = static_cast<int64_t>(wanted.size());
    const Tensor y = lab.output(n, 2 * outs);
    const Product products[] = {{y.columns(0, outs), lab.weights(type, first, outs, cols), lab.floats(bias, 1, outs)},
                                {y.columns(outs, outs), lab.weights(type, second, outs, cols), {}}};
    lab.ops().matmul(lab.floats(picked(x, wanted, cols), n, cols), products);
    return lab.take(y);
  };
  add_case(c);
}

CHECK_GENERATOR() {
  for (const Type type : weight_types()) {
    const int64_t block = quant::info(type).values;
    add_matmul(type, 1, 2 * block, 5);
    add_matmul(type, 3, 256 * 3, 67);
    add_matmul(type, 13, 256, 33);
    if (block <= 32) add_matmul(type, 7, 576, 40);
    if (block <= 32) add_matmul(type, 2, 32, 3);
    if (block == 1) add_matmul(type, 5, 77, 19);
    if (block == 1) add_matmul(type, 1, 3, 1);
    add_matmul(type, 40, 512, 48);
  }
}

}  // namespace
}  // namespace lt::cases
