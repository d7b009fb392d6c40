// One tensor's weights as floats, and as blocks of another type, a run of rows at a time.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "encode/encode.h"
#include "gguf/file.h"
#include "quantize/importance.h"

namespace lt::quantize {

// Sums over weights that were looked at: of squared errors, and of squares, each times the importance of its column.
struct Loss {
  double error = 0, size = 0, plain_error = 0;  // plain: each column counts alike
  int64_t weights = 0;
  Loss& operator+=(const Loss& other);
};

class RowEncoder {
 public:
  // importance: null, or of a model's columns, in which the tensor is called `name`. Throws Code::format where it does not fit the tensor.
  RowEncoder(const gguf::File& file, const gguf::HostTensor& tensor, const std::string& name, const Importance* importance);

  // Rows [first, first + count) encoded as `type`; rows whose number `measured` divides are decoded again, and what was lost is added
  // up. Any number of threads, each for other rows.
  Loss encode(Type type, int64_t first, int64_t count, int64_t measured, uint8_t* to) const;

  const gguf::HostTensor& tensor() const { return tensor_; }
  bool guided() const { return guided_; }

 private:
  const float* importance_of(int64_t row) const;
  // Read, never looked at in the mapping: a file that another program cuts is then an error, not the end of the process.
  const void* rows_at(int64_t first, int64_t count, std::vector<uint8_t>& read) const;

  const gguf::File& file_;
  const gguf::HostTensor& tensor_;
  std::vector<std::vector<float>> means_;  // of each expert's columns; empty: not known
  bool guided_ = false;
};

}  // namespace lt::quantize
