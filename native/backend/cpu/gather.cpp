#include <cstring>

#include "backend/cpu/cpu.h"
#include "quant/type.h"

namespace lt::cpu {

void Cpu::gather(Tensor y, Tensor table, Tensor ids) {
  const auto dequantize = quant::info(table.type).dequantize;
  each_row(y.rows, y.cols, [&](int64_t r) {
    const int64_t id = *ids.row<const int32_t>(r);
    if (table.type == Type::f32)
      std::memcpy(y.row<float>(r), table.row<const void>(id), static_cast<size_t>(y.cols) * 4);
    else
      dequantize(y.row<float>(r), table.row<const void>(id), y.cols);
  });
}

}  // namespace lt::cpu
