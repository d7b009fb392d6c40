// A tensor is a view by value: it never owns and never allocates. Two dimensions, rows by columns, columns contiguous.
#pragma once
#include <cstdint>

namespace lt {

// GGUF's ids. Only the plain types are named here; every block type is named by its header in quant/.
enum class Type : uint8_t { f32 = 0, f16 = 1, i32 = 26, bf16 = 30 };

struct Tensor {
  void* data = nullptr;  // host pointer, or a device address of the backend that made it
  Type type = Type::f32;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t stride = 0;  // bytes from a row to the next

  explicit operator bool() const { return data != nullptr; }

  template <class T>
  T* row(int64_t r) const {
    return reinterpret_cast<T*>(static_cast<char*>(data) + r * stride);
  }

  // Rows [first, first + count).
  Tensor slice(int64_t first, int64_t count) const { return {static_cast<char*>(data) + first * stride, type, count, cols, stride}; }

  // Columns [first, first + count). Of types whose values lie in blocks: from the first column on. What cannot be, here and below, is an
  // empty tensor, which no op's shapes go together with.
  Tensor columns(int64_t first, int64_t count) const {
    const bool half = type == Type::f16 || type == Type::bf16, whole = type == Type::f32 || type == Type::i32;
    if (first != 0 && !half && !whole) return {};
    return {static_cast<char*>(data) + first * (half ? 2 : 4), type, rows, count, stride};
  }

  // Each row's n equal stretches of columns as rows of their own. The rows of an f32 or i32 tensor must follow one another.
  Tensor split(int64_t n) const {
    if (rows > 1 && stride != cols * 4) return {};
    return {data, type, rows * n, cols / n, cols / n * 4};
  }
};

}  // namespace lt
