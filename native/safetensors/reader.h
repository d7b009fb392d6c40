// One safetensors file's bytes -> its tensors: u64 length, a JSON header of that many bytes, then the tensors' data.
// https://github.com/huggingface/safetensors: the header's size is limited to 100 MB, the data have neither holes nor overlaps.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "json/json.h"

namespace lt::safetensors {

enum class Dtype : uint8_t { boolean, u8, i8, f8_e5m2, f8_e4m3, f8_e8m0, i16, u16, f16, bf16, i32, u32, f32, f64, i64, u64 };

const char* name_of(Dtype dtype);  // "BF16"
int64_t bytes_of(Dtype dtype);     // of one value

struct Tensor {
  std::string_view name;
  Dtype dtype;
  std::vector<int64_t> shape;  // the contiguous dimension last; empty: a scalar
  std::span<const uint8_t> bytes;

  int64_t values() const;
};

struct Contents {
  std::unique_ptr<json::Document> header;  // which names point into
  std::vector<Tensor> tensors;             // in the order of their data
};

// Every size is checked before it is used. Throws Code::format, naming the tensor.
Contents read(std::span<const uint8_t> bytes);

}  // namespace lt::safetensors
