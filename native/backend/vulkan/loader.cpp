#include "backend/vulkan/loader.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace lt::vulkan {
namespace {

#ifdef _WIN32
constexpr const char* names[] = {"vulkan-1.dll"};
constexpr const char* advice = "install the graphics card's driver";

PFN_vkGetInstanceProcAddr symbol_of(const char* library) {
  const HMODULE handle = LoadLibraryExA(library, nullptr, LOAD_LIBRARY_SEARCH_SYSTEM32);
  if (!handle) return nullptr;
  return reinterpret_cast<PFN_vkGetInstanceProcAddr>(reinterpret_cast<void*>(GetProcAddress(handle, "vkGetInstanceProcAddr")));
}
#else
#ifdef __APPLE__
constexpr const char* names[] = {"libvulkan.1.dylib", "/opt/homebrew/lib/libvulkan.1.dylib", "/usr/local/lib/libvulkan.1.dylib",
                                 "libMoltenVK.dylib"};
constexpr const char* advice = "install MoltenVK (brew install molten-vk vulkan-loader)";
#else
constexpr const char* names[] = {"libvulkan.so.1", "libvulkan.so"};
constexpr const char* advice = "install a driver (Debian: apt-get install mesa-vulkan-drivers)";
#endif

PFN_vkGetInstanceProcAddr symbol_of(const char* library) {
  void* handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!handle) return nullptr;
  return reinterpret_cast<PFN_vkGetInstanceProcAddr>(dlsym(handle, "vkGetInstanceProcAddr"));
}
#endif

}  // namespace

PFN_vkGetInstanceProcAddr open_loader(std::string& why_not) {
  for (const char* name : names)
    if (const PFN_vkGetInstanceProcAddr found = symbol_of(name)) return found;
  why_not = std::string("the Vulkan loader (") + names[0] + ") was not found; " + advice;
  return nullptr;
}

}  // namespace lt::vulkan
