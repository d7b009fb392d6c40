// Copies between the host's memory and the device's: straight where the host sees the device's memory, through a ring of
// staging buffers else, so that the reading of the next piece overlaps the copying of the last.
#pragma once
#include <array>

#include "backend/vulkan/stream.h"

namespace lt::vulkan {

class Transfer {
 public:
  Transfer(Memory& memory, Stream& stream);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Rows of `bytes` bytes, which begin `pitch` bytes apart on the host and `stride` bytes apart on the device.
  struct Rows {
    uint64_t count, bytes, pitch, stride;
    bool dense() const { return bytes == pitch && bytes == stride; }
  };
  static Rows all(uint64_t bytes) { return {1, bytes, bytes, bytes}; }
  // `fresh`: no work that was given before reads or writes there.
  void write(uint64_t to, const void* from, const Rows& rows, bool fresh);
  void read(void* to, uint64_t from, uint64_t bytes);
  void zero(const Block& block);  // which is fresh

 private:
  static constexpr uint64_t piece = uint64_t{4} << 20;
  struct Staging {
    Block block;
    uint64_t used = 0, submission = 0;
  };
  void release();
  Staging& room();  // a buffer with room, waited for
  void stage(uint64_t to, const char* from, const Rows& rows);

  Memory& memory_;
  Stream& stream_;
  std::array<Staging, 3> ring_;
  size_t at_ = 0;
};

}  // namespace lt::vulkan
