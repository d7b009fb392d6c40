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
  void add(const MatrixNames& weights, std::span<const float> x, int64_t cols);
  void complete();  // what was added since the last time counts
  // As sums of one expert. Throws Code::format where a sum is beyond a float, or no number.
  std::map<std::string, quantize::Importance::Entry> entries() const;

 private:
  struct Sums {
    std::vector<double> squares;
    double rows = 0;
  };
  std::map<MatrixNames, Sums> run_, all_;
};

class Watched final : public Wrapper {
 public:
  // Of layers' weights, and of the output matrix where `output`.
  Watched(std::unique_ptr<Backend> below, const gguf::File& file, ColumnSums& sums, bool output);

  Tensor place(Tensor host) override;
  using Wrapper::matmul;
  void matmul(Tensor x, std::span<const Product> products) override;
  void glu(Tensor y, Tensor x, Product gate, Product up, Act act) override;

 private:
  void note(Tensor x, std::span<const Product> products);

  struct Weight {
    const char* end;
    std::string_view name;
  };
  std::map<const char*, std::string_view> names_;  // by address in the file
  std::map<const char*, Weight> weights_;          // by address in the backend's memory
  ColumnSums& sums_;
  const bool output_;
  std::vector<float> fetched_;
};

}  // namespace lt::measuring
