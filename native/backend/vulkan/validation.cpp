#include "backend/vulkan/validation.h"

#include <cstdlib>
#include <cstring>
#include <mutex>

#include "core/error.h"

namespace lt::vulkan {
namespace {

struct Heard {
  std::mutex lock;
  std::vector<std::string> messages;
  size_t told = 0;
};

Heard& heard() {
  static Heard* all = new Heard;  // outlives the instance, which is never destroyed
  return *all;
}

VKAPI_ATTR VkBool32 VKAPI_CALL hear(VkDebugUtilsMessageSeverityFlagBitsEXT, VkDebugUtilsMessageTypeFlagsEXT,
                                    const VkDebugUtilsMessengerCallbackDataEXT* data, void*) {
  const std::lock_guard guard(heard().lock);
  heard().messages.emplace_back(data->pMessage ? data->pMessage : "(no text)");
  return VK_FALSE;
}

constexpr const char* layer = "VK_LAYER_KHRONOS_validation";
constexpr VkValidationFeatureEnableEXT synchronization = VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT;

}  // namespace

bool validation_wanted() {
  const char* set = std::getenv("LLAMA_TS_VULKAN_VALIDATE");
  return set && std::strcmp(set, "0") != 0 && *set;
}

std::vector<std::string> validation_messages() {
  const std::lock_guard guard(heard().lock);
  return heard().messages;
}

void check_validation() {
  const std::lock_guard guard(heard().lock);
  if (heard().told == heard().messages.size()) return;
  const std::string first = heard().messages[heard().told];
  heard().told = heard().messages.size();
  throw Error(Code::internal, "vulkan: expected no word of the validation layer, it said: " + first);
}

Validation::Validation() {
  messenger_.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT;
  messenger_.messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT;
  messenger_.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT;
  messenger_.pfnUserCallback = hear;
  features_.sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT;
  features_.enabledValidationFeatureCount = 1;
  features_.pEnabledValidationFeatures = &synchronization;
  features_.pNext = &messenger_;
}

void Validation::add_to(VkInstanceCreateInfo& info, std::vector<const char*>& extensions) {
  info.enabledLayerCount = 1;
  info.ppEnabledLayerNames = &layer;
  info.pNext = &features_;
  extensions.push_back(VK_EXT_DEBUG_UTILS_EXTENSION_NAME);
}

void Validation::listen(const InstanceApi& api, VkInstance instance) const {
  const auto create =
      reinterpret_cast<PFN_vkCreateDebugUtilsMessengerEXT>(api.GetInstanceProcAddr(instance, "vkCreateDebugUtilsMessengerEXT"));
  VkDebugUtilsMessengerEXT kept = VK_NULL_HANDLE;
  if (create) create(instance, &messenger_, nullptr, &kept);
}

}  // namespace lt::vulkan
