// Types chosen for a size: what each type would lose of each tensor is measured, and the bytes go where they save most.
#pragma once
#include <functional>

#include "gguf/file.h"
#include "quantize/plan.h"

namespace lt::quantize {

// Changes the types of the plan's tensors that may be chosen, so that the sum over tensors of their relative losses (squared error by
// squared size, each weighted by the importance of its column, times what an error in such a tensor costs) is as small as `bytes` for
// the values of all tensors allow. Throws Code::argument where the smallest types are too large.
void fit(Plan& plan, uint64_t bytes, const gguf::File& file, const Options& options, int threads,
         const std::function<void(double fraction)>& tell);

}  // namespace lt::quantize
