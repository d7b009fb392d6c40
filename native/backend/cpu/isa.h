// The ISAs that kernels/ was compiled for, and what this CPU can run of them.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "backend/cpu/kernels.h"

namespace lt::cpu {

// The best for this CPU, or the one named. Throws Code::argument (unknown; lists what there is) or Code::device (not on this CPU).
const Kernels& choose_isa(std::string_view name);
std::vector<std::string> isas();  // compiled in and usable here, best first

}  // namespace lt::cpu
