// Rounded to the nearest, ties to even; what would become infinite becomes the largest number.
#include "quant/bf16.h"

#include "encode/kernels.h"

namespace lt::encode::LT_ISA {
namespace {

void run(const Row& row, void* blocks) {
  uint16_t* y = static_cast<uint16_t*>(blocks);
  for (int64_t i = 0; i < row.cols; i++) {
    const uint16_t bits = quant::float_to_bf16(row.x[i]);
    y[i] = (bits & 0x7fff) == 0x7f80 ? static_cast<uint16_t>(bits - 1) : bits;
  }
}

}  // namespace

const Encoder encode_bf16{30, run};

}  // namespace lt::encode::LT_ISA
