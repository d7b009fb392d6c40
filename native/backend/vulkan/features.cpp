#include "backend/vulkan/features.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace lt::vulkan {
namespace {

constexpr std::string_view known[] = {"subgroup", "f16", "int8", "coopmat"};

template <class Found>
void each_name(std::string_view names, Found found) {
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(','));
    if (!name.empty()) found(name);
    names.remove_prefix(std::min(names.size(), name.size() + 1));
  }
}

uint32_t subgroup_of(const InstanceApi& api, VkPhysicalDevice device) {
  auto group = chained<VkPhysicalDeviceSubgroupProperties>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES);
  auto all = chained<VkPhysicalDeviceProperties2>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &group);
  api.GetPhysicalDeviceProperties2(device, &all);
  constexpr VkSubgroupFeatureFlags wanted = VK_SUBGROUP_FEATURE_SHUFFLE_BIT | VK_SUBGROUP_FEATURE_BALLOT_BIT;
  const bool shuffles = (group.supportedStages & VK_SHADER_STAGE_COMPUTE_BIT) && (group.supportedOperations & wanted) == wanted;
  return shuffles && group.subgroupSize >= 8 ? group.subgroupSize : 0;  // the kernels tell numbers to eight lanes
}

bool f16_of(const InstanceApi& api, VkPhysicalDevice device) {
  auto v12 = chained<VkPhysicalDeviceVulkan12Features>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES);
  auto v11 = chained<VkPhysicalDeviceVulkan11Features>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES, &v12);
  auto all = chained<VkPhysicalDeviceFeatures2>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &v11);
  api.GetPhysicalDeviceFeatures2(device, &all);
  return v11.storageBuffer16BitAccess && v12.shaderFloat16;
}

void ask_int8(const InstanceApi& api, VkPhysicalDevice device, Features& f) {
  if (!has_extension(api, device, VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME)) return;
  auto feature = chained<VkPhysicalDeviceShaderIntegerDotProductFeaturesKHR>(
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES_KHR);
  auto features = chained<VkPhysicalDeviceFeatures2>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &feature);
  api.GetPhysicalDeviceFeatures2(device, &features);
  auto property = chained<VkPhysicalDeviceShaderIntegerDotProductPropertiesKHR>(
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_PROPERTIES_KHR);
  auto properties = chained<VkPhysicalDeviceProperties2>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &property);
  api.GetPhysicalDeviceProperties2(device, &properties);
  f.int8 = feature.shaderIntegerDotProduct;
  f.int8_fast = f.int8 && property.integerDotProduct4x8BitPackedSignedAccelerated;
}

#ifdef LT_VULKAN_COOPMAT
// The deepest product, then the largest, that divides the tile of matmul_int8_coopmat.comp: 64 by 32 in steps of 16.
std::array<uint32_t, 3> best_shape(const std::vector<VkCooperativeMatrixPropertiesKHR>& shapes) {
  std::array<uint32_t, 3> best{};
  for (const VkCooperativeMatrixPropertiesKHR& s : shapes) {
    const bool types = s.AType == VK_COMPONENT_TYPE_FLOAT16_KHR && s.BType == VK_COMPONENT_TYPE_FLOAT16_KHR &&
                       s.CType == VK_COMPONENT_TYPE_FLOAT32_KHR && s.ResultType == VK_COMPONENT_TYPE_FLOAT32_KHR;
    if (!types || s.scope != VK_SCOPE_SUBGROUP_KHR || 64 % s.MSize || 32 % s.NSize || 16 % s.KSize || s.KSize % 8) continue;
    const uint64_t size = uint64_t{s.KSize} << 32 | s.MSize * s.NSize;
    if (size > (uint64_t{best[2]} << 32 | best[0] * best[1])) best = {s.MSize, s.NSize, s.KSize};
  }
  return best;
}

std::array<uint32_t, 3> coopmat_of(const InstanceApi& api, VkPhysicalDevice device) {
  if (!api.GetPhysicalDeviceCooperativeMatrixPropertiesKHR || !has_extension(api, device, VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME))
    return {};
  auto matrices = chained<VkPhysicalDeviceCooperativeMatrixFeaturesKHR>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR);
  auto v12 = chained<VkPhysicalDeviceVulkan12Features>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES, &matrices);
  auto features = chained<VkPhysicalDeviceFeatures2>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &v12);
  api.GetPhysicalDeviceFeatures2(device, &features);
  auto stages =
      chained<VkPhysicalDeviceCooperativeMatrixPropertiesKHR>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_PROPERTIES_KHR);
  auto properties = chained<VkPhysicalDeviceProperties2>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &stages);
  api.GetPhysicalDeviceProperties2(device, &properties);
  const bool whole = properties.properties.apiVersion >= VK_API_VERSION_1_3;  // SPIR-V 1.6: subgroups are full
  const bool computes = stages.cooperativeMatrixSupportedStages & VK_SHADER_STAGE_COMPUTE_BIT;
  if (!matrices.cooperativeMatrix || !v12.vulkanMemoryModel || !whole || !computes) return {};
  if (properties.properties.limits.maxComputeSharedMemorySize < 32768) return {};
  uint32_t count = 0;
  if (api.GetPhysicalDeviceCooperativeMatrixPropertiesKHR(device, &count, nullptr) < 0) return {};
  std::vector<VkCooperativeMatrixPropertiesKHR> shapes(
      count, chained<VkCooperativeMatrixPropertiesKHR>(VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR));
  if (api.GetPhysicalDeviceCooperativeMatrixPropertiesKHR(device, &count, shapes.data()) < 0) return {};
  return best_shape(shapes);
}
#else
std::array<uint32_t, 3> coopmat_of(const InstanceApi&, VkPhysicalDevice) { return {}; }
#endif

}  // namespace

bool has_extension(const InstanceApi& api, VkPhysicalDevice device, const char* name) {
  uint32_t count = 0;
  api.EnumerateDeviceExtensionProperties(device, nullptr, &count, nullptr);
  std::vector<VkExtensionProperties> all(count);
  api.EnumerateDeviceExtensionProperties(device, nullptr, &count, all.data());
  return std::any_of(all.begin(), all.end(), [&](const auto& e) { return std::strcmp(e.extensionName, name) == 0; });
}

Features offered(const InstanceApi& api, VkPhysicalDevice device) {
  Features f;
  f.subgroup = subgroup_of(api, device);
  f.f16 = f16_of(api, device);
  ask_int8(api, device, f);
  f.coopmat = coopmat_of(api, device);
  return f;
}

std::string forced_off() {
  const char* names = std::getenv("LLAMA_TS_VULKAN_WITHOUT");
  return names ? names : "";
}

std::string unknown_feature(std::string_view names) {
  std::string unknown;
  each_name(names, [&](std::string_view name) {
    if (unknown.empty() && std::find(std::begin(known), std::end(known), name) == std::end(known)) unknown = name;
  });
  return unknown;
}

Features without(Features f, std::string_view names) {
  each_name(names, [&](std::string_view name) {
    if (name == "subgroup") f.subgroup = 0;
    if (name == "f16") f.f16 = false;
    if (name == "int8") f.int8 = f.int8_fast = false;
    if (name == "coopmat") f.coopmat = {};
  });
  return f;
}

std::vector<Variant> variants_of(const Features& has, bool software) {
  std::vector<Variant> exact, rounding;
  Features uses;
  exact.push_back({"plain", uses});
  if ((uses.subgroup = has.subgroup)) exact.insert(exact.begin(), {"subgroup", uses});
  if ((uses.f16 = has.f16)) exact.insert(exact.begin(), {"f16", uses});
  if ((uses.int8 = has.int8)) rounding.push_back({"int8", uses});
  uses.coopmat = has.coopmat;
  // A tile's 64 invocations are whole subgroups of it; its decode is int8's.
  if (has.coopmat[0] && has.int8 && has.f16 && has.subgroup && has.subgroup <= 64) rounding.insert(rounding.begin(), {"coopmat", uses});
  const bool gains = has.int8_fast && !software;
  std::vector<Variant>& first = gains ? rounding : exact;
  const std::vector<Variant>& then = gains ? exact : rounding;
  first.insert(first.end(), then.begin(), then.end());
  return first;
}

}  // namespace lt::vulkan
