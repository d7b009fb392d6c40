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

// A tensor of the folder as rows of `cols` values. Where it is FP8, its blocks have scales: value = stored * scale of its block. Where
// it is MXFP4 (gpt-oss), 16 bytes of two values each stand for a block of 32, and `scale` holds the blocks' exponents.
struct StoredMatrix {
  const safetensors::Tensor* from;
  int64_t rows = 1, cols = 1;
  std::optional<Type> type = {};  // that its bytes have in a GGUF file; none: FP8, F64
  const safetensors::Tensor* scale = nullptr;
  int64_t block_rows = 1, block_cols = 1;

  bool is_packed() const { return type && scale; }  // MXFP4
};

struct Made {
  std::string name;
  Type type = Type::f32;
  std::vector<int64_t> dims;                     // the contiguous one first
  std::vector<StoredMatrix> pieces;              // one behind the other along the last dimension
  std::vector<float> values;                     // instead of pieces
  std::vector<int64_t> rows_from, columns_from;  // of each piece, which are taken, in order; empty: all as they are
  bool turned = false;                           // each matrix of what is taken, of dims[0] rows, is transposed
  Change change = Change::none;

  int64_t cols() const { return dims[0]; }
  int64_t rows() const;
  uint64_t bytes() const;
  bool takes_rows() const;  // of the folder whole, with the values that they have
  // The bytes in the folder, where they are what is wanted as they stand; else null.
  const uint8_t* as_stored() const;
  // Rows [first, first + count) to `to`.
  void make(int64_t first, int64_t count, uint8_t* to) const;
};

// A tensor of one number.
float value_of(const safetensors::Folder& folder, const std::string& name);

// matrices: their type in the result, empty for the one they are stored in (FP8: BF16). Vectors are F32. Throws Code::unsupported for
// a tensor that no rule names or a type of numbers that is not read, Code::format for shapes that do not fit together.
std::vector<Made> plan(const safetensors::Folder& folder, const Config& config, const Architecture& architecture,
                       const Description& description, std::optional<Type> matrices);

}  // namespace lt::convert
