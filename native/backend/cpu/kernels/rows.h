// The kernels of kernels/<op>.cpp, for the table.
#pragma once
#include "backend/cpu/kernels.h"

namespace lt::cpu::LT_BASE {

void norm(const NormRow& row);
void map(uint8_t act, const MapRow& row);
void rope(float* x, const float* turn, int64_t pairs, int64_t dim, int64_t heads, bool neighbours);
void to_f16(uint16_t* y, const float* x, int64_t count);
void to_q8_0(uint8_t* y, const float* x, int64_t count);
void attend(const AttendPiece& piece);
void attend_merge(float* y, const float* partial, int64_t stride, int64_t splits, int64_t v_dim, float sink);
void route(const RouteRow& row);
void combine(float* y, const float* x, int64_t x_stride, const float* weights, int64_t used, int64_t count);
void conv(const ConvPiece& piece);
void scan(const ScanPiece& piece);
void delta(const DeltaPiece& piece);
void wkv(const WkvPiece& piece);
double peak_f32(int64_t rounds);
double peak_bf16(int64_t rounds);

}  // namespace lt::cpu::LT_BASE

namespace lt::cpu::LT_ISA {

double peak_int8(int64_t rounds);

}  // namespace lt::cpu::LT_ISA
