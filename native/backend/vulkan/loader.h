// The system's Vulkan loader, opened at run time.
#pragma once
#include <string>

#include "backend/vulkan/api.h"

namespace lt::vulkan {

// Null where there is none; `why_not` then says how to get one. Never closed.
PFN_vkGetInstanceProcAddr open_loader(std::string& why_not);

}  // namespace lt::vulkan
