// The face of gpu.h for CUDA. The runtime is linked statically and opens the driver, libcuda, when it is first asked something.
#pragma once
#include <cuda_runtime.h>

#define LT_RT(name) cuda##name       // a function
#define LT_RT_NAME(name) cuda##name  // a type or constant

namespace lt::gpu::LT_GPU {

constexpr const char* backend_name = "cuda";

inline cudaError_t count_devices(int* count) { return cudaGetDeviceCount(count); }
Device describe(int device);
inline cudaError_t take_pinned(void** to, size_t bytes) { return cudaHostAlloc(to, bytes, cudaHostAllocDefault); }
inline cudaError_t free_pinned(void* p) { return cudaFreeHost(p); }
inline cudaError_t instantiate(cudaGraphExec_t* to, cudaGraph_t graph) { return cudaGraphInstantiate(to, graph, 0); }
std::string why_not(cudaError_t found);  // there is no device

}  // namespace lt::gpu::LT_GPU

#include "backend/gpu/driver.h"

#if defined(__CUDACC__)
namespace lt::gpu::LT_GPU {

__device__ inline float shuffle_xor(float x, int mask) { return __shfl_xor_sync(0xffffffffu, x, mask, 32); }

}  // namespace lt::gpu::LT_GPU
#endif
