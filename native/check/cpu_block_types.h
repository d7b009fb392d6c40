// The block types of weights as their formats say, written out here: what the CPU's kernels are checked against.
#pragma once
#include <cstdint>
#include <vector>

namespace lt::check {

// One block by its format: value i is d * scale * code[i] - or + the minimum of its sub-block.
struct Block {
  int values, subs;
  double d, m;  // m is taken away times minimum (256 values) or added (fewer)
  int code[256], scale[16], minimum[16];
};

struct BlockType {
  const char* name;
  uint8_t id;
  int values, bytes;
  std::vector<int> halfs;  // where its f16 lie
  Block (*decode)(const uint8_t*);
};

// Those of whole numbers times a scale.
const std::vector<BlockType>& block_types();

}  // namespace lt::check
