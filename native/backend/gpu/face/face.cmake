# The face: the same kernels by the compiler of everything else. For tests on the machine that builds it, so for its processor.
if(NOT UNIX OR APPLE OR NOT CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
  message(FATAL_ERROR "LLAMA_TS_GPU_FACE is built by gcc or clang on Linux")
endif()
file(GLOB face CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/face/*.cpp)
add_library(lt_gpu_face OBJECT ${host} ${face} ${kernels})
set_source_files_properties(${kernels} PROPERTIES LANGUAGE CXX)
target_link_libraries(lt_gpu_face PUBLIC lt_flags lt_loops)
set_target_properties(lt_gpu_face PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)  # seldom edited
target_compile_definitions(lt_gpu_face PRIVATE LT_GPU=face LT_GPU_FACE)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND NOT CMAKE_CROSSCOMPILING)
  target_compile_options(lt_gpu_face PRIVATE -march=native)  # for the fused multiply-add
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)  # a group of fewer than 16 columns is read only as far as it was filled
  target_compile_options(lt_gpu_face PRIVATE -Wno-maybe-uninitialized)
endif()
set_property(GLOBAL APPEND PROPERTY LT_ROOMS lt_gpu_face)
message(STATUS "llama-ts: the GPU kernels' face on the CPU compiled in")
