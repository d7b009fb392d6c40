// The shaders that the build compiled (shaders.cmake), by name: "matmul_rows_q4_k_1".
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

namespace lt::vulkan {

bool has_shader(std::string_view name);
std::span<const uint32_t> shader(std::string_view name);  // throws Code::unsupported where none is of that name

}  // namespace lt::vulkan
