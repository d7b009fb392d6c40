#include "backend/cpu/isa.h"

#include "core/error.h"
#include "simd/isa.h"

#define LT_ISA_ENTRY(name)      \
  namespace lt::cpu::name {     \
  extern const Kernels kernels; \
  }
#include "cpu_isas.inc"
#undef LT_ISA_ENTRY

namespace lt::cpu {
namespace {

#define LT_ISA_ENTRY(name) &name::kernels,
const Kernels* const compiled[] = {
#include "cpu_isas.inc"
};
#undef LT_ISA_ENTRY

}  // namespace

std::vector<std::string> isas() {
  std::vector<std::string> names;
  for (const Kernels* k : compiled)
    if (simd::runs(k->isa)) names.push_back(k->isa);
  return names;
}

const Kernels& choose_isa(std::string_view name) {
  std::string known;
  for (const Kernels* k : compiled) {
    known += (known.empty() ? "" : ", ") + std::string(k->isa);
    if (name.empty() ? simd::runs(k->isa) : name == k->isa) {
      if (!simd::runs(k->isa)) throw Error(Code::device, "isa: this CPU cannot run " + std::string(name));
      return *k;
    }
  }
  throw Error(Code::argument, "isa: expected one of " + known + ", found \"" + std::string(name) + "\"");
}

}  // namespace lt::cpu
