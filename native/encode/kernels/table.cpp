#include "encode/kernels.h"

#define LT_TEXT_OF(name) #name
#define LT_TEXT(name) LT_TEXT_OF(name)

namespace lt::encode::LT_ISA {
namespace {

const Encoder* const encoders[] = {
    &encode_f16,      //
    &encode_bf16,     //
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
