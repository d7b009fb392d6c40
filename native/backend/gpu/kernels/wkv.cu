// The recurrences of RWKV 6 and 7. A block a sequence, head and 32 columns of its v: a thread has a column and its state, (s, columns) in
// shared memory. Sums over s ascending, one fused multiply-add each.
#include <algorithm>

#include "backend/gpu/backend.h"
#include "backend/gpu/kernels/sequence.h"

namespace lt::gpu::LT_GPU {
namespace {

constexpr int wkv_width = 32, wkv_arrays = 6;
constexpr int64_t most_wkv_rows = 8;  // rows of what all columns want in shared memory

struct WkvArgs {
  SequenceArgs rows;
  View y, r, k, v, decay, bonus, removes, replaces;
  int64_t cols, blocks;  // columns of a head; blocks of `wkv_width` of them
  int size, at_once;
  bool nested, has_bonus, replacing;
};

struct WkvRoom {                                                 // in shared memory
  SharedPtr<float> r, k, kept, bonus, removes, replaces, state;  // (at_once, s) each, (s, columns)
};

struct WkvPlace {
  int64_t head, column;  // column: in the head, of this thread
  bool real;
};

LT_DEVICE void wkv_load_state(const WkvArgs& p, const WkvPlace& at, const WkvRoom& room, const float* from) {
  for (int i = 0; at.real && i < p.size; i++)
    room.state[i * wkv_width + thread()] = from ? from[(at.head * p.size + i) * p.cols + at.column] : 0.0f;
}

LT_DEVICE void wkv_keep(const WkvArgs& p, const WkvPlace& at, const WkvRoom& room, float* to) {
  for (int i = 0; at.real && i < p.size; i++) to[(at.head * p.size + i) * p.cols + at.column] = room.state[i * wkv_width + thread()];
}

LT_DEVICE void wkv_load_rows(const WkvArgs& p, const WkvPlace& at, const WkvRoom& room, int64_t first, int count) {
  sync();
  for (int r = 0; r < count; r++)
    for (int i = thread(); i < p.size; i += wkv_width) {
      const int64_t column = at.head * p.size + i;
      const int to = r * p.size + i;
      const float k = p.k.row<float>(first + r)[column], decay = p.decay.row<float>(first + r)[column];
      room.r[to] = p.r.row<float>(first + r)[column];
      room.k[to] = k;
      room.kept[to] = expf(p.nested ? -expf(decay) : decay);
      if (p.has_bonus) room.bonus[to] = p.bonus.row<float>(0)[column] * k;
      if (p.replacing) {
        room.removes[to] = p.removes.row<float>(first + r)[column];
        room.replaces[to] = p.replaces.row<float>(first + r)[column];
      }
    }
  sync();
}

// Row r, which begins at `begin` of those in the room, for this thread's column.
LT_DEVICE void wkv_row(const WkvArgs& p, const WkvPlace& at, const WkvRoom& room, int64_t r, int begin) {
  const SharedPtr<float> state = room.state + thread(), removes = room.removes + begin, replaces = room.replaces + begin;
  const SharedPtr<float> reads = room.r + begin, k = room.k + begin, kept = room.kept + begin, bonus = room.bonus + begin;
  const int64_t column = at.head * p.cols + at.column;
  const float v = p.v.row<float>(r)[column];
  float held = 0, read = 0;
  for (int i = 0; p.replacing && i < p.size; i++) held = fmaf(removes[i], state[i * wkv_width], held);
  LT_UNROLL for (int i = 0; i < p.size; i++) {
    const float before = state[i * wkv_width];
    float after = kept[i] * before;
    if (p.replacing) after = fmaf(replaces[i], held, after);
    after = fmaf(k[i], v, after);
    state[i * wkv_width] = after;
    read = fmaf(reads[i], p.has_bonus ? fmaf(bonus[i], v, before) : after, read);
  }
  p.y.row<float>(r)[column] = read;
}

LT_KERNEL(wkv_width) wkv_columns(WkvArgs p) {
  LT_SHARED_DYNAMIC(float, memory);
  const int rows = p.at_once * p.size;
  const WkvRoom room{
      memory, memory + rows, memory + 2 * rows, memory + 3 * rows, memory + 4 * rows, memory + 5 * rows, memory + wkv_arrays * rows};
  const int64_t in_head = block_y() % p.blocks * wkv_width + thread();
  const WkvPlace at{block_y() / p.blocks, in_head, in_head < p.cols};
  const Walk walk = walk_of(p.rows, block_x());
  wkv_load_state(p, at, room, walk.state);
  for (int64_t first = walk.first; first < walk.last; first += p.at_once) {
    const int count = static_cast<int>(least(p.at_once, walk.last - first));
    wkv_load_rows(p, at, room, first, count);
    for (int i = 0; i < count; i++) {
      if (at.real) wkv_row(p, at, room, first + i, i * p.size);
      if (float* const kept = kept_after(p.rows, first + i)) wkv_keep(p, at, room, kept);
    }
  }
}

}  // namespace

void Gpu::wkv(Tensor y, Tensor r, Tensor k, Tensor v, Tensor decay, State state, const Wkv& wkv, const Rows& rows) {
  if (v.rows == 0) return;
  WkvArgs args{};
  args.rows = {state, rows};
  args.y = y, args.r = r, args.k = k, args.v = v, args.decay = decay;
  args.bonus = wkv.bonus, args.removes = wkv.removes, args.replaces = wkv.replaces;
  args.nested = wkv.nested, args.has_bonus = bool(wkv.bonus), args.replacing = bool(wkv.removes);
  args.cols = v.cols / wkv.heads, args.size = static_cast<int>(k.cols / wkv.heads);
  args.blocks = parts(args.cols, wkv_width);
  const int64_t fixed = args.size * wkv_width;
  args.at_once = static_cast<int>(std::clamp((most_shared_floats - fixed) / (wkv_arrays * args.size), int64_t{1}, most_wkv_rows));
  const int64_t floats = fixed + wkv_arrays * args.size * args.at_once;
  launch(on(), "wkv", wkv_columns, {sequences_of(rows), wkv.heads * args.blocks}, wkv_width, static_cast<size_t>(floats) * 4, args);
}

}  // namespace lt::gpu::LT_GPU
