// Rounded to the nearest, ties to even; what is beyond the largest half becomes the largest.
#include "quant/f16.h"

#include "encode/kernels.h"

namespace lt::encode::LT_ISA {
namespace {

void run(const Row& row, void* blocks) {
  uint16_t* y = static_cast<uint16_t*>(blocks);
  for (int64_t i = 0; i < row.cols; i++) {
    const float x = row.x[i];
    y[i] = quant::float_to_half(x > 65504.0f ? 65504.0f : x < -65504.0f ? -65504.0f : x);
  }
}

}  // namespace

const Encoder encode_f16{1, run};

}  // namespace lt::encode::LT_ISA
