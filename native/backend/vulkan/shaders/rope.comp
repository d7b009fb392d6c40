#version 460
// Su et al. 2021: each pair of columns of every head, from its column `start` on, is turned by position * frequency. A pair of one row
// an invocation.
#include "core.glsl"
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
  Floats x, freqs;
  Ints positions, axes;  // of a row, several positions; of a pair, which of them
  uint x_stride, positions_stride, dim, start, heads, pairs, neighbours, has_axes, rows;
  float magnitude;
};

// frac(position * frequency / 2 pi) as a signed number of 2^-32 turns. In integers, as a float holds no angle of a far position:
// the frequency is mantissa * 2^-shift, and 2^64 / (2 pi) = 0x28be60db9391054a, so that frequency / 2 pi has 64 binary places.
int turn(uint position, float frequency) {
  const uint bits = floatBitsToUint(frequency);
  const int shift = 150 - int((bits >> 23) & 0xffu);
  if ((bits & 0x7f800000u) == 0u || shift < 0 || shift > 95) return 0;
  const uint mantissa = (bits & 0x7fffffu) | 0x800000u;
  uint high, low, carry, middle, spare;
  umulExtended(mantissa, 0x9391054au, carry, low);
  umulExtended(mantissa, 0x28be60dbu, high, middle);
  middle = uaddCarry(middle, carry, spare);
  high += spare;
  // The 96 bits high, middle, low shifted down.
  uint down = uint(shift);
  while (down >= 32u) {
    low = middle;
    middle = high;
    high = 0u;
    down -= 32u;
  }
  if (down > 0u) {
    low = (low >> down) | (middle << (32u - down));
    middle = (middle >> down) | (high << (32u - down));
  }
  uint over, under;
  umulExtended(low, position, over, under);
  const uint turns = middle * position + over;
  return (bits >> 31) != 0u ? -int(turns) : int(turns);
}

// Cosine and sine: the nearest quarter turn, and the series of the rest, at most pi / 4.
vec2 direction(int turns) {
  const int quarter = (turns + 0x20000000) >> 30;
  precise float a = float(turns - (quarter << 30)) * 1.4629180792671596e-9;  // 2 pi / 2^32
  precise float a2 = a * a;
  precise float s = fma(fma(fma(fma(2.7557319e-6, a2, -1.9841270e-4), a2, 8.3333333e-3), a2, -0.16666667), a2 * a, a);
  precise float c = fma(fma(fma(fma(fma(-2.7557319e-7, a2, 2.4801587e-5), a2, -1.3888889e-3), a2, 4.1666667e-2), a2, -0.5), a2, 1.0);
  const vec2 turned = (quarter & 1) != 0 ? vec2(-s, c) : vec2(c, s);
  return (quarter & 2) != 0 ? -turned : turned;
}

void main() {
  const uint i = gl_GlobalInvocationID.x, r = group_down();
  if (i >= pairs || r >= rows) return;
  const uint axis = has_axes != 0u ? uint(axes.at[i]) : 0u;
  precise vec2 d = direction(turn(uint(positions.at[r * positions_stride + axis]), freqs.at[i])) * magnitude;
  const uint first = neighbours != 0u ? 2u * i : i, second = neighbours != 0u ? 2u * i + 1u : i + pairs;
  for (uint h = 0u; h < heads; h++) {
    const uint at = r * x_stride + h * dim + start;
    const float a = x.at[at + first], b = x.at[at + second];
    precise float turned_a = a * d.x - b * d.y, turned_b = a * d.y + b * d.x;
    x.at[at + first] = turned_a;
    x.at[at + second] = turned_b;
  }
}
