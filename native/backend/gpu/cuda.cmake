# Real code for each architecture, and portable code of the newest for those to come.
execute_process(COMMAND ${LLAMA_TS_NVCC} --list-gpu-arch OUTPUT_VARIABLE known RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "${LLAMA_TS_NVCC} does not run")
endif()
string(REGEX MATCHALL "[0-9]+" known "${known}")
if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(architectures "")
  foreach(architecture 75 80 86 89 90 100 120)
    if(architecture IN_LIST known)
      list(APPEND architectures ${architecture})
    endif()
  endforeach()
  set(CMAKE_CUDA_ARCHITECTURES ${architectures} CACHE STRING "compute capabilities, 75 to 120; Jetson's are 72 and 87")
endif()
message(STATUS "llama-ts: CUDA for ${CMAKE_CUDA_ARCHITECTURES}, by ${LLAMA_TS_NVCC}")

set(code "")
foreach(architecture ${CMAKE_CUDA_ARCHITECTURES})
  list(APPEND code -gencode arch=compute_${architecture},code=sm_${architecture})
endforeach()
list(GET CMAKE_CUDA_ARCHITECTURES -1 newest)
list(APPEND code -gencode arch=compute_${newest},code=compute_${newest})

# Contraction is off, as in every room: fused multiply-adds are written.
lt_device_room(lt_gpu_cuda "${kernels}" ${LLAMA_TS_NVCC} -std=c++20 -O3 -fmad=false ${code} -DLT_GPU=cuda -DLT_GPU_CUDA
  -Xcompiler=-fPIC,-fvisibility=hidden,-ffp-contract=off,-Wall,-Wextra $<$<BOOL:${LLAMA_TS_WERROR}>:-Werror=all-warnings>)
target_sources(lt_gpu_cuda PRIVATE gpu_cuda.cpp)
target_compile_definitions(lt_gpu_cuda PRIVATE LT_GPU=cuda LT_GPU_CUDA)
target_include_directories(lt_gpu_cuda SYSTEM PRIVATE ${LLAMA_TS_CUDA_INCLUDE})
# The static runtime opens the driver when it is first asked something: a machine without one runs the binary.
target_link_libraries(lt_gpu_cuda_kernels INTERFACE ${LLAMA_TS_CUDART} ${CMAKE_DL_LIBS} $<$<PLATFORM_ID:Linux>:rt>)
