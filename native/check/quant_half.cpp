// 16-bit floats against a reference in double, for all inputs of one direction and around every rounding border of the other.
#include <cmath>
#include <limits>

#include "check/check.h"
#include "quant/block.h"

namespace {

using namespace lt::quant;

double half_reference(uint16_t h) {
  const int e = (h >> 10) & 31, m = h & 1023;
  const double sign = h & 0x8000 ? -1 : 1;
  if (e == 31) return m ? std::numeric_limits<double>::quiet_NaN() : sign * std::numeric_limits<double>::infinity();
  return sign * (e ? std::ldexp(1024 + m, e - 25) : std::ldexp(m, -24));
}

void check_rounding(float x) {
  const uint16_t h = float_to_half(x);
  if (std::isnan(x)) {
    CHECK_THAT((h & 0x7fff) > 0x7c00, "NaN became " << h);
    return;
  }
  CHECK((h >> 15) == (bits_of_float(x) >> 31));
  const double size = std::fabs(static_cast<double>(x));
  if (size >= 65520) {  // half way from the largest, 65504, to what would be the next
    CHECK_THAT((h & 0x7fff) == 0x7c00, x << " became " << h);
    return;
  }
  const uint16_t up = h & 0x7fff;
  const double here = std::fabs(half_reference(h)), error = std::fabs(here - size);
  const double above = up == 0x7bff ? 65536 : half_reference(static_cast<uint16_t>(up + 1));
  const double below = up ? half_reference(static_cast<uint16_t>(up - 1)) : 0;
  CHECK_THAT(error <= std::fabs(above - size) && (!up || error <= std::fabs(below - size)), x << " became " << here);
  const bool tie = error == std::fabs(above - size) || (up && error == std::fabs(below - size));
  CHECK_THAT(!tie || up % 2 == 0, x << " is a tie and became the odd " << here);
}

CHECK_CASE("quant/each of 65536 halves has its exact value and returns") {
  for (uint32_t i = 0; i < 65536; i++) {
    const uint16_t h = static_cast<uint16_t>(i);
    const float x = half_to_float(h);
    const double want = half_reference(h);
    if (std::isnan(want)) {
      CHECK(std::isnan(x) && float_to_half(x) == (h | 0x0200));
    } else {
      CHECK_THAT(x == want && std::signbit(x) == std::signbit(want), h << " gave " << x);
      CHECK_THAT(float_to_half(x) == h, h << " came back as " << float_to_half(x));
    }
#if defined(__FLT16_MANT_DIG__) && (defined(__clang__) || defined(__x86_64__))  // g++ 12 has the type on x86 alone
    _Float16 native;
    memcpy(&native, &h, sizeof native);
    CHECK_THAT(std::isnan(want) || bits_of_float(static_cast<float>(native)) == bits_of_float(x), h << " differs from the compiler's");
#endif
  }
}

CHECK_CASE("quant/a float becomes the nearest half, ties to even") {
  for (uint32_t h = 0; h < 0x7c00; h++) {
    const float x = half_to_float(static_cast<uint16_t>(h));
    const float next = h == 0x7bff ? 65536.0f : half_to_float(static_cast<uint16_t>(h + 1));
    const float middle = x + (next - x) / 2;
    for (const float y : {x, middle, std::nextafter(middle, 0.0f), std::nextafter(middle, 1e6f), std::nextafter(next, 0.0f)}) {
      check_rounding(y);
      check_rounding(-y);
    }
  }
  const float limit = std::numeric_limits<float>::max();
  for (const float y : {0.0f, 1e-45f, 1e-30f, 65519.99f, 65520.0f, 70000.0f, limit, std::numeric_limits<float>::infinity(), NAN}) {
    check_rounding(y);
    check_rounding(-y);
  }
  uint32_t state = 1;
  for (int i = 0; i < 1000000; i++) {
    state = state * 1664525 + 1013904223;
    check_rounding(float_of_bits(state));
  }
}

CHECK_CASE("quant/bf16 is the upper half of a float, rounded to nearest even") {
  for (uint32_t i = 0; i < 65536; i++) {
    const float x = bf16_to_float(static_cast<uint16_t>(i));
    CHECK(bits_of_float(x) == i << 16);
    if (std::isnan(x)) {
      CHECK(float_to_bf16(x) == (i | 0x40));
      continue;
    }
    CHECK(float_to_bf16(x) == i);
    if (std::isinf(x)) continue;
    const uint32_t odd = i & 1;  // the tie goes to the even neighbour
    CHECK(float_to_bf16(float_of_bits((i << 16) + 0x7fff)) == i);
    CHECK(float_to_bf16(float_of_bits((i << 16) + 0x8000)) == i + odd);
    CHECK(float_to_bf16(float_of_bits((i << 16) + 0x8001)) == i + 1);
  }
}

}  // namespace
