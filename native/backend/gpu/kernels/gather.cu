#include "backend/gpu/backend.h"
#include "backend/gpu/kernels/gather.h"

namespace lt::gpu::LT_GPU {

void Gpu::gather(Tensor y, Tensor table, Tensor ids) {
  if (y.rows > 0) weights(table.type).gather(on(), y.rows, {y, table, ids, y.cols});
}

}  // namespace lt::gpu::LT_GPU
