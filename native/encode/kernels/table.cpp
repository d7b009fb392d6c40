#include "encode/kernels.h"

#define LT_TEXT_OF(name) #name
#define LT_TEXT(name) LT_TEXT_OF(name)

namespace lt::encode::LT_ISA {
namespace {

const Encoder* const encoders[] = {
    &encode_f16,      //
    &encode_bf16,     //
    &encode_q4_k,     //
    &encode_q6_k,     //
    &encode_q8_0,     //
    &encode_q5_0,     //
    &encode_q4_0,     //
    &encode_q5_1,     //
    &encode_q4_1,     //
    &encode_q5_k,     //
    &encode_q3_k,     //
    &encode_q2_k,     //
    &encode_iq4_nl,   //
    &encode_iq4_xs,   //
    &encode_q1_0,     //
    &encode_q2_0,     //
    &encode_tq1_0,    //
    &encode_tq2_0,    //
    &encode_mxfp4,    //
    &encode_nvfp4,    //
    &encode_iq1_s,    //
    &encode_iq1_m,    //
    &encode_iq2_xxs,  //
    &encode_iq2_xs,   //
    &encode_iq2_s,    //
    &encode_iq3_xxs,  //
    &encode_iq3_s,    //
};

}  // namespace

const Kernels kernels{LT_TEXT(LT_ISA), encoders, sizeof encoders / sizeof *encoders};

}  // namespace lt::encode::LT_ISA
