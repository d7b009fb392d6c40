// From a folder's tensors to a GGUF file's: which become which, of what type and shape. Values are made when they are asked for.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "convert/architecture.h"
#include "core/tensor.h"
#include "safetensors/folder.h"

namespace lt::convert {

// A matrix of the folder, with the scales of its blocks where it is FP8: value = stored * scale of its block.
struct StoredMatrix {
  const safetensors::Tensor* from;
  const safetensors::Tensor* scale = nullptr;
  int64_t block_rows = 1, block_cols = 1;
};

struct Made {
  std::string name;
  Type type = Type::f32;
  std::vector<int64_t> dims;         // the contiguous one first
  std::vector<StoredMatrix> pieces;  // one behind the other along the last dimension
  std::vector<float> values;         // instead of pieces
  int64_t pair = 0;                  // rows of a head whose halves are brought together; 0: rows as they are

  int64_t cols() const;  // of a row as it is made; a vector whose values change places has rows of one
  int64_t rows() const;
  uint64_t bytes() const;
  // The bytes in the folder, where they are what is wanted as they stand; else null.
  const uint8_t* as_stored() const;
  // Rows [first, first + count) to `to`.
  void make(int64_t first, int64_t count, uint8_t* to) const;
};

// matrices: their type in the result, empty for the one they are stored in (FP8: BF16). Vectors are F32. Throws Code::unsupported for
// a tensor that no rule names or a type of numbers that is not read, Code::format for shapes that do not fit together.
std::vector<Made> plan(const safetensors::Folder& folder, const Config& config, const Architecture& architecture,
                       const Description& description, std::optional<Type> matrices);

}  // namespace lt::convert
