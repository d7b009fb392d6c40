// Op cases: shapes, types and parameters of each op are listed once (a file an op beside this one), and each case is shown on
// every backend, variant and thread count to be right (against ref), clean (guard bytes), alone = together, and the same bits
// for all variants and thread counts of a backend. Its shapes are Sizing's to prove, and what it needs is what Sizing says.
#pragma once
#include <functional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "core/backend.h"

namespace lt::cases {

// A backend's memory for one run of a case. Outputs lie inside guard bytes.
class Lab {
 public:
  // on: backend, variant and threads in words; empty: nothing is computed there.
  explicit Lab(Backend& backend, std::string on = {}) : backend_(backend), on_(std::move(on)) {}
  Ops& ops() { return backend_.ops(); }
  const std::string& on() const { return on_; }
  Tensor floats(std::span<const float> values, int64_t rows, int64_t cols);
  Tensor ints(std::span<const int32_t> values, int64_t rows, int64_t cols);
  Tensor weights(Type type, std::span<const uint8_t> bytes, int64_t rows, int64_t cols);
  Tensor zeros(Type type, int64_t rows, int64_t cols) { return backend_.alloc(type, rows, cols); }
  Tensor nothing(Type type, int64_t rows, int64_t cols);                          // no numbers, of a type of the cache
  Tensor output(int64_t rows, int64_t cols, std::span<const float> values = {});  // none: any
  Tensor output_ints(int64_t rows, int64_t cols);
  std::vector<float> take(const Tensor& output);  // fails the case where a guard byte changed
  std::vector<int32_t> take_ints(const Tensor& output);
  std::vector<uint8_t> bytes(const Tensor& whole);
  void write(const Tensor& whole, std::span<const uint8_t> bytes) { backend_.write(whole, bytes.data()); }

 private:
  Backend& backend_;
  std::string on_;
};

std::vector<float> gaussian(uint64_t seed, int64_t n, float scale = 1);
// Those rows of values that have `cols` columns a row.
std::vector<float> picked(const std::vector<float>& values, std::span<const int64_t> rows, int64_t cols);
// Rows of random payload with sane scales, for any type of weights.
std::vector<uint8_t> random_weights(Type type, int64_t rows, int64_t cols, uint64_t seed);

struct OpCase {
  std::string name;
  int64_t rows, cols;       // of the result
  double tolerance;         // of a row: rms(result - ref's) / rms(ref's)
  double rounded = 0;       // the same on a backend that rounds a product's input to 8 bits, or to BF16; 0: no other
  std::string not_on_face;  // why the GPU's face skips it, on which each thread of a block takes its turn; empty: it does not
  // What many cases have in common that takes a device seconds to compile, such as how a type of weights is decoded; empty: nothing. Of the
  // variants the first shows it and one other, the same in all these cases and not in those of another name.
  std::string common;
  Needs needs;  // partials alone, which the cache decides
  // The result of the given rows, computed together. The same inputs whatever the rows.
  std::function<std::vector<float>(Lab&, std::span<const int64_t> rows)> run;
};

// Registers "ops/<name> on <backend> <variant>" for every backend.
void add_case(const OpCase& c);

// Registers a case of `rows` rows whose row r reads row r of `inputs`, each rows x cols, Gaussian.
using RowwiseCall = std::function<void(Lab&, Tensor y, const std::vector<Tensor>& x, std::span<const int64_t> rows)>;
void add_rowwise(const std::string& name, int64_t rows, int64_t cols, int inputs, const RowwiseCall& call, double tolerance = 2e-6);

// Every type that a matmul takes.
std::vector<Type> weight_types();
// The name of a type without kernels of its own on any device, where nothing but how a block is decoded is particular to it; else nothing.
std::string decoded_on_devices(Type type);

}  // namespace lt::cases
