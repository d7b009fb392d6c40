// What a device offers to kernels beyond the plain ones, by name, and the variants of the kernels that this gives.
#pragma once
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "backend/vulkan/api.h"

namespace lt::vulkan {

struct Features {
  uint32_t subgroup = 0;              // "subgroup": invocations of one that shuffles and broadcasts; 0: none does
  bool f16 = false;                   // "f16": 16-bit storage, and 16-bit floats as values
  bool int8 = false;                  // "int8": products of four signed bytes in one instruction
  bool int8_fast = false;             // its driver calls them accelerated
  std::array<uint32_t, 3> coopmat{};  // "coopmat": M, N, K of products of f16 matrices with f32 sums; 0: none
};

struct Variant {
  std::string name;
  Features uses;
};

// The variants with integer products see the inputs of those in 8 bits.
inline bool rounds(std::string_view variant) { return variant == "int8" || variant == "coopmat"; }

bool has_extension(const InstanceApi& api, VkPhysicalDevice device, const char* name);

// As the driver reports.
Features offered(const InstanceApi& api, VkPhysicalDevice device);

// LLAMA_TS_VULKAN_WITHOUT: names of features, commas between, which are then used by no variant.
std::string forced_off();
std::string unknown_feature(std::string_view names);  // the first that is none; else empty
Features without(Features offered, std::string_view names);

// Best first. Kernels that round their inputs come first only where the hardware gains by them.
std::vector<Variant> variants_of(const Features& features, bool software);

}  // namespace lt::vulkan
