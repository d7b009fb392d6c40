// The table of weight types: plain ones and one entry a header of this room. Adding a type is adding a header.
#pragma once
#include <cstdint>
#include <span>

#include "core/tensor.h"

namespace lt::quant {

struct TypeInfo {
  Type id;
  const char* name;  // as people write it: "Q4_K"
  int values;        // weights in a block: a row's length is a multiple
  int bytes;         // of a block
  bool block;        // a quantized type, not a plain number
  // cols weights from cols / values blocks, exactly as the format says (float32, left to right, no fused multiply-add).
  // Null for types that are not weights (integers, F64).
  void (*dequantize)(float* y, const void* row, int64_t cols);
};

std::span<const TypeInfo> types();      // by id
const TypeInfo* find(Type id);          // null if unknown
const TypeInfo& info(Type id);          // throws Code::unsupported
const char* retired_name(uint32_t id);  // ids that GGUF no longer uses ("Q4_2"), else null
int64_t row_bytes(Type id, int64_t cols);

}  // namespace lt::quant
