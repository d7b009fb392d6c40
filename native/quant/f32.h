// Plain float32.
#pragma once
#include "quant/block.h"

namespace lt::quant {

struct F32 {
  static constexpr Type id = Type::f32;
  static constexpr const char* name = "F32";
  static constexpr int values = 1;
  struct Block {
    float x;
  };
  static LT_HD float value(const Block& b) { return b.x; }
};
static_assert(sizeof(F32::Block) == 4);

}  // namespace lt::quant
