#include <algorithm>

#include "backend/cpu/cpu.h"
#include "quant/type.h"

namespace lt::cpu {
namespace {

constexpr int64_t piece_bytes = 192 << 10;  // of weights that a thread claims at a time

// A product, its kernel and how its weight rows are cut into tasks.
struct TaskRows {
  const Product* product;
  const MatmulKernel* kernel;  // null: rows are decoded to f32 first
  const void* prepared;
  int64_t rows;  // of a task
  int64_t end;   // tasks of this and earlier products
};

int64_t rows_a_task(const Product& p, int64_t group, int threads) {
  const int64_t by_bytes = piece_bytes / std::max<int64_t>(1, p.w.stride), by_threads = p.w.rows / (4 * threads);
  const int64_t rows = threads == 1 ? by_bytes : std::min(by_bytes, by_threads);
  return std::max<int64_t>(1, rows / group) * group;
}

// Types without a kernel: a few rows at a time are decoded into the panel, and the f32 kernel multiplies them.
void decoded(const MatmulKernel& f32, Type type, MatmulPiece piece, uint8_t* panel) {
  const auto dequantize = quant::info(type).dequantize;
  const int64_t cols = piece.cols, most = std::max<int64_t>(1, static_cast<int64_t>(panel_bytes) / 4 / (cols * 4));
  const MatmulPiece whole = piece;
  for (int64_t row = whole.first; row < whole.last; row += most) {
    const int64_t n = std::min(most, whole.last - row);
    for (int64_t i = 0; i < n; i++) dequantize(reinterpret_cast<float*>(panel) + i * cols, whole.w + (row + i) * whole.w_stride, cols);
    piece.y = whole.y + row;
    piece.bias = whole.bias ? whole.bias + row : nullptr;
    piece.w = panel;
    piece.w_stride = cols * 4;
    piece.first = 0, piece.last = n;
    f32.run(piece);
  }
}

}  // namespace

// The rows of x as a kernel wants them: x itself if that is plain rows of whole vectors.
const void* Cpu::input_as(Tensor x, Format format) {
  if (format == Format::f32 && x.cols % 16 == 0 && x.stride == x.cols * 4) return x.data;
  const Prepare& p = *kernels_.prepare[static_cast<int>(format)];
  Memory& to = prepared_[static_cast<int>(format)];
  const size_t bytes = p.bytes(x.rows, x.cols);
  if (to.bytes() < bytes) to = Memory(bytes, "prepared inputs of matrix products");
  const int64_t step = std::max<int64_t>(1, (16384 / x.cols + p.step - 1) / p.step) * p.step;
  pool_.run((x.rows + step - 1) / step, [&](int64_t t, int) {
    p.run(to.data(), static_cast<const float*>(x.data), x.stride / 4, x.rows, x.cols, t * step, std::min(x.rows, (t + 1) * step));
  });
  return to.data();
}

void Cpu::matmul(Tensor x, std::span<const Product> products) {
  constexpr size_t most = 8;
  if (products.size() > most) {
    matmul(x, products.first(most));
    return matmul(x, products.subspan(most));
  }
  const MatmulKernel& f32 = *by_type_[static_cast<int>(Type::f32)];
  TaskRows cuts[most];
  const void* prepared[3] = {};
  int64_t tasks = 0;
  for (size_t i = 0; i < products.size(); i++) {
    const Product& p = products[i];
    const MatmulKernel* own = by_type_[static_cast<int>(p.w.type)];
    if (!own && x.cols * 4 > static_cast<int64_t>(panel_bytes))
      throw Error(Code::unsupported, "matmul: rows of " + std::to_string(x.cols) + " weights of type " + quant::info(p.w.type).name +
                                         " are longer than the CPU's working memory; convert the file to F16 or Q8_0");
    const MatmulKernel& kernel = own ? *own : f32;
    const void*& input = prepared[static_cast<int>(kernel.format)];
    if (!input) input = input_as(x, kernel.format);
    const int64_t rows = rows_a_task(p, kernel.group, pool_.threads());
    tasks += (p.w.rows + rows - 1) / rows;
    cuts[i] = {&p, own, input, rows, tasks};
  }
  pool_.run(tasks, [&](int64_t task, int thread) {
    const TaskRows* c = cuts;
    while (task >= c->end) c++;
    const Product& p = *c->product;
    const int64_t first = (task - (c == cuts ? 0 : c[-1].end)) * c->rows, last = std::min(p.w.rows, first + c->rows);
    const MatmulPiece piece{static_cast<float*>(p.y.data),
                            p.y.stride / 4,
                            static_cast<const float*>(p.bias.data),
                            c->prepared,
                            x.rows,
                            x.cols,
                            static_cast<const uint8_t*>(p.w.data),
                            p.w.stride,
                            first,
                            last,
                            panel(thread)};
    if (c->kernel)
      c->kernel->run(piece);
    else
      decoded(f32, p.w.type, piece, panel(thread));
  });
}

}  // namespace lt::cpu
