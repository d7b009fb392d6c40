// A backend that is watched: the squares of what its products take in are summed, a column at a time, under the names of the weights
// they meet. On the host they are read where they are; from a device they are fetched.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/wrapper.h"
#include "gguf/file.h"
#include "quantize/importance.h"

namespace lt::measuring {

// Sums of squares, in double. A run of chunks counts when it is complete, so that a stopped one leaves no half chunk.
class ColumnSums {
 public:
  // What products of one input met: those weights share its sums.
  using MatrixNames = std::vector<std::string_view>;
  // Of products with one of `count` matrices each, row r of x met matrices met[r * used], ... met[r * used + used - 1].
  void add(const MatrixNames& weights, std::span<const float> x, int64_t cols, int64_t count, std::span<const int32_t> met);
  void complete();  // what was added since the last time counts
  // As sums of each of a weight's matrices. Throws Code::format where a sum is beyond a float, or no number.
  std::map<std::string, quantize::Importance::Entry> entries() const;

 private:
  struct Sums {
    std::vector<double> squares;  // (matrices, cols)
    std::vector<double> rows;     // that each matrix met
    void add(const Sums& other);
  };
  std::map<MatrixNames, Sums> run_, all_;
};

class Watched final : public Wrapper {
 public:
  // Of layers' weights, and of the output matrix where `output`.
  Watched(std::unique_ptr<Backend> below, const gguf::File& file, ColumnSums& sums, bool output);

  Tensor place(Tensor host) override;
  using Wrapper::matmul;
  void matmul(Tensor x, std::span<const Product> products, const Choice& choice) override;
  void glu(Tensor y, Tensor x, Product gate, Product up, const Map& map, const Choice& choice) override;

 private:
  void note(Tensor x, std::span<const Product> products, const Choice& choice);
  std::span<const int32_t> met_by(Tensor x, const Choice& choice);

  struct Weight {
    const char* end;
    std::string_view name;
  };
  std::map<const char*, std::string_view> names_;  // by address in the file
  std::map<const char*, Weight> weights_;          // by address in the backend's memory
  ColumnSums& sums_;
  const bool output_;
  std::vector<float> fetched_;
  std::vector<int32_t> met_;
};

}  // namespace lt::measuring
