#include <algorithm>

#include "backend/cpu/cpu.h"
#include "quant/type.h"

namespace lt::cpu {
namespace {

// Of weights that a thread claims at a time: of one row, which reads them as streams from end to end, and of more, for which they are kept
// in the second cache.
constexpr int64_t stream_bytes = 768 << 10, piece_bytes = 192 << 10;

// A product, its kernel and how the weight rows of each of its matrices are cut into tasks.
struct TaskRows {
  const Product* product;
  const MatmulKernel* kernel;  // null: rows are decoded to f32 first
  const uint8_t* prepared;
  int64_t stride;        // bytes from a prepared row to the next, where there are many matrices
  int64_t rows, pieces;  // of a task; tasks a matrix
  int64_t end;           // tasks of this and earlier products
};

// matrices: of `matrix` rows each, that are to be multiplied.
int64_t rows_a_task(const Product& p, int64_t x_rows, int64_t matrix, int64_t matrices, int64_t group, int threads) {
  const int64_t by_bytes = (x_rows == 1 ? stream_bytes : piece_bytes) / std::max<int64_t>(1, p.w.stride),
                by_threads = matrix * matrices / (4 * threads);
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

uint8_t* Cpu::prepared(Format format, size_t bytes) {
  Memory& to = prepared_[static_cast<int>(format)];
  if (to.bytes() < bytes) to = Memory(bytes, "prepared inputs of matrix products");
  return to.data();
}

// The rows of x as a kernel wants them: x itself if that is plain rows of whole vectors.
const void* Cpu::input_as(Tensor x, Format format) {
  if (format == Format::f32 && x.cols % 16 == 0 && x.stride == x.cols * 4) return x.data;
  const Prepare& p = *kernels_.prepare[static_cast<int>(format)];
  void* const to = prepared(format, p.bytes(x.rows, x.cols));
  const int64_t step = std::max<int64_t>(1, (16384 / x.cols + p.step - 1) / p.step) * p.step;
  run(x.rows, (x.rows + step - 1) / step, [&](int64_t t, int) {
    p.run(to, static_cast<const float*>(x.data), x.stride / 4, x.rows, x.cols, t * step, std::min(x.rows, (t + 1) * step));
  });
  return to;
}

// The same for each group of rows that meet one matrix, which begins at its first row's place: bits and layout of a product of those
// rows alone. stride 0: all groups are the one row of x.
const void* Cpu::chosen_input_as(Tensor x, int64_t used, Format format, int64_t stride) {
  const Prepare& p = *kernels_.prepare[static_cast<int>(format)];
  if (stride == 0) return input_as(x, format);
  uint8_t* const to = prepared(format, static_cast<size_t>(chosen_.chosen * stride));
  each_row(chosen_.chosen, x.cols, [&](int64_t i) {
    const auto after =
        std::upper_bound(chosen_.groups.begin(), chosen_.groups.end(), i, [](int64_t at, const Group& g) { return at < g.first; });
    const Group& g = after[-1];
    const float* row = x.row<const float>(chosen_.order[static_cast<size_t>(i)] / used);
    p.run(to + g.first * stride, row, 0, g.count, x.cols, i - g.first, i - g.first + 1);
  });
  return to;
}

void Cpu::matmul(Tensor x, std::span<const Product> products, const Choice& choice) {
  constexpr size_t most = 8;
  if (products.size() > most) {
    matmul(x, products.first(most), choice);
    return matmul(x, products.subspan(most), choice);
  }
  if (products.empty()) return;
  const int64_t used = choice.ids ? choice.ids.cols : 1;
  const Group all{0, 0, x.rows};
  std::span<const Group> groups(&all, 1);
  if (choice) {
    sort(x.rows, choice, products[0].w.rows / products[0].y.cols);
    groups = chosen_.groups;
    for (const Product& p : products) clear_unchosen(p.y);
  }
  const MatmulKernel& f32 = *by_type_[static_cast<int>(Type::f32)];
  TaskRows cuts[most];
  const void* inputs[formats] = {};
  int64_t tasks = 0;
  for (size_t i = 0; i < products.size(); i++) {
    const Product& p = products[i];
    const MatmulKernel* own = by_type_[static_cast<int>(p.w.type)];
    if (!own && x.cols * 4 > static_cast<int64_t>(panel_bytes))
      throw Error(Code::unsupported, "matmul: rows of " + std::to_string(x.cols) + " weights of type " + quant::info(p.w.type).name +
                                         " are longer than the CPU's working memory; convert the file to F16 or Q8_0");
    const MatmulKernel& kernel = own ? *own : f32;
    const bool one_row = x.rows == 1 && std::ssize(groups) == chosen_.chosen;
    const int64_t stride = choice && !one_row ? prepared_row_bytes(*kernels_.prepare[static_cast<int>(kernel.format)], x.cols) : 0;
    const void*& input = inputs[static_cast<int>(kernel.format)];
    if (!input) input = choice ? chosen_input_as(x, used, kernel.format, stride) : input_as(x, kernel.format);
    const int64_t rows = rows_a_task(p, x.rows, p.y.cols, std::ssize(groups), kernel.group, threads_for(x.rows)),
                  pieces = (p.y.cols + rows - 1) / rows;
    tasks += std::ssize(groups) * pieces;
    cuts[i] = {&p, own, static_cast<const uint8_t*>(input), stride, rows, pieces, tasks};
  }
  run(x.rows, tasks, [&](int64_t task, int thread) {
    const TaskRows* c = cuts;
    while (task >= c->end) c++;
    const int64_t t = task - (c == cuts ? 0 : c[-1].end), first = t % c->pieces * c->rows;
    const Product& p = *c->product;
    const Group& g = groups[static_cast<size_t>(t / c->pieces)];
    const MatmulPiece piece{static_cast<float*>(p.y.data),
                            p.y.stride / 4,
                            p.bias ? p.bias.row<const float>(g.matrix) : nullptr,
                            c->prepared + g.first * c->stride,
                            g.count,
                            x.cols,
                            p.w.row<const uint8_t>(g.matrix * p.y.cols),
                            p.w.stride,
                            first,
                            std::min(p.y.cols, first + c->rows),
                            panel(thread),
                            choice ? chosen_.order.data() + g.first : nullptr};
    if (c->kernel)
      c->kernel->run(piece);
    else
      decoded(f32, p.w.type, piece, panel(thread));
  });
}

}  // namespace lt::cpu
