// HIP's runtime, opened at run time. What the compiler calls before main (the kernels' code, their names) is kept and told to the
// runtime once it is there.
#include <dlfcn.h>

#include <deque>
#include <mutex>

#include "backend/gpu/gpu.h"

namespace lt::gpu::LT_GPU {
namespace {

struct Module {
  const void* code;
  void** handle = nullptr;  // the runtime's
};

struct Function {
  Module* module;
  const void* host;
  char* device;
  const char* name;
  unsigned threads;
};

struct Registered {
  std::deque<Module> modules;  // whose addresses the compiler's code holds
  std::vector<Function> functions;
};

Registered& registered() {
  static Registered all;
  return all;
}

struct Library {
  void* handle = nullptr;
  HipApi api{};
  std::string why_not;

  Library() {
    for (const char* name : {"libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5", "libamdhip64.so"})
      if (!handle) handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
      why_not = "ROCm's HIP runtime is not installed (libamdhip64.so); install Debian's libamdhip64-5, or ROCm of amd.com";
      return;
    }
#define LT_HIP_FIND(name) find(api.name, "hip" #name);
    LT_HIP_FUNCTIONS(LT_HIP_FIND)
#undef LT_HIP_FIND
    if (why_not.empty()) tell();
  }

  template <class F>
  void find(F& to, const char* name) {
    to = reinterpret_cast<F>(dlsym(handle, name));
    if (!to) why_not = std::string("ROCm's HIP runtime is too old, it has no ") + name + "; install ROCm 5.2 or newer";
  }

  void tell() {
    void** (*module)(const void*) = nullptr;
    void (*function)(void**, const void*, char*, const char*, unsigned, void*, void*, void*, void*, int*) = nullptr;
    find(module, "__hipRegisterFatBinary");
    find(function, "__hipRegisterFunction");
    if (!why_not.empty()) return;
    for (Module& m : registered().modules) m.handle = module(m.code);
    for (const Function& f : registered().functions)
      function(f.module->handle, f.host, f.device, f.name, f.threads, nullptr, nullptr, nullptr, nullptr, nullptr);
  }
};

const Library& library() {
  static const Library opened;
  return opened;
}

}  // namespace

const HipApi& hip_api() {
  if (!library().why_not.empty()) throw Error(Code::device, library().why_not);
  return library().api;
}

hipError_t count_devices(int* count) {
  *count = 0;
  return library().why_not.empty() ? library().api.GetDeviceCount(count) : hipErrorNoDevice;
}

Device describe(int device) {
  char name[256] = "";
  size_t total = 0;
  check(hip_api().DeviceGetName(name, sizeof name - 1, device), "asking for a device's name");
  check(hip_api().DeviceTotalMem(&total, device), "asking for a device's memory");
  return {.name = name, .total = total};
}

std::string why_not(hipError_t found) {
  if (!library().why_not.empty()) return library().why_not;
  if (found == hipErrorNoDevice || found == hipSuccess)
    return "ROCm finds no device; see rocminfo, the rights to /dev/kfd, and HIP_VISIBLE_DEVICES where it is set";
  return std::string("ROCm reports: ") + hip_api().GetErrorString(found);
}

}  // namespace lt::gpu::LT_GPU

// Called by the compiler's code, in every object with kernels. Not for others to find: the runtime has functions of these names.
#pragma GCC visibility push(hidden)
extern "C" {

void** __hipRegisterFatBinary(const void* code) {
  using namespace lt::gpu::LT_GPU;
  registered().modules.push_back({code});
  return reinterpret_cast<void**>(&registered().modules.back());
}

void __hipRegisterFunction(void** module, const void* host, char* device, const char* name, unsigned threads, void*, void*, void*, void*,
                           int*) {
  using namespace lt::gpu::LT_GPU;
  registered().functions.push_back({reinterpret_cast<Module*>(module), host, device, name, threads});
}

void __hipUnregisterFatBinary(void**) {}  // the runtime gives up what it has when the process ends

// The bodies of kernels on the host: none is called, launch() goes through the table.
hipError_t __hipPopCallConfiguration(dim3*, dim3*, size_t*, hipStream_t*) { return hipErrorNotSupported; }
hipError_t hipLaunchKernel(const void*, dim3, dim3, void**, size_t, hipStream_t) { return hipErrorNotSupported; }
}
#pragma GCC visibility pop
