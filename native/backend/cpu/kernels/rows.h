// The kernels of kernels/<op>.cpp, for the table.
#pragma once
#include "backend/cpu/kernels.h"

namespace lt::cpu::LT_ISA {

void rms_norm(float* y, const float* x, const float* w, float eps, int64_t count, int64_t heads);
void add(float* y, const float* a, const float* b, int64_t count);
void gate_silu(float* y, const float* g, const float* u, int64_t count);
void rope(float* x, const float* turn, int64_t pairs, int64_t dim, int64_t heads, bool neighbours);
void to_f16(uint16_t* y, const float* x, int64_t count);
void to_q8_0(uint8_t* y, const float* x, int64_t count);
void attend(const AttendPiece& piece);
void attend_merge(float* y, const float* partial, int64_t stride, int64_t splits, int64_t v_dim);
double peak_f32(int64_t rounds);
double peak_int8(int64_t rounds);

}  // namespace lt::cpu::LT_ISA
