#include "encode/books.h"

#include <algorithm>
#include <vector>

#include "quant/grids/iq1_s.h"
#include "quant/grids/iq2_s.h"
#include "quant/grids/iq2_xs.h"
#include "quant/grids/iq2_xxs.h"
#include "quant/grids/iq3_s.h"
#include "quant/grids/iq3_xxs.h"
#include "quant/grids/point.h"

namespace lt::encode {
namespace {

// A book that owns its values; `point` writes the width values of a point.
template <int points, int width>
struct Owned {
  alignas(64) float values[points * width];
  Book book{points, width, 0, values, 0, {}, {}};

  template <class Point>
  explicit Owned(Point point) {
    for (int p = 0; p < points; p++) {
      float y[8];
      point(static_cast<uint32_t>(p), y);
      for (int i = 0; i < width; i++) {
        values[(p / 16 * width + i) * 16 + p % 16] = y[i];
        add_level(y[i]);
      }
      book.top = std::max(book.top, *std::max_element(y, y + width));
    }
    std::sort(book.level, book.level + book.levels);
    for (int k = 0; k <= book.levels; k++) book.starts[k] = k < book.levels ? first_of(book.level[k]) : points;
  }
  void add_level(float value) {
    float* end = book.level + book.levels;
    if (std::find(book.level, end, value) == end) *end = value, book.levels++;
  }
  int first_of(float last) const {
    int p = 0;
    while (p < points && values[(p / 16 * width + width - 1) * 16 + p % 16] < last) p++;
    return p;
  }
};

}  // namespace

const Book& book_iq1() {
  static const Owned<4096, 8> owned(
      [](uint32_t p, float* y) { quant::iq1_point(quant::iq1_s_code(p & 2047), p < 2048 ? 0.125f : -0.125f, 1.0f, y); });
  return owned.book;
}

const Book& book_iq2_xxs() {
  static const Owned<256, 8> owned([](uint32_t p, float* y) { quant::iq2_point(quant::iq2_xxs_code(p), 0, 1.0f, y); });
  return owned.book;
}

const Book& book_iq2_xs() {
  static const Owned<512, 8> owned([](uint32_t p, float* y) { quant::iq2_point(quant::iq2_xs_code(p), 0, 1.0f, y); });
  return owned.book;
}

const Book& book_iq2_s() {
  static const Owned<1024, 8> owned([](uint32_t p, float* y) { quant::iq2_point(quant::iq2_s_code(p), 0, 1.0f, y); });
  return owned.book;
}

const Book& book_iq3_xxs() {
  static const Owned<256, 4> owned([](uint32_t p, float* y) { quant::iq3_xxs_point(quant::iq3_xxs_code(p), 0, 1.0f, y); });
  return owned.book;
}

const Book& book_iq3_s() {
  static const Owned<512, 4> owned([](uint32_t p, float* y) { quant::iq3_s_point(quant::iq3_s_code(p), 0, 1.0f, y); });
  return owned.book;
}

}  // namespace lt::encode
