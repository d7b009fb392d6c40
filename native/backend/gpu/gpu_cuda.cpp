#include "backend/gpu/gpu.h"

namespace lt::gpu::LT_GPU {
namespace {

std::string version(int v) { return std::to_string(v / 1000) + "." + std::to_string(v % 1000 / 10); }

}  // namespace

Device describe(int device) {
  cudaDeviceProp p;
  check(cudaGetDeviceProperties(&p, device), "asking for a device's properties");
  return {.name = p.name, .total = p.totalGlobalMem};
}

std::string why_not(cudaError_t found) {
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0)
    return "no NVIDIA driver is installed (libcuda.so.1); install your distribution's nvidia-driver, or the one of nvidia.com/drivers";
  if (found == cudaErrorInsufficientDriver)
    return "the NVIDIA driver is for CUDA " + version(driver) + ", this build needs CUDA " + version(CUDART_VERSION / 1000 * 1000) +
           " or newer; update the driver";
  if (found == cudaErrorNoDevice || found == cudaSuccess)
    return "the NVIDIA driver finds no device; see nvidia-smi, and CUDA_VISIBLE_DEVICES where it is set";
  return std::string("the NVIDIA driver reports: ") + cudaGetErrorString(found);
}

}  // namespace lt::gpu::LT_GPU
