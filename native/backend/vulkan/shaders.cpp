#include "backend/vulkan/shaders.h"

#include <string>
#include <unordered_map>

#include "core/error.h"
#include "vulkan_shader_words.inc"

namespace lt::vulkan {
namespace {

const std::unordered_map<std::string_view, std::span<const uint32_t>>& all() {
#define LT_SHADER(s) {#s, words_##s},
  static const std::unordered_map<std::string_view, std::span<const uint32_t>> made = {
#include "vulkan_shaders.inc"
  };
#undef LT_SHADER
  return made;
}

}  // namespace

bool has_shader(std::string_view name) { return all().contains(name); }

std::span<const uint32_t> shader(std::string_view name) {
  const auto found = all().find(name);
  if (found == all().end()) throw Error(Code::unsupported, "vulkan: expected a shader, found none of the name " + std::string(name));
  return found->second;
}

}  // namespace lt::vulkan
