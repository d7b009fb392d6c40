// Device memory in large blocks that tensors are cut from; given back with the backend.
#pragma once
#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "backend/vulkan/device.h"

namespace lt::vulkan {

// A piece of device memory under one buffer.
struct Block {
  VkBuffer buffer = VK_NULL_HANDLE;
  VkDeviceMemory memory = VK_NULL_HANDLE;
  uint64_t address = 0, size = 0, used = 0;
  char* host = nullptr;  // where the host sees it; null: it does not
};

class Memory {
 public:
  explicit Memory(const Device& device);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // What memory is for: tensors that begin as zero, or weights, which are written whole.
  enum class Use { zeroed, written };
  // Bytes for the life of the backend, their address a multiple of 256. Every shader may read 128 bytes past its tensor. `fresh` is
  // told of each new block of zeroed tensors before anything is cut from it. Throws Code::memory with the figures.
  template <class Fresh>
  uint64_t take(uint64_t bytes, Use use, Fresh fresh) {
    const uint64_t whole = (bytes + slack + alignment - 1) / alignment * alignment;
    Arena& a = arenas_[static_cast<size_t>(use)];
    if (!a.open || room(*a.open) < whole) {
      a.open = &grow(whole, a.next);
      a.next = std::min(a.next * 2, largest);
      if (use == Use::zeroed) fresh(*a.open);
    }
    return cut(*a.open, whole);
  }

  // The block of an address; throws Code::internal where it is nobody's.
  const Block& at(uint64_t address) const;
  char* host(uint64_t address) const;  // null where the host does not see it
  bool mapped() const { return direct_; }
  uint64_t available() const;

  // A buffer of the host's memory, seen there, for copies to and from the device.
  Block make_staging(uint64_t bytes) const;
  // Memory that the host writes and shaders read: the device's own where it can be.
  Block make_seen(uint64_t bytes) const;
  void destroy(const Block& block) const;

 private:
  static constexpr uint64_t alignment = 256, slack = 128;
  static constexpr uint64_t smallest = uint64_t{2} << 20, largest = uint64_t{256} << 20;
  struct Arena {
    Block* open = nullptr;
    uint64_t next = smallest;
  };
  static uint64_t room(const Block& b);
  static uint64_t cut(Block& b, uint64_t whole);
  Block& grow(uint64_t whole, uint64_t next);
  Block make(uint64_t bytes, uint32_t type, VkBufferUsageFlags usage, bool map) const;
  uint32_t find_type(VkMemoryPropertyFlags wanted, uint32_t allowed) const;

  const Device& device_;
  bool direct_ = false;  // blocks are seen by the host, so nothing is staged
  uint32_t type_ = 0;
  uint64_t taken_ = 0;
  std::map<uint64_t, Block> blocks_;  // by address
  std::array<Arena, 2> arenas_;
};

}  // namespace lt::vulkan
