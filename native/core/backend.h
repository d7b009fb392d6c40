// What a backend folder provides. Nobody outside backend/ names a class of one: find it by name in the registry below.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/ops.h"

namespace lt {

// A recorded forward pass. On the CPU: the function itself, kept and called.
class Plan {
 public:
  virtual ~Plan() = default;
  virtual void run() = 0;  // returns when the results can be read
};

// The largest that any forward pass asks for, as Sizing measured it.
struct Needs {
  size_t scratch = 0;       // bytes of the bump stack
  size_t matmul_input = 0;  // bytes of the largest f32 input of a matmul: backends keep a quantized copy of it
};

struct BackendOptions {
  int threads = 0;  // 0: physical cores within affinity and cgroup quota
  std::string isa;  // cpu: a name of isas(), empty: the best this CPU has
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string description() const = 0;  // for people: "cpu avx512, 2 threads"
  virtual int threads() const { return 1; }     // that compute
  virtual Ops& ops() = 0;                       // immediate
  virtual std::unique_ptr<Plan> record(std::function<void(Ops&)> forward) = 0;

  // A weight for the backend's use: host bytes that outlive the backend. The CPU reads them where they are.
  virtual Tensor place(Tensor host) = 0;
  // Persistent memory, zeroed, freed with the backend. Throws Code::memory with the figures.
  virtual Tensor alloc(Type type, int64_t rows, int64_t cols) = 0;
  virtual void write(Tensor to, const void* from) = 0;  // rows * stride bytes
  virtual void read(void* to, Tensor from) = 0;
  // Allocates what forward passes need, once, before the first op; returns the bytes taken. Throws Code::memory.
  virtual size_t reserve(const Needs& needs) = 0;
};

struct BackendEntry {
  std::string_view name;
  std::unique_ptr<Backend> (*open)(const BackendOptions&);  // throws Code::device, Code::argument
  std::vector<std::string> (*variants)();                   // values of BackendOptions::isa usable here, best first; or null
};

// The backends compiled in, in order of registration. Registered by static objects, before main.
inline std::vector<BackendEntry>& backends() {
  static std::vector<BackendEntry> all;
  return all;
}

inline std::unique_ptr<Backend> open_backend(std::string_view name, const BackendOptions& options) {
  std::string known;
  for (const BackendEntry& b : backends()) {
    if (b.name == name) return b.open(options);
    known += known.empty() ? "" : ", ";
    known += b.name;
  }
  throw Error(Code::argument, "backend: expected one of " + known + ", found \"" + std::string(name) + "\"");
}

struct RegisterBackend {
  RegisterBackend(std::string_view name, std::unique_ptr<Backend> (*open)(const BackendOptions&),
                  std::vector<std::string> (*variants)() = nullptr) {
    backends().push_back({name, open, variants});
  }
};

}  // namespace lt
