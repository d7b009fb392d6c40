// Floats to blocks of a weight type, with the smallest weighted squared error that its search finds. The same bits whatever the
// threads and the ISA.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace lt::encode {

// How much the square of an error counts of a weight x in column j.
enum class Weigh : uint8_t {
  evenly,     // importance[j]
  by_size,    // importance[j] * sqrt(mean of the squares of x's row + x^2): large weights count more, as their errors cost more
  by_square,  // importance[j] * x^2: large weights count much more
};

struct Rows {
  const float* x;           // (rows, cols), contiguous; anything, NaN too
  int64_t rows, cols;       // cols: a multiple of the type's block
  const float* importance;  // (cols), finite, at least 0; null: 1 each
  Weigh weigh = Weigh::evenly;
  // Scales raised until sum w x y = sum w x² over a block, y decoded. The least squared error shrinks all values: by a fifth where a
  // value has 1.6 bits, which a model's output shows more than it does the error that is added. Not heeded by Q4_1, Q5_1, MXFP4
  // and NVFP4.
  bool unbiased = false;
};

bool encodes(Type type);           // F32, F16, BF16 and every block type of quant::types()
bool wants_importance(Type type);  // without it the result is hardly usable: IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S

// Any number of threads may call it, each for other rows. Blocks are valid whatever x holds: scales finite, no NaN decoded.
// Throws Code::unsupported for a type that is not encoded here, Code::argument where cols is not a multiple of its block.
void encode(Type type, const Rows& rows, void* blocks);

// For checks: the ISAs whose kernels run here, best first, and a choice among them by name.
std::vector<std::string> isas();
void encode(std::string_view isa, Type type, const Rows& rows, void* blocks);

}  // namespace lt::encode
