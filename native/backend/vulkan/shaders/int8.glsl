// Products of blocks of 32 integers, exact in any order. A file of int8/ gives codes32(w, row, k, q, scale, least) for the block
// k of a row of a weight type: value i = scale * code i + least, the codes four signed bytes a word; with TWO_SCALES scale.x
// for the first 16 values, scale.y for the others; least only with LEAST.
// Inputs are blocks of ten words that round_inputs.comp wrote. A block joins a chain by one fused multiply-add a scale, then one
// for the least: in matmul_int8_rows.comp and matmul_int8_tile.comp alike.

// OpSDot of SPV_KHR_integer_dot_product; the literal 0 says that a word holds four bytes.
#extension GL_EXT_spirv_intrinsics : require
spirv_instruction(extensions = ["SPV_KHR_integer_dot_product"], capabilities = [6019, 6018], id = 4450)
int signed_dot(uint a, uint b, spirv_literal int packing);
int dot4(uint a, uint b) { return signed_dot(a, b, 0); }

// x: d and d times the sum of the inputs. low, high: products of the codes with the inputs, of the two halves with TWO_SCALES; else
// low is that of the whole.
float joined(float chain, float low, float high, vec2 scale, float least, vec2 x) {
  precise float first = scale.x * x.x;
  precise float sum = fma(first, low, chain);
#ifdef TWO_SCALES
  precise float second = scale.y * x.x;
  sum = fma(second, high, sum);
#endif
#ifdef LEAST
  sum = fma(least, x.y, sum);
#endif
  return sum;
}
