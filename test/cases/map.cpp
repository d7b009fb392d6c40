// map: every function, with and without a second operand of every shape, in place, and where a function's exponential ends.
#include "check/check.h"
#include "harness.h"

namespace lt::cases {
namespace {

enum class Operand { none, matrix, row, column, stretches, row_of_stretches, one };
enum class Place { apart, in_a, in_b };

struct Mapping {
  std::string name;
  Map map;
  Operand operand = Operand::matrix;
  Place place = Place::apart;
  int64_t rows = 3, cols = 84;
  std::vector<float> values{};  // of a; none: Gaussian

  bool has_row_each() const { return operand == Operand::matrix || operand == Operand::column || operand == Operand::stretches; }
  int64_t operand_cols() const {
    switch (operand) {
      case Operand::matrix:
      case Operand::row:
        return cols;
      case Operand::stretches:
      case Operand::row_of_stretches:
        return 4;
      default:
        return 1;
    }
  }
};

std::vector<float> run_map(Lab& lab, const Mapping& m, std::span<const int64_t> rows) {
  const auto n = static_cast<int64_t>(rows.size());
  const int64_t b_cols = m.operand_cols(), b_rows = m.has_row_each() ? n : 1;
  const std::vector<float> a = picked(m.values.empty() ? gaussian(1, m.rows * m.cols, 3) : m.values, rows, m.cols);
  const std::vector<float> all = gaussian(2, m.rows * b_cols, 3);
  const std::vector<float> b = m.has_row_each() ? picked(all, rows, b_cols) : std::vector<float>(all.begin(), all.begin() + b_cols);
  const Tensor y = m.place == Place::in_a   ? lab.output(n, m.cols, a)
                   : m.place == Place::in_b ? lab.output(n, m.cols, b)
                                            : lab.output(n, m.cols);
  const Tensor second = m.operand == Operand::none ? Tensor{} : m.place == Place::in_b ? y : lab.floats(b, b_rows, b_cols);
  lab.ops().map(y, m.place == Place::in_a ? y : lab.floats(a, n, m.cols), second, m.map);
  return lab.take(y);
}

void add_map(const Mapping& m, double tolerance = 2e-6) {
  OpCase c;
  c.name = "map " + m.name + " " + std::to_string(m.rows) + "x" + std::to_string(m.cols);
  c.rows = m.rows;
  c.cols = m.cols;
  c.tolerance = tolerance;
  c.run = [=](Lab& lab, std::span<const int64_t> rows) { return run_map(lab, m, rows); };
  add_case(c);
}

// Far out, and where e^x leaves the floats: a number a row, beside ordinary ones where it is small.
void add_extremes(const std::string& name, Map map) {
  std::vector<float> values;
  const float farthest = map.act == Act::relu2 ? 1e18f : 1e30f;  // whose square is a float
  for (const float v : {-farthest, -100.0f, -88.5f, -20.0f, 20.0f, 88.5f, 100.0f, farthest}) {
    values.push_back(v);
    if (v < 0) values.insert(values.end(), {1.5f, -0.5f});
    if (v > 0) values.insert(values.end(), {v, v});
  }
  const Operand operand = map.act == Act::swiglu ? Operand::matrix : Operand::none;
  add_map({name + " of numbers far out", map, operand, Place::apart, 8, 3, values});
}

void add_functions() {
  const std::pair<const char*, Act> all[] = {{"silu", Act::silu},         {"gelu", Act::gelu},   {"gelu_tanh", Act::gelu_tanh},
                                             {"relu", Act::relu},         {"relu2", Act::relu2}, {"sigmoid", Act::sigmoid},
                                             {"softplus", Act::softplus}, {"tanh", Act::tanh},   {"clamp", Act::clamp},
                                             {"swiglu", Act::swiglu},     {"elu", Act::elu}};
  for (const auto& [word, act] : all) {
    const std::string name = word;
    const Map plain{.act = act, .limit = 2.5f}, scaled{.act = act, .inner = 0.7f, .outer = -1.5f, .limit = 2.5f};
    add_map({name, plain});
    add_map({name + " scaled", scaled});
    add_extremes(name, {.act = act, .limit = 7});
    if (act == Act::swiglu) continue;
    add_map({name + " alone", scaled, Operand::none});
    add_map({name + " plus", {.act = act, .adds = true, .inner = 1.3f, .outer = 2, .limit = 2.5f}});
  }
}

void add_operands() {
  const std::pair<const char*, Operand> all[] = {{"a row", Operand::row},
                                                 {"a number a row", Operand::column},
                                                 {"a number a stretch", Operand::stretches},
                                                 {"a row of stretches", Operand::row_of_stretches},
                                                 {"a number", Operand::one}};
  for (const auto& [word, operand] : all) {
    const std::string name = word;
    add_map({"times " + name, {}, operand}, 1e-7);
    add_map({"plus " + name, {.adds = true}, operand}, 1e-7);
    add_map({"silu times " + name, {.act = Act::silu, .outer = 0.5f}, operand, Place::in_a});
    add_map({"gelu_tanh plus " + name, {.act = Act::gelu_tanh, .adds = true}, operand});
  }
}

CHECK_GENERATOR() {
  for (const int64_t cols : {1, 64, 1000}) {
    add_map({"sum", {.adds = true}, Operand::matrix, Place::apart, 3, cols}, 1e-7);
    add_map({"silu", {.act = Act::silu}, Operand::matrix, Place::apart, 3, cols});
  }
  add_map({"scaled", {.outer = 0.3f}, Operand::none}, 1e-7);
  add_map({"scaled in place", {.outer = 0.3f}, Operand::none, Place::in_a}, 1e-7);
  add_map({"scaled, a sum", {.adds = true, .outer = 0.3f}}, 2e-7);
  add_map({"sum in place", {.adds = true}, Operand::matrix, Place::in_a}, 1e-7);
  add_map({"sum in its second place", {.adds = true}, Operand::matrix, Place::in_b}, 1e-7);
  add_map({"silu in place", {.act = Act::silu}, Operand::matrix, Place::in_a});
  add_map({"silu in its second place", {.act = Act::silu}, Operand::matrix, Place::in_b});
  add_map({"swiglu in place", {.act = Act::swiglu, .inner = 1.702f, .limit = 7}, Operand::matrix, Place::in_a});
  add_functions();
  add_operands();
}

}  // namespace
}  // namespace lt::cases
