// The driver's pipeline cache on disk, one file a device and driver, in the user's cache folder. A file that is absent, cut
// short, changed, or of another driver counts as empty; one that cannot be written is not written.
#pragma once
#include <string>

#include "backend/vulkan/driver.h"

namespace lt::vulkan {

std::string pipeline_cache_path(const Found& device);  // empty where the user has no cache folder
std::string read_pipeline_cache(const Found& device);
void write_pipeline_cache(const Found& device, const std::string& data);

}  // namespace lt::vulkan
