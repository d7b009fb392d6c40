#include "backend/vulkan/memory.h"

#include <algorithm>
#include <cstdlib>

namespace lt::vulkan {
namespace {

constexpr VkBufferUsageFlags copies = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
constexpr VkBufferUsageFlags addressed = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT;
constexpr VkMemoryPropertyFlags own = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
constexpr VkMemoryPropertyFlags seen = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
constexpr uint32_t none = ~0u;
constexpr uint64_t indexed = uint64_t{8} << 30;  // bytes of a tensor: shaders index words by 32 bits, which SPIR-V takes as signed

// LLAMA_TS_VULKAN_STAGING=1: copies go through staging buffers even where the host sees the device's memory.
bool staging_forced() {
  const char* set = std::getenv("LLAMA_TS_VULKAN_STAGING");
  return set && *set == '1';
}

}  // namespace

Memory::Memory(const Device& device) : device_(device) {
  const uint32_t heap = device.found().heap;
  const auto in_heap = [&](uint32_t type) { return type != none && device.found().memory.memoryTypes[type].heapIndex == heap; };
  const uint32_t both = find_type(own | seen, ~0u), device_only = find_type(own, ~0u);
  direct_ = in_heap(both) && !staging_forced();
  type_ = direct_ ? both : device_only;
  if (type_ == none) throw Error(Code::device, "vulkan: expected memory of the device's own, found none");
}

Memory::~Memory() {
  for (const auto& [address, block] : blocks_) destroy(block);
}

// The first type with all wanted properties, in the main heap where there is one.
uint32_t Memory::find_type(VkMemoryPropertyFlags wanted, uint32_t allowed) const {
  const VkPhysicalDeviceMemoryProperties& memory = device_.found().memory;
  uint32_t found = none;
  for (uint32_t i = 0; i < memory.memoryTypeCount; i++) {
    if ((memory.memoryTypes[i].propertyFlags & wanted) != wanted || !(allowed >> i & 1)) continue;
    if (memory.memoryTypes[i].heapIndex == device_.found().heap) return i;
    if (found == none) found = i;
  }
  return found;
}

Block Memory::make(uint64_t bytes, uint32_t type, VkBufferUsageFlags usage, bool map) const {
  const DeviceApi& api = device_.api();
  const VkDevice d = device_.handle();
  Block b;
  b.size = bytes;
  VkBufferCreateInfo buffer{};
  buffer.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO;
  buffer.size = bytes;
  buffer.usage = usage;
  check(api.CreateBuffer(d, &buffer, nullptr, &b.buffer), "vulkan: making a buffer");
  VkMemoryRequirements needs{};
  api.GetBufferMemoryRequirements(d, b.buffer, &needs);
  VkMemoryAllocateFlagsInfo flags{};
  flags.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO;
  flags.flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT;
  const bool has_address = (usage & VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT) != 0;
  VkMemoryAllocateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO;
  info.pNext = has_address ? &flags : nullptr;
  info.allocationSize = needs.size;
  info.memoryTypeIndex = type;
  VkResult result = api.AllocateMemory(d, &info, nullptr, &b.memory);
  if (result >= 0) result = api.BindBufferMemory(d, b.buffer, b.memory, 0);
  void* host = nullptr;
  if (result >= 0 && map) result = api.MapMemory(d, b.memory, 0, VK_WHOLE_SIZE, 0, &host);
  if (result < 0) {
    destroy(b);
    fail(result, "vulkan: taking " + std::to_string(bytes) + " bytes of memory, " + std::to_string(taken_) + " taken before");
  }
  b.host = static_cast<char*>(host);
  if (has_address) {
    VkBufferDeviceAddressInfo address{};
    address.sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO;
    address.buffer = b.buffer;
    b.address = api.GetBufferDeviceAddress(d, &address);
  }
  return b;
}

Block Memory::make_staging(uint64_t bytes) const {
  uint32_t type = find_type(seen | VK_MEMORY_PROPERTY_HOST_CACHED_BIT, ~0u);
  if (type == none) type = find_type(seen, ~0u);
  if (type == none) throw Error(Code::device, "vulkan: expected memory that the host sees, found none");
  return make(bytes, type, copies, true);
}

Block Memory::make_seen(uint64_t bytes) const {
  uint32_t type = find_type(own | seen, ~0u);
  if (type == none) type = find_type(seen, ~0u);
  if (type == none) throw Error(Code::device, "vulkan: expected memory that the host sees, found none");
  return make(bytes, type, addressed, true);
}

void Memory::destroy(const Block& b) const {
  device_.api().DestroyBuffer(device_.handle(), b.buffer, nullptr);
  device_.api().FreeMemory(device_.handle(), b.memory, nullptr);
}

uint64_t Memory::available() const {
  const uint64_t told = Driver::get().free_memory(device_.found());
  if (device_.found().budget) return told;  // counts what is taken
  return told > taken_ ? told - taken_ : 0;
}

Block& Memory::grow(uint64_t whole, uint64_t next) {
  const uint64_t most = std::min(device_.found().max_allocation, indexed), free = available();
  const uint64_t exact = whole + alignment;
  if (exact > most)
    throw Error(Code::memory, "vulkan: expected a tensor of at most " + std::to_string(most) +
                                  " bytes, which is the limit of the driver or of its shaders, found " + std::to_string(whole) +
                                  "; keep it on the CPU");
  if (exact > free)
    throw Error(Code::memory, "vulkan: expected " + std::to_string(exact) + " bytes of device memory, " + std::to_string(free) +
                                  " are free of " + std::to_string(device_.found().memory.memoryHeaps[device_.found().heap].size) +
                                  "; use a smaller context, or fewer layers on the device");
  const uint64_t wanted = std::min({std::max(exact, next), most, std::max(exact, free / 8)});
  Block b;
  try {
    b = make(wanted, type_, copies | addressed, direct_);
  } catch (const Error& e) {
    if (e.code() != Code::memory || wanted == exact) throw;
    b = make(exact, type_, copies | addressed, direct_);
  }
  taken_ += b.size;
  return blocks_[b.address] = b;
}

uint64_t Memory::room(const Block& b) {
  const uint64_t at = (b.address + b.used + alignment - 1) / alignment * alignment - b.address;
  return at < b.size ? b.size - at : 0;
}

uint64_t Memory::cut(Block& b, uint64_t whole) {
  const uint64_t at = (b.address + b.used + alignment - 1) / alignment * alignment;
  b.used = at - b.address + whole;
  return at;
}

const Block& Memory::at(uint64_t address) const {
  auto found = blocks_.upper_bound(address);
  if (found != blocks_.begin()) {
    --found;
    if (address - found->first < found->second.size) return found->second;
  }
  throw Error(Code::internal, "vulkan: expected a tensor of this backend, found address " + std::to_string(address));
}

char* Memory::host(uint64_t address) const {
  if (!direct_) return nullptr;
  const Block& b = at(address);
  return b.host + (address - b.address);
}

}  // namespace lt::vulkan
