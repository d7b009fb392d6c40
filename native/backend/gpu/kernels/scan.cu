// A selective state space. A block a sequence and 32 columns of x that read one group of b and c: a thread has a column and its state,
// (p, s) of a head turned to (s, columns) in shared memory. Sums over s ascending, one fused multiply-add each; then d x is added.
#include <algorithm>

#include "backend/gpu/backend.h"
#include "backend/gpu/kernels/sequence.h"

namespace lt::gpu::LT_GPU {
namespace {

constexpr int scan_width = 32, state_stride = 33;  // odd: neither loading nor computing meets one bank twice
constexpr int64_t most_scanned = 8;                // rows of b and c in shared memory

struct ScanArgs {
  SequenceArgs rows;
  View y, x, dt, b, c, a;
  const float* d;
  int64_t cols, blocks, head_cols;  // of a group; of `scan_width` columns in it; of a head
  int size, at_once;
  bool rates;  // a has a rate for each of s
};

struct ScanRoom {                       // in shared memory
  SharedPtr<float> b, c, state, rates;  // (at_once, s) twice, (s, columns) twice
};

// ScanColumns [first, first + count) of x.
struct ScanColumns {
  int64_t group, first;
  int count;
};

LT_DEVICE ScanColumns columns_of(const ScanArgs& p) {
  const int64_t group = block_y() / p.blocks, first = block_y() % p.blocks * scan_width;
  return {group, group * p.cols + first, static_cast<int>(least(scan_width, p.cols - first))};
}

// Each column's s values lie side by side; null: zeros.
LT_DEVICE void load(const ScanArgs& p, const ScanColumns& at, const SharedPtr<float>& to, const float* from) {
  for (int i = 0; i < at.count; i++)
    for (int j = thread(); j < p.size; j += scan_width) to[j * state_stride + i] = from ? from[(at.first + i) * p.size + j] : 0.0f;
}

LT_DEVICE void load_rates(const ScanArgs& p, const ScanColumns& at, const ScanRoom& room) {
  for (int i = 0; i < at.count; i++)
    for (int j = thread(); j < p.size; j += scan_width) room.rates[j * state_stride + i] = p.a.row<float>((at.first + i) / p.head_cols)[j];
}

LT_DEVICE void keep(const ScanArgs& p, const ScanColumns& at, const ScanRoom& room, float* to) {
  sync();
  for (int i = 0; i < at.count; i++)
    for (int j = thread(); j < p.size; j += scan_width) to[(at.first + i) * p.size + j] = room.state[j * state_stride + i];
  sync();
}

LT_DEVICE void load_rows(const ScanArgs& p, const ScanColumns& at, const ScanRoom& room, int64_t first, int count) {
  sync();
  for (int r = 0; r < count; r++)
    for (int j = thread(); j < p.size; j += scan_width) {
      room.b[r * p.size + j] = p.b.row<float>(first + r)[at.group * p.size + j];
      room.c[r * p.size + j] = p.c.row<float>(first + r)[at.group * p.size + j];
    }
  sync();
}

// Row r, the i-th of those in the room, for this thread's column.
LT_DEVICE void scan_row(const ScanArgs& p, const ScanColumns& at, const ScanRoom& room, int64_t r, int i) {
  const int64_t column = at.first + thread(), head = column / p.head_cols;
  const float x = p.x.row<float>(r)[column], step = p.dt.row<float>(r)[head], fade = p.rates ? 0 : expf(step * *p.a.row<float>(head));
  const SharedPtr<float> b = room.b + i * p.size, c = room.c + i * p.size;
  float sum = 0;
  LT_UNROLL for (int j = 0; j < p.size; j++) {
    const int64_t here = j * state_stride + thread();
    const float stays = p.rates ? expf(step * room.rates[here]) : fade;
    const float state = fmaf(step * x, b[j], stays * room.state[here]);
    room.state[here] = state;
    sum = fmaf(state, c[j], sum);
  }
  p.y.row<float>(r)[column] = fmaf(p.d[head], x, sum);
}

LT_KERNEL(scan_width) scan_columns(ScanArgs p) {
  LT_SHARED_DYNAMIC(float, memory);
  const int rows = p.at_once * p.size;
  const ScanRoom room{memory, memory + rows, memory + 2 * rows, memory + 2 * rows + (p.rates ? p.size * state_stride : 0)};
  const ScanColumns at = columns_of(p);
  const Walk walk = walk_of(p.rows, block_x());
  load(p, at, room.state, walk.state);
  if (p.rates) load_rates(p, at, room);
  for (int64_t first = walk.first; first < walk.last; first += p.at_once) {
    const int count = static_cast<int>(least(p.at_once, walk.last - first));
    load_rows(p, at, room, first, count);
    for (int i = 0; i < count; i++) {
      if (thread() < at.count) scan_row(p, at, room, first + i, i);
      if (float* const kept = kept_after(p.rows, first + i)) keep(p, at, room, kept);
    }
  }
}

}  // namespace

void Gpu::scan(Tensor y, Tensor x, Tensor dt, Tensor b, Tensor c, State state, const Scan& scan, const Rows& rows) {
  if (x.rows == 0) return;
  ScanArgs args{};
  args.rows = {state, rows};
  args.y = y, args.x = x, args.dt = dt, args.b = b, args.c = c, args.a = scan.a, args.d = static_cast<const float*>(scan.d.data);
  args.cols = x.cols / scan.groups, args.blocks = parts(args.cols, scan_width), args.head_cols = x.cols / scan.heads;
  args.size = static_cast<int>(b.cols / scan.groups), args.rates = scan.a.cols > 1;
  const int64_t fixed = args.size * state_stride * (args.rates ? 2 : 1);
  args.at_once = static_cast<int>(std::clamp((most_shared_floats - fixed) / (2 * args.size), int64_t{1}, most_scanned));
  const int64_t floats = fixed + 2 * args.size * args.at_once;
  launch(on(), "scan", scan_columns, {sequences_of(rows), scan.groups * args.blocks}, scan_width, static_cast<size_t>(floats) * 4, args);
}

}  // namespace lt::gpu::LT_GPU
