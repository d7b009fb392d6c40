// What ops that walk the rows of a sequence in order share: its rows, and the slots of its state.
#pragma once
#include "backend/gpu/gpu.h"

namespace lt::gpu::LT_GPU {

constexpr int64_t most_shared_floats = 12288;  // of a block, on every device without being asked for more

struct SequenceArgs {
  View slots, starts, reads, writes;

  SequenceArgs() = default;
  SequenceArgs(const State& state, const Rows& rows) : slots(state.slots), starts(rows.starts), reads(rows.reads), writes(rows.writes) {}
};

// Rows [first, last), and the state before them; null: zeros.
struct Walk {
  int64_t first, last;
  const float* state;
};

LT_DEVICE Walk walk_of(const SequenceArgs& p, int64_t sequence) {
  const int32_t slot = *p.reads.row<int32_t>(sequence);
  return {*p.starts.row<int32_t>(sequence), *p.starts.row<int32_t>(sequence + 1), slot < 0 ? nullptr : p.slots.row<float>(slot)};
}

// Where the state after a row is kept; null: nowhere. The same for all threads of a block.
LT_DEVICE float* kept_after(const SequenceArgs& p, int64_t row) {
  const int32_t slot = *p.writes.row<int32_t>(row);
  return slot < 0 ? nullptr : p.slots.row<float>(slot);
}

inline int64_t sequences_of(const Rows& rows) { return rows.starts.rows - 1; }

}  // namespace lt::gpu::LT_GPU
