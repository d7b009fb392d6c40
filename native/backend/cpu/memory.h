// Memory of the backend: zeroed, aligned to a page, huge pages asked for, every page touched, so that what is reported is resident.
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>

namespace lt::cpu {

class Memory {
 public:
  Memory() = default;
  Memory(size_t bytes, const char* purpose);  // throws Code::memory with the figures
  ~Memory() { release(); }
  Memory(Memory&& o) noexcept : data_(std::exchange(o.data_, nullptr)), bytes_(std::exchange(o.bytes_, 0)) {}
  Memory& operator=(Memory&& o) noexcept {
    std::swap(data_, o.data_), std::swap(bytes_, o.bytes_);
    return *this;
  }
  uint8_t* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  void release();
  uint8_t* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace lt::cpu
