// The Vulkan backend's memory: staging, padding, and what is refused.
#include <cstring>

#include "backend/vulkan/result.h"
#include "check/vulkan_check.h"
#include "quant/type.h"

namespace lt::check {
namespace {

std::vector<uint8_t> noise(size_t n) {
  std::mt19937_64 random(1);
  std::vector<uint8_t> bytes(n);
  for (uint8_t& b : bytes) b = static_cast<uint8_t>(random());
  return bytes;
}

// Rows of 3 blocks of Q4_0 are 54 bytes, which the backend pads to whole words.
void round_trips() {
  const auto b = open_vulkan();
  const int64_t rows = 100000, cols = 96, row = quant::row_bytes(Type{2}, cols);
  std::vector<uint8_t> bytes = noise(static_cast<size_t>(rows * row));
  const Tensor t = b->place({bytes.data(), Type{2}, rows, cols, row});
  CHECK(t.rows == rows && t.cols == cols && t.stride % 4 == 0);
  std::vector<uint8_t> back(static_cast<size_t>(rows * t.stride));
  b->read(back.data(), t);
  for (int64_t r = 0; r < rows; r++)
    CHECK(std::memcmp(&back[static_cast<size_t>(r * t.stride)], &bytes[static_cast<size_t>(r * row)], row) == 0);
  const Tensor large = b->alloc(Type::f32, 3000, 1000), zero = b->alloc(Type::f32, 10, 1000);
  std::vector<uint8_t> wanted = noise(12000000);
  b->write(large, wanted.data());
  const std::vector<float> found = vulkan_read(*b, large), zeros = vulkan_read(*b, zero);
  CHECK(std::memcmp(found.data(), wanted.data(), wanted.size()) == 0);
  for (const float z : zeros) CHECK(z == 0);
  // A write between two ops is seen by the second alone.
  const Tensor x = vulkan_floats(*b, 1, 100, 1), y = b->alloc(Type::f32, 1, 100);
  const std::vector<float> ones(100, 1), twos(100, 2);
  b->write(x, ones.data());
  b->ops().add(y, x, x);
  b->write(x, twos.data());
  b->ops().add(y, y, x);
  for (const float v : vulkan_read(*b, y)) CHECK(v == 4);
}

CHECK_CASE("vulkan/what is placed, allocated and written is read back") { round_trips(); }

CHECK_CASE("vulkan/the same through staging buffers") {
  const Environment forced("LLAMA_TS_VULKAN_STAGING", "1");
  round_trips();
}

CHECK_CASE("vulkan/memory that is not there is refused with the figures, and the backend goes on") {
  const auto b = open_vulkan();
  const uint64_t free = *b->free_memory();
  CHECK(free > 0);
  CHECK_THROWS(b->alloc(Type::f32, 1 << 20, 1 << 20), Code::memory);
  // A little more than is free, yet within the driver's limit of one piece where that is larger.
  try {
    b->alloc(Type::f32, static_cast<int64_t>((free + 4095) / 4096) + 1, 1024);
    CHECK_THAT(false, "more was given than is free");
  } catch (const Error& e) {
    CHECK(e.code() == Code::memory && std::string(e.what()).find("bytes") != std::string::npos);
  }
  const Tensor x = vulkan_floats(*b, 1, 4, 1), y = b->alloc(Type::f32, 1, 4);
  b->ops().add(y, x, x);
  CHECK(vulkan_read(*b, y)[0] == 2 * vulkan_read(*b, x)[0]);
}

CHECK_CASE("vulkan/unknown variants and devices, and a lost device, are typed errors") {
  vulkan_device();
  CHECK_THROWS(open_vulkan("avx512"), Code::argument);
  CHECK_THROWS(open_backend("vulkan:99", {}), Code::device);
  CHECK_THROWS(vulkan::fail(VK_ERROR_DEVICE_LOST, "vulkan: waiting"), Code::device);
  CHECK_THROWS(vulkan::fail(VK_ERROR_OUT_OF_DEVICE_MEMORY, "vulkan: waiting"), Code::memory);
}

}  // namespace
}  // namespace lt::check
