// 16-bit floats in integer arithmetic: exact on every device, whatever it does to denormals.
#ifdef HALF
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#endif

float half_value(uint h) {  // of the low 16 bits
#ifdef HALF
  if (((h & 0x7fffu) - 1u) >= 0x3ffu) return float(unpackFloat2x16(h).x);  // the device converts all but denormals exactly
#endif
  const uint rest = h & 0x7fffu;
  const uint sign = (h & 0x8000u) << 16;
  precise float denormal = uintBitsToFloat(0x3f000000u + rest) - 0.5;  // a unit in the last place of 0.5 is a denormal half's
  const uint special = (rest << 13) | 0x7f800000u;
  const uint normal = (rest << 13) + (112u << 23);
  return uintBitsToFloat(sign | (rest >= 0x7c00u ? special : rest < 0x0400u ? floatBitsToUint(denormal) : normal));
}

// Rounds to nearest, ties to even; beyond 65504 to infinity.
uint half_bits(float x) {
  const uint bits = floatBitsToUint(x);
  const uint rest = bits & 0x7fffffffu;
  const uint normal = (rest - (112u << 23) + 0x0fffu + ((rest >> 13) & 1u)) >> 13;
  precise float moved = uintBitsToFloat(rest) + 0.5;  // rounds
  const uint denormal = floatBitsToUint(moved) - 0x3f000000u;
  const uint special = rest > 0x7f800000u ? 0x7e00u | ((rest >> 13) & 0x03ffu) : 0x7c00u;
  return ((bits >> 16) & 0x8000u) | (rest >= 0x47800000u ? special : rest < 0x38800000u ? denormal : normal);
}
