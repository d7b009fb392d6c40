// The gated delta rule. A block a sequence, value head and 32 columns of its v: a thread has a column and its state, (s, columns) in
// shared memory. Sums over s ascending, one fused multiply-add each.
#include <algorithm>

#include "backend/gpu/backend.h"
#include "backend/gpu/kernels/sequence.h"

namespace lt::gpu::LT_GPU {
namespace {

constexpr int delta_width = 32;
constexpr int64_t most_delta_rows = 8;  // rows of q, k and decay in shared memory

struct DeltaArgs {
  SequenceArgs rows;
  View y, q, k, v, decay, beta;
  int64_t heads, key_heads, cols, blocks;  // value heads, key heads; columns of a value head; blocks of `delta_width` of them
  int size, at_once;
  bool tiled, decays;  // decays: one for each of s
};

struct DeltaRoom {                      // in shared memory
  SharedPtr<float> q, k, fades, state;  // (at_once, s) thrice, (s, columns)
};

struct DeltaPlace {
  int64_t head, key_head, column;  // column: in the head, of this thread
  bool real;
};

LT_DEVICE DeltaPlace place_of(const DeltaArgs& p) {
  const int64_t head = block_y() / p.blocks, column = block_y() % p.blocks * delta_width + thread();
  return {head, p.tiled ? head % p.key_heads : head * p.key_heads / p.heads, column, column < p.cols};
}

LT_DEVICE void load_state(const DeltaArgs& p, const DeltaPlace& at, const DeltaRoom& room, const float* from) {
  for (int i = 0; at.real && i < p.size; i++)
    room.state[i * delta_width + thread()] = from ? from[(at.head * p.size + i) * p.cols + at.column] : 0.0f;
}

LT_DEVICE void keep(const DeltaArgs& p, const DeltaPlace& at, const DeltaRoom& room, float* to) {
  for (int i = 0; at.real && i < p.size; i++) to[(at.head * p.size + i) * p.cols + at.column] = room.state[i * delta_width + thread()];
}

LT_DEVICE void load_rows(const DeltaArgs& p, const DeltaPlace& at, const DeltaRoom& room, int64_t first, int count) {
  sync();
  for (int r = 0; r < count; r++)
    for (int i = thread(); i < p.size; i += delta_width) {
      room.q[r * p.size + i] = p.q.row<float>(first + r)[at.key_head * p.size + i];
      room.k[r * p.size + i] = p.k.row<float>(first + r)[at.key_head * p.size + i];
      room.fades[r * p.size + i] = expf(p.decay.row<float>(first + r)[p.decays ? at.head * p.size + i : at.head]);
    }
  sync();
}

// Row r, which begins at `begin` of those in the room, for this thread's column.
LT_DEVICE void delta_row(const DeltaArgs& p, const DeltaPlace& at, const DeltaRoom& room, int64_t r, int begin) {
  const SharedPtr<float> q = room.q + begin, k = room.k + begin, fades = room.fades + begin, state = room.state + thread();
  const int64_t column = at.head * p.cols + at.column;
  const float v = p.v.row<float>(r)[column], beta = p.beta.row<float>(r)[at.head];
  float held = 0, read = 0;
  LT_UNROLL for (int i = 0; i < p.size; i++) {
    const float kept = fades[i] * state[i * delta_width];
    state[i * delta_width] = kept;
    held = fmaf(k[i], kept, held);
  }
  const float change = beta * (v - held);
  LT_UNROLL for (int i = 0; i < p.size; i++) {
    const float now = fmaf(k[i], change, state[i * delta_width]);
    state[i * delta_width] = now;
    read = fmaf(q[i], now, read);
  }
  p.y.row<float>(r)[column] = read;
}

LT_KERNEL(delta_width) delta_columns(DeltaArgs p) {
  LT_SHARED_DYNAMIC(float, memory);
  const int rows = p.at_once * p.size;
  const DeltaRoom room{memory, memory + rows, memory + 2 * rows, memory + 3 * rows};
  const DeltaPlace at = place_of(p);
  const Walk walk = walk_of(p.rows, block_x());
  load_state(p, at, room, walk.state);
  for (int64_t first = walk.first; first < walk.last; first += p.at_once) {
    const int count = static_cast<int>(least(p.at_once, walk.last - first));
    load_rows(p, at, room, first, count);
    for (int i = 0; i < count; i++) {
      if (at.real) delta_row(p, at, room, first + i, i * p.size);
      if (float* const kept = kept_after(p.rows, first + i)) keep(p, at, room, kept);
    }
  }
}

}  // namespace

void Gpu::delta(Tensor y, Tensor q, Tensor k, Tensor v, Tensor decay, Tensor beta, State state, const Delta& delta, const Rows& rows) {
  if (v.rows == 0) return;
  DeltaArgs args{};
  args.rows = {state, rows};
  args.y = y, args.q = q, args.k = k, args.v = v, args.decay = decay, args.beta = beta;
  args.heads = delta.value_heads, args.key_heads = delta.key_heads, args.cols = v.cols / args.heads;
  args.blocks = parts(args.cols, delta_width), args.size = static_cast<int>(k.cols / args.key_heads);
  args.tiled = delta.tiled, args.decays = decay.cols > args.heads;
  const int64_t fixed = args.size * delta_width;
  args.at_once = static_cast<int>(std::clamp((most_shared_floats - fixed) / (3 * args.size), int64_t{1}, most_delta_rows));
  const int64_t floats = fixed + 3 * args.size * args.at_once;
  launch(on(), "delta", delta_columns, {sequences_of(rows), args.heads * args.blocks}, delta_width, static_cast<size_t>(floats) * 4, args);
}

}  // namespace lt::gpu::LT_GPU
