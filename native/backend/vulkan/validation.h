// LLAMA_TS_VULKAN_VALIDATE=1 in the environment: the Khronos validation layer watches every call, with checks of
// synchronization, and what it says becomes an error of the next call that waits for the device.
#pragma once
#include <string>
#include <vector>

#include "backend/vulkan/api.h"

namespace lt::vulkan {

bool validation_wanted();
// Every message so far.
std::vector<std::string> validation_messages();
// Throws Code::internal with the first message that no error has told yet.
void check_validation();

// What instance creation chains to have the layer's words, where it is wanted.
class Validation {
 public:
  Validation();
  void add_to(VkInstanceCreateInfo& info, std::vector<const char*>& extensions);
  void listen(const InstanceApi& api, VkInstance instance) const;

 private:
  VkDebugUtilsMessengerCreateInfoEXT messenger_{};
  VkValidationFeaturesEXT features_{};
};

}  // namespace lt::vulkan
