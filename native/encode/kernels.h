// The table of encoders that each ISA's build of kernels/ exports. An encoder never allocates, throws or waits.
#pragma once
#include <cstddef>
#include <cstdint>

namespace lt::encode {

// One row at a time.
struct Row {
  const float* x;        // (cols), finite: encode.cpp has put 0 for NaN and the largest float for infinities
  const float* weights;  // (cols), of each error's square; at least 0; all equal where nothing weighs them
  int64_t cols;
  bool unbiased = false;  // as in Rows
};

struct Encoder {
  uint8_t type;  // GGUF id
  void (*run)(const Row& row, void* blocks);
};

struct Kernels {
  const char* isa;
  const Encoder* const* encoders;
  size_t count;
};

}  // namespace lt::encode

#ifdef LT_ISA
namespace lt::simd::LT_ISA {}

// Each kernels/<type>.cpp defines its entry, and kernels/table.cpp lists it.
namespace lt::encode::LT_ISA {
using namespace lt::simd::LT_ISA;
extern const Encoder encode_f16, encode_bf16;
extern const Encoder encode_q4_k;
extern const Encoder encode_q6_k;
extern const Encoder encode_q8_0;
extern const Encoder encode_q5_0;
extern const Encoder encode_q4_0;
extern const Encoder encode_q5_1;
extern const Encoder encode_q4_1;
extern const Encoder encode_q5_k;
extern const Encoder encode_q3_k;
extern const Encoder encode_q2_k;
extern const Encoder encode_iq4_nl;
extern const Encoder encode_iq4_xs;
extern const Encoder encode_q1_0;
extern const Encoder encode_q2_0;
extern const Encoder encode_tq1_0;
extern const Encoder encode_tq2_0;
extern const Encoder encode_mxfp4;
extern const Encoder encode_nvfp4;
extern const Encoder encode_iq1_s, encode_iq1_m, encode_iq2_xxs, encode_iq2_xs, encode_iq2_s, encode_iq3_xxs, encode_iq3_s;
extern const Kernels kernels;
}  // namespace lt::encode::LT_ISA
#endif
