#include "backend/vulkan/driver.h"

#include <algorithm>
#include <cstring>

#include "backend/vulkan/loader.h"
#include "backend/vulkan/result.h"
#include "backend/vulkan/validation.h"

namespace lt::vulkan {
namespace {

std::string version_text(uint32_t v) { return std::to_string(VK_API_VERSION_MAJOR(v)) + "." + std::to_string(VK_API_VERSION_MINOR(v)); }

// The largest heap of the device's own memory.
uint32_t main_heap(const VkPhysicalDeviceMemoryProperties& memory) {
  uint32_t best = 0;
  const auto own = [&](uint32_t i) { return (memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0; };
  for (uint32_t i = 1; i < memory.memoryHeapCount; i++) {
    if (own(i) != own(best) ? own(i) : memory.memoryHeaps[i].size > memory.memoryHeaps[best].size) best = i;
  }
  return best;
}

}  // namespace

const Driver& Driver::get() {
  static const Driver* const one = new Driver;  // drivers do not all survive being closed
  return *one;
}

Driver::Driver() {
  api_.GetInstanceProcAddr = open_loader(why_not_);
  if (!api_.GetInstanceProcAddr || !open_instance()) return;
  uint32_t count = 0;
  api_.EnumeratePhysicalDevices(instance_, &count, nullptr);
  std::vector<VkPhysicalDevice> handles(count);
  if (count == 0 || api_.EnumeratePhysicalDevices(instance_, &count, handles.data()) < 0) {
    why_not_ = "no driver of a Vulkan device was found; install one (Debian: apt-get install mesa-vulkan-drivers)";
    return;
  }
  for (const VkPhysicalDevice handle : handles) look_at(handle);
}

#define LT_VK_LOAD(name) api_.name = reinterpret_cast<PFN_vk##name>(api_.GetInstanceProcAddr(instance_, "vk" #name));
bool Driver::open_instance() {
  LT_VK_GLOBAL(LT_VK_LOAD)
  const auto version = reinterpret_cast<PFN_vkEnumerateInstanceVersion>(api_.GetInstanceProcAddr(nullptr, "vkEnumerateInstanceVersion"));
  uint32_t found = VK_API_VERSION_1_0;
  if (version) version(&found);
  if (found < VK_API_VERSION_1_2) {
    why_not_ = "expected a Vulkan loader of version 1.2 or newer, found " + version_text(found) + "; update it";
    return false;
  }
  Validation validation;
  const VkResult result = create_instance(validation);
  if (result == VK_ERROR_LAYER_NOT_PRESENT) {
    why_not_ =
        "LLAMA_TS_VULKAN_VALIDATE asks for the Khronos validation layer, which was not found (Debian: apt-get install "
        "vulkan-validationlayers)";
  } else if (result < 0) {
    why_not_ = "no Vulkan driver could be opened (" + result_name(result) + "); install one (Debian: apt-get install mesa-vulkan-drivers)";
  }
  if (result < 0) return false;
  LT_VK_INSTANCE(LT_VK_LOAD)
  LT_VK_EXTENSION(LT_VK_LOAD)
  if (validation_wanted()) validation.listen(api_, instance_);
  return true;
}
#undef LT_VK_LOAD

VkResult Driver::create_instance(Validation& validation) {
  uint32_t count = 0;
  api_.EnumerateInstanceExtensionProperties(nullptr, &count, nullptr);
  std::vector<VkExtensionProperties> known(count);
  api_.EnumerateInstanceExtensionProperties(nullptr, &count, known.data());
  auto app = chained<VkApplicationInfo>(VK_STRUCTURE_TYPE_APPLICATION_INFO);
  app.pApplicationName = "llama-ts";
  app.apiVersion = VK_API_VERSION_1_3;  // the newest that a variant uses; devices of 1.2 can do without those
  auto info = chained<VkInstanceCreateInfo>(VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO);
  info.pApplicationInfo = &app;
  std::vector<const char*> extensions;
  constexpr const char* portability = "VK_KHR_portability_enumeration";  // else the loader hides MoltenVK
  if (std::any_of(known.begin(), known.end(), [](const auto& e) { return std::strcmp(e.extensionName, portability) == 0; })) {
    extensions.push_back(portability);
    info.flags |= 0x1;  // VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR
  }
  if (validation_wanted()) validation.add_to(info, extensions);
  info.enabledExtensionCount = static_cast<uint32_t>(extensions.size());
  info.ppEnabledExtensionNames = extensions.data();
  return api_.CreateInstance(&info, nullptr, &instance_);
}

bool Driver::find_family(Found& device) const {
  uint32_t count = 0;
  api_.GetPhysicalDeviceQueueFamilyProperties(device.handle, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  api_.GetPhysicalDeviceQueueFamilyProperties(device.handle, &count, families.data());
  for (uint32_t i = 0; i < count; i++) {
    if (!(families[i].queueFlags & VK_QUEUE_COMPUTE_BIT)) continue;
    device.family = i;
    return true;
  }
  return false;
}

// Empty where everything that the plain variant needs is there.
std::string Driver::unusable(VkPhysicalDevice handle, const VkPhysicalDeviceProperties& properties) const {
  const std::string name = std::string("\"") + properties.deviceName + "\": ";
  if (properties.apiVersion < VK_API_VERSION_1_2)
    return name + "expected a driver of Vulkan 1.2 or newer, found " + version_text(properties.apiVersion) + "; update it";
  auto v12 = chained<VkPhysicalDeviceVulkan12Features>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES);
  auto features = chained<VkPhysicalDeviceFeatures2>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &v12);
  api_.GetPhysicalDeviceFeatures2(handle, &features);
  if (!v12.bufferDeviceAddress) return name + "expected the feature bufferDeviceAddress, which its driver lacks; update it";
  const VkPhysicalDeviceLimits& limits = properties.limits;
  if (limits.maxComputeWorkGroupInvocations < 64 || limits.maxComputeSharedMemorySize < 16384)
    return name + "expected groups of 64 invocations that share 16384 bytes, it has not that much";
  return "";
}

void Driver::look_at(VkPhysicalDevice handle) {
  Found f;
  f.handle = handle;
  auto ids = chained<VkPhysicalDeviceIDProperties>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES);
  auto sizes = chained<VkPhysicalDeviceMaintenance3Properties>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES, &ids);
  auto all = chained<VkPhysicalDeviceProperties2>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &sizes);
  api_.GetPhysicalDeviceProperties2(handle, &all);
  f.properties = all.properties;
  std::string why = unusable(handle, f.properties);
  if (why.empty() && !find_family(f)) why = std::string("\"") + f.properties.deviceName + "\": expected a queue that computes, found none";
  if (!why.empty()) {
    why_not_ += (why_not_.empty() ? "" : "; ") + why;
    return;
  }
  auto memory = chained<VkPhysicalDeviceMemoryProperties2>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2);
  api_.GetPhysicalDeviceMemoryProperties2(handle, &memory);
  f.memory = memory.memoryProperties;
  f.heap = main_heap(f.memory);
  f.max_allocation = sizes.maxMemoryAllocationSize;
  std::memcpy(f.driver, ids.driverUUID, VK_UUID_SIZE);
  std::memcpy(f.device, ids.deviceUUID, VK_UUID_SIZE);
  f.features = offered(api_, handle);
  f.budget = has_extension(api_, handle, "VK_EXT_memory_budget");
  f.portable = has_extension(api_, handle, "VK_KHR_portability_subset");
  const auto software = std::find_if(devices_.begin(), devices_.end(), [](const Found& d) { return d.software(); });
  devices_.insert(f.software() ? devices_.end() : software, f);
}

uint64_t Driver::free_memory(const Found& device) const {
  auto budget = chained<VkPhysicalDeviceMemoryBudgetPropertiesEXT>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT);
  auto memory = chained<VkPhysicalDeviceMemoryProperties2>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2);
  if (device.budget) memory.pNext = &budget;
  api_.GetPhysicalDeviceMemoryProperties2(device.handle, &memory);
  if (!device.budget) return memory.memoryProperties.memoryHeaps[device.heap].size;
  const uint64_t may = budget.heapBudget[device.heap], used = budget.heapUsage[device.heap];
  return may > used ? may - used : 0;
}

Survey Driver::survey() const {
  Survey s;
  for (const Found& f : devices_)
    s.devices.push_back({f.properties.deviceName, f.memory.memoryHeaps[f.heap].size, free_memory(f), f.software()});
  if (s.devices.empty()) s.why_not = why_not_.empty() ? "no Vulkan device was found" : why_not_;
  return s;
}

}  // namespace lt::vulkan
