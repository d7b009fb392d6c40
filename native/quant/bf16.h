// The upper half of a float32.
#pragma once
#include "quant/block.h"

namespace lt::quant {

struct BF16 {
  static constexpr Type id = Type::bf16;
  static constexpr const char* name = "BF16";
  static constexpr int values = 1;
  struct Block {
    uint16_t x;
  };
  static LT_HD float value(const Block& b) { return bf16_to_float(b.x); }
};
static_assert(sizeof(BF16::Block) == 2);

}  // namespace lt::quant
