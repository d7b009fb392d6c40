// matmul with one of several matrices a row: the experts that a row chose, some of them elsewhere, or a matrix a head; and a layer of
// experts, whose second product reads the rows of the first.
#include <algorithm>

#include "check/check.h"
#include "harness.h"
#include "quant/type.h"

namespace lt::cases {
namespace {

constexpr double exact_choice = 2e-6;  // as in matmul.cpp

double rounded_choice(Type type) { return quant::info(type).block ? 4e-2 : type == Type::bf16 ? 6e-3 : exact_choice; }

// Of seven experts this backend has the second to the sixth. Of a row's three, two may be the same.
constexpr int64_t held = 5, used = 3;

std::vector<int32_t> chosen_ids(int64_t rows) {
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < rows * used; i++) ids.push_back(static_cast<int32_t>((i * i + i / 5) % 7));
  return ids;
}

Tensor ids_of(Lab& lab, int64_t of, std::span<const int64_t> rows) {
  const std::vector<int32_t> all = chosen_ids(of);
  std::vector<int32_t> ids;
  for (const int64_t r : rows) ids.insert(ids.end(), all.begin() + r * used, all.begin() + (r + 1) * used);
  return lab.ints(ids, static_cast<int64_t>(rows.size()), used);
}

OpCase product_case(const std::string& name, Type type, int64_t rows, int64_t cols, int64_t outs) {
  OpCase c;
  c.name = "matmul " + name + " " + quant::info(type).name + " " + std::to_string(rows) + "x" + std::to_string(cols) + " to " +
           std::to_string(outs);
  c.rows = rows;
  c.tolerance = exact_choice;
  c.rounded = rounded_choice(type);
  c.common = decoded_on_devices(type);
  return c;
}

void add_experts(Type type, int64_t rows, int64_t cols, int64_t outs) {
  OpCase c = product_case("of experts", type, rows, cols, outs);
  const int64_t others = outs / 2 + 1;
  c.cols = used * (outs + others);
  const std::vector<uint8_t> first = random_weights(type, held * outs, cols, 1), second = random_weights(type, held * others, cols, 2);
  c.run = [=](Lab& lab, std::span<const int64_t> wanted) {
    const auto n = static_cast<int64_t>(wanted.size());
    const Tensor y = lab.output(n * used, outs + others);
    const Product products[] = {
        {y.columns(0, outs), lab.weights(type, first, held * outs, cols), lab.floats(gaussian(4, held * outs), held, outs)},
        {y.columns(outs, others), lab.weights(type, second, held * others, cols), {}}};
    lab.ops().matmul(lab.floats(picked(gaussian(3, rows * cols), wanted, cols), n, cols), products,
                     {.ids = ids_of(lab, rows, wanted), .count = held, .first = 1});
    return lab.take(y);
  };
  add_case(c);
}

void add_heads(Type type, int64_t rows, int64_t cols, int64_t outs) {
  constexpr int64_t heads = 3;
  OpCase c = product_case("of heads", type, rows, cols, outs);
  // How a head's matrix is found is one code for all types, see glu.cpp.
  if (c.common.empty() && type != Type::f16 && type != Type{8}) c.common = std::string("heads ") + quant::info(type).name;
  c.cols = heads * outs;
  const std::vector<uint8_t> w = random_weights(type, heads * outs, cols, 1);
  c.run = [=](Lab& lab, std::span<const int64_t> wanted) {
    const auto n = static_cast<int64_t>(wanted.size());
    const Tensor x = lab.floats(picked(gaussian(3, rows * heads * cols), wanted, heads * cols), n, heads * cols);
    const Tensor y = lab.output(n * heads, outs);
    const Product product{y, lab.weights(type, w, heads * outs, cols), {}};
    lab.ops().matmul(x.split(heads), std::span(&product, 1), {.count = heads});
    return lab.take(y);
  };
  add_case(c);
}

// Each of the three results of a row meets the expert again that it came from.
void add_layer(Type type, int64_t rows) {
  const int64_t size = std::max<int64_t>(quant::info(type).values, 64);  // columns outside and inside
  OpCase c = product_case("of a layer of experts", type, rows, size, size);
  c.cols = size;
  c.tolerance = 1e-5;
  c.rounded = std::max(c.tolerance, 3 * rounded_choice(type));  // gate, up and down
  std::vector<std::vector<uint8_t>> w;
  for (uint64_t i = 1; i <= 3; i++) w.push_back(random_weights(type, held * size, size, i));
  c.run = [=](Lab& lab, std::span<const int64_t> wanted) {
    const auto n = static_cast<int64_t>(wanted.size());
    const auto part = [&](size_t i, Tensor y) {
      return Product{y, lab.weights(type, w[i], held * size, size), lab.floats(gaussian(10 + i, held * size), held, size)};
    };
    const Tensor x = lab.floats(picked(gaussian(3, rows * size), wanted, size), n, size), y = lab.output(n, size);
    const Tensor inner = lab.zeros(Type::f32, n * used, size), results = lab.zeros(Type::f32, n * used, size);
    Choice choice{.ids = ids_of(lab, rows, wanted), .count = held, .first = 1};
    lab.ops().glu(inner, x, part(0, {}), part(1, {}), {.act = Act::silu}, choice);
    choice.ids = choice.ids.split(used);
    const Product down = part(2, results);
    lab.ops().matmul(inner, std::span(&down, 1), choice);
    lab.ops().combine(y, results, lab.floats(picked(gaussian(5, rows * used), wanted, used), n, used));
    return lab.take(y);
  };
  add_case(c);
}

CHECK_GENERATOR() {
  for (const Type type : weight_types()) {
    const int64_t block = quant::info(type).values;
    add_experts(type, 4, 256, 9);
    add_heads(type, 5, std::max<int64_t>(block, 64), 6);
  }
  for (const uint8_t id : {0, 1, 30, 8, 2, 3, 12, 14, 39}) {
    add_experts(Type{id}, 1, 512, 33);
    add_heads(Type{id}, 1, 256, 40);
  }
  for (const uint8_t id : {0, 1, 30, 8, 12, 39}) add_experts(Type{id}, 70, 256, 34);  // enough for tiles
  for (const uint8_t id : {0, 30, 8}) add_heads(Type{id}, 70, 256, 17);
  for (const uint8_t id : {0, 30, 8, 12})
    for (const int64_t rows : {1, 9, 40}) add_layer(Type{id}, rows);
}

}  // namespace
}  // namespace lt::cases
