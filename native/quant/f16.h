// IEEE binary16.
#pragma once
#include "quant/block.h"

namespace lt::quant {

struct F16 {
  static constexpr Type id = Type::f16;
  static constexpr const char* name = "F16";
  static constexpr int values = 1;
  struct Block {
    uint16_t x;
  };
  static LT_HD float value(const Block& b) { return half_to_float(b.x); }
};
static_assert(sizeof(F16::Block) == 2);

}  // namespace lt::quant
