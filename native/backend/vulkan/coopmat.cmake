# LT_VULKAN_COOPMAT: whether the variant with cooperative matrices can be compiled: glslc and the headers must know them.
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/coopmat.comp
     "#version 460\n#extension GL_KHR_cooperative_matrix : require\n#extension GL_KHR_memory_scope_semantics : require\nvoid main() {}\n")
execute_process(COMMAND ${LLAMA_TS_GLSLC} --target-env=vulkan1.2 -o ${CMAKE_CURRENT_BINARY_DIR}/coopmat.spv
                        ${CMAKE_CURRENT_BINARY_DIR}/coopmat.comp RESULT_VARIABLE glslc_result OUTPUT_QUIET ERROR_QUIET)
file(STRINGS ${LLAMA_TS_VULKAN_INCLUDE}/vulkan/vulkan_core.h header_line REGEX "^#define VK_KHR_cooperative_matrix 1")
set(LT_VULKAN_COOPMAT OFF)
if(NOT glslc_result EQUAL 0)
  message(STATUS "Vulkan: without the variant coopmat, this glslc does not know GL_KHR_cooperative_matrix (shaderc 2023.5 and newer do)")
elseif(NOT header_line)
  message(STATUS "Vulkan: without the variant coopmat, these headers do not know VK_KHR_cooperative_matrix (1.3.255 and newer do)")
else()
  set(LT_VULKAN_COOPMAT ON)
  message(STATUS "Vulkan: with the variant coopmat")
  target_compile_definitions(lt_flags INTERFACE LT_VULKAN_COOPMAT)
endif()
