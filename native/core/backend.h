// What a backend folder provides. Nobody outside backend/ names a class of one: find it by name in the registry below.
#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <optional>
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
  size_t scratch = 0;  // bytes of the bump stack
  // Bytes of the largest f32 input of a matmul, its rows as whole 128 columns: backends keep a quantized copy of it.
  size_t matmul_input = 0;
  uint64_t matrix_types = 0;  // a bit each: by them differs what kind of copy
  int64_t chosen = 0;         // results of a matmul whose matrices are chosen by ids
  int64_t choices = 0;        // matrices of such a one
  int64_t chosen_cols = 0;    // columns of such a one's input
  int64_t partials = 0;       // partial results of attention: one an entry of Rows::splits and a head
  int64_t partial_dim = 0;    // columns of each, beside its maximum and its total
};

struct BackendOptions {
  int threads = 0;  // of the host; 0: physical cores within affinity and cgroup quota
  std::string isa;  // a name of BackendEntry::variants(), empty: the best here
  int device = 0;   // index into Survey::devices
};

// A device as its driver tells of it.
struct Device {
  std::string name;              // "NVIDIA H100 80GB HBM3"
  uint64_t total = 0, free = 0;  // bytes of its memory; 0: the driver does not say
  bool software = false;         // the CPU plays the device: never taken unasked
};

// What of a backend can be used on this machine.
struct Survey {
  std::vector<Device> devices;
  std::string why_not;  // where there are none: what is absent, and how to get it
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string description() const = 0;    // for people: "cpu avx512, 2 threads"
  virtual int threads() const { return 1; }       // that compute
  virtual bool on_host() const { return false; }  // its tensors are host memory, to be read where they are once an op returned
  virtual Ops& ops() = 0;                         // immediate
  virtual bool records() const { return false; }  // running a plan again is faster than calling its ops
  virtual std::unique_ptr<Plan> record(std::function<void(Ops&)> forward) = 0;

  // Bytes of the device's memory that alloc, place and reserve can still take; none: they take the host's.
  virtual std::optional<uint64_t> free_memory() const { return std::nullopt; }
  // A weight for the backend's use: host bytes that outlive the backend. The CPU reads them where they are; a device copies them,
  // and the copy need not be done when this returns, only before an op reads it. Throws Code::memory.
  virtual Tensor place(Tensor host) = 0;
  // Persistent memory, zeroed, freed with the backend. Throws Code::memory with the figures.
  virtual Tensor alloc(Type type, int64_t rows, int64_t cols) = 0;
  virtual void write(Tensor to, const void* from) = 0;  // rows * stride bytes; seen by every op that is called later
  virtual void read(void* to, Tensor from) = 0;         // waits for the ops called before. Throws Code::device where the device is lost
  // Allocates what forward passes need, before the first op, and keeps what it has where that is more; returns the bytes that
  // it holds for them in all. Again where a pass needs more. Throws Code::memory.
  virtual size_t reserve(const Needs& needs) = 0;
  // Makes what the ops of `pass` and its like with fewer rows need beside memory (pipelines, code on the device), so that no step waits
  // for it. Computes nothing: contents do not matter. Called after reserve.
  virtual void prepare(const std::function<void(Ops&)>& /*pass*/) {}
};

struct BackendEntry {
  std::string_view name;
  std::unique_ptr<Backend> (*open)(const BackendOptions&);  // throws Code::device, Code::argument
  std::vector<std::string> (*variants)() = nullptr;         // values of BackendOptions::isa usable here, best first; null: none
  Survey (*survey)() = nullptr;                             // null: it computes on the host and is always usable
  bool rounds_inputs = false;                               // products of block types see their input rounded to 8 bits
  bool (*variant_rounds)(std::string_view) = nullptr;       // that of one variant; null: as rounds_inputs says
  bool variants_agree = false;                              // all variants that round inputs alike give the same bits
  bool for_tests = false;                                   // never taken unasked

  bool rounds(std::string_view variant) const { return variant_rounds ? variant_rounds(variant) : rounds_inputs; }
};

// The backends compiled in, in order of registration. Registered by static objects, before main; an entry stays where it is.
inline std::deque<BackendEntry>& backends() {
  static std::deque<BackendEntry> all;
  return all;
}

// By name, or "name:2" for its third device.
inline std::unique_ptr<Backend> open_backend(std::string_view name, BackendOptions options) {
  const std::string_view whole = name;
  const size_t colon = name.find(':');
  if (colon != name.npos) {
    const std::string_view digits = name.substr(colon + 1);
    if (digits.empty() || digits.size() > 3 || digits.find_first_not_of("0123456789") != digits.npos)
      throw Error(Code::argument, "backend: expected a device's number after the colon, found \"" + std::string(whole) + "\"");
    options.device = std::stoi(std::string(digits));
    name = name.substr(0, colon);
  }
  std::string known;
  for (const BackendEntry& b : backends()) {
    known += (known.empty() ? "" : ", ") + std::string(b.name);
    if (b.name != name) continue;
    const Survey here = b.survey ? b.survey() : Survey{{{}}, ""};
    if (here.devices.empty()) throw Error(Code::device, std::string(name) + " cannot be used here: " + here.why_not);
    const auto count = static_cast<int>(here.devices.size());
    if (options.device >= count)
      throw Error(Code::device, "backend: expected a device of " + std::string(name) + " below " + std::to_string(count) + ", found \"" +
                                    std::string(whole) + "\"");
    return b.open(options);
  }
  throw Error(Code::argument, "backend: expected one of " + known + ", found \"" + std::string(whole) + "\"");
}

struct RegisterBackend {
  explicit RegisterBackend(const BackendEntry& entry) { backends().push_back(entry); }
};

}  // namespace lt
