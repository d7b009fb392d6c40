// What a Vulkan call returned, as a typed error.
#pragma once
#include <string>

#include "backend/vulkan/api.h"
#include "core/error.h"

namespace lt::vulkan {

// "VK_ERROR_DEVICE_LOST"; a number where the header has no name for it.
std::string result_name(VkResult result);

// Throws Code::memory where memory is out, Code::device otherwise. `what`: "vulkan: submitting work".
[[noreturn]] void fail(VkResult result, const std::string& what);

inline void check(VkResult result, const char* what) {
  if (result < 0) fail(result, what);
}

}  // namespace lt::vulkan
