// What conv, scan, delta and wkv share.
#include "backend/cpu/cpu.h"

namespace lt::cpu {

// A model's sizes come from its file: what a kernel keeps in the panel has to fit.
void Cpu::expect_panel(const char* op, int64_t floats) const {
  if (floats > static_cast<int64_t>(panel_bytes / sizeof(float)))
    throw Error(Code::unsupported, std::string(op) + ": a working memory of " + std::to_string(floats) +
                                       " numbers a thread is needed, the CPU's is of " + std::to_string(panel_bytes / sizeof(float)));
}

// The states of a span, from column `at` of a slot on.
StatePiece Cpu::state_of(const State& state, const Rows& rows, const Span& span, int64_t at) const {
  const int32_t from = *rows.reads.row<const int32_t>(span.sequence);
  return {from >= 0 ? state.slots.row<const float>(from) + at : nullptr, state.slots.row<float>(0) + at, state.slots.stride / 4,
          rows.writes.row<const int32_t>(span.first), rows.writes.stride / 4};
}

}  // namespace lt::cpu
