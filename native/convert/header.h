// The bytes of a GGUF file, to be read as one.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "gguf/field.h"

namespace lt::convert {

struct FloatTensor {
  std::string name;
  std::vector<int64_t> dims;  // the contiguous one first
  std::vector<float> values;
};

std::vector<uint8_t> file_of(const std::vector<gguf::Field>& fields, const std::vector<FloatTensor>& tensors);
// Metadata alone.
inline std::vector<uint8_t> header_of(const std::vector<gguf::Field>& fields) { return file_of(fields, {}); }

}  // namespace lt::convert
