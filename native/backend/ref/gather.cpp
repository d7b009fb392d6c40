#include <algorithm>

#include "backend/ref/ref.h"

namespace lt::ref {

void RefOps::gather(Tensor y, Tensor table, Tensor ids) {
  std::vector<float> row;
  for (int64_t r = 0; r < y.rows; r++) {
    decode_row(row, table, *ids.row<int32_t>(r));
    std::copy(row.begin(), row.end(), y.row<float>(r));
  }
}

}  // namespace lt::ref
