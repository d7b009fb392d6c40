// The face of gpu.h for ROCm. HIP's runtime is a shared library: it is opened when it is first asked something, its functions are
// called through a table, and the few that the compiler itself calls are in gpu_hip.cpp too, so that nothing links to it.
#pragma once
#include <hip/hip_runtime.h>

#define LT_RT(name) hip_api().name
#define LT_RT_NAME(name) hip##name

namespace lt::gpu::LT_GPU {

constexpr const char* backend_name = "rocm";

// Of those with overloads for C++ the types are written out.
#define LT_HIP_FUNCTIONS(X)                                                                                                                \
  X(GetDeviceCount)                                                                                                                        \
  X(DeviceGetName) X(DeviceTotalMem) X(SetDevice) X(MemGetInfo) X(GetErrorString) X(GetLastError) X(Free) X(HostFree) X(MemsetAsync)       \
      X(MemcpyAsync) X(StreamCreateWithFlags) X(StreamDestroy) X(StreamSynchronize) X(EventCreateWithFlags) X(EventDestroy) X(EventRecord) \
          X(EventSynchronize) X(StreamBeginCapture) X(StreamEndCapture) X(GraphDestroy) X(GraphExecDestroy) X(GraphLaunch)                 \
              X(GraphInstantiate) X(Malloc) X(HostMalloc) X(LaunchKernel)

struct HipApi {
  decltype(&::hipGetDeviceCount) GetDeviceCount;
  decltype(&::hipDeviceGetName) DeviceGetName;
  decltype(&::hipDeviceTotalMem) DeviceTotalMem;
  decltype(&::hipSetDevice) SetDevice;
  decltype(&::hipMemGetInfo) MemGetInfo;
  decltype(&::hipGetErrorString) GetErrorString;
  decltype(&::hipGetLastError) GetLastError;
  decltype(&::hipFree) Free;
  decltype(&::hipHostFree) HostFree;
  decltype(&::hipMemsetAsync) MemsetAsync;
  decltype(&::hipMemcpyAsync) MemcpyAsync;
  decltype(&::hipStreamCreateWithFlags) StreamCreateWithFlags;
  decltype(&::hipStreamDestroy) StreamDestroy;
  decltype(&::hipStreamSynchronize) StreamSynchronize;
  decltype(&::hipEventCreateWithFlags) EventCreateWithFlags;
  decltype(&::hipEventDestroy) EventDestroy;
  hipError_t (*EventRecord)(hipEvent_t, hipStream_t);
  decltype(&::hipEventSynchronize) EventSynchronize;
  decltype(&::hipStreamBeginCapture) StreamBeginCapture;
  decltype(&::hipStreamEndCapture) StreamEndCapture;
  decltype(&::hipGraphDestroy) GraphDestroy;
  decltype(&::hipGraphExecDestroy) GraphExecDestroy;
  decltype(&::hipGraphLaunch) GraphLaunch;
  decltype(&::hipGraphInstantiate) GraphInstantiate;
  hipError_t (*Malloc)(void**, size_t);
  hipError_t (*HostMalloc)(void**, size_t, unsigned);
  hipError_t (*LaunchKernel)(const void*, dim3, dim3, void**, size_t, hipStream_t);
};

const HipApi& hip_api();               // throws Code::device where the library cannot be opened
hipError_t count_devices(int* count);  // none where it cannot be
Device describe(int device);
std::string why_not(hipError_t found);
inline hipError_t take_pinned(void** to, size_t bytes) { return hip_api().HostMalloc(to, bytes, 0); }
inline hipError_t free_pinned(void* p) { return hip_api().HostFree(p); }
inline hipError_t instantiate(hipGraphExec_t* to, hipGraph_t graph) { return hip_api().GraphInstantiate(to, graph, nullptr, nullptr, 0); }

}  // namespace lt::gpu::LT_GPU

#include "backend/gpu/driver.h"

#if defined(__HIPCC__)
namespace lt::gpu::LT_GPU {

__device__ inline float shuffle_xor(float x, int mask) { return __shfl_xor(x, mask, 32); }

}  // namespace lt::gpu::LT_GPU
#endif
