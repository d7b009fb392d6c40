// A part: the values that share a scale, 16 or 32. What it gains at a scale is how much less error its best points leave than
// zeros would.
//
// Each of its points has a list of lines (codebook_points.h); some types choose among lists:
//   IQ3_XXS  8 values have an even number of negative signs over two points, so where x has an odd one, one point gives way: two
//            lists a point, as x has the signs and with one sign wrong
//   IQ1_S    four points are shifted the same way: two lists a point, up and down
#pragma once
#include "encode/books.h"
#include "encode/kernels/codebook_points.h"

namespace lt::encode::LT_ISA {
namespace {

enum class Signs {
  own,   // the book's values have theirs
  free,  // any
  even,  // an even number of negative ones in 8 values
};

// A type T says: Block, book(), width and points of the book, values of a part, steps (scales are (2 step + 1) unit d, step < steps),
// unit, signs, same_shift, and puts a coded part into a block.
struct Coded {
  int step;
  int points[8];
  uint8_t signs[4];  // of 8 values each
};

// Where a word has four times 7 sign bits (the eighth makes their number even) and the step on top.
LT_INLINE uint32_t signs_and_step(const Coded& c) {
  uint32_t word = static_cast<uint32_t>(c.step) << 28;
  for (int e = 0; e < 4; e++) word |= (c.signs[e] & 127u) << (7 * e);
  return word;
}

LT_INLINE void put_word(uint8_t* bytes, uint32_t word) {
  for (int i = 0; i < 4; i++) bytes[i] = static_cast<uint8_t>(word >> (8 * i));
}

template <class T>
struct Part {
  static constexpr int points = T::values / T::width, eights = T::values / 8;
  static constexpr bool pairs = T::signs == Signs::even && T::width == 4;
  static constexpr int lists = points * (pairs || T::same_shift ? 2 : 1);
  static constexpr int entries = T::same_shift ? T::points / 2 : T::points;

  alignas(64) float pull[T::values], weight[T::values];  // 2 w |x|, or 2 w x where points have signs; w
  uint8_t negative[eights];
  bool odd[eights];
  float largest;

  void take(const float* x, const float* w) {
    float total = 0;
    for (int i = 0; i < T::values; i++) total += w[i];
    largest = 0;
    for (int i = 0; i < T::values; i++) {
      const float size = x[i] < 0 ? -x[i] : x[i];
      weight[i] = total > 0 ? w[i] : 1e-6f;  // what nothing weighs is written nearly as it is, for next to nothing
      pull[i] = 2 * weight[i] * (T::signs == Signs::own ? x[i] : size);
      if (weight[i] > 0 && size > largest) largest = size;
    }
    for (int e = 0; e < eights; e++) {
      uint32_t bits = 0;
      for (int i = 0; i < 8; i++) bits |= (x[8 * e + i] < 0 ? 1u : 0u) << i;
      negative[e] = static_cast<uint8_t>(bits);
      const uint32_t folded = bits ^ bits >> 4;
      odd[e] = T::signs == Signs::even && (0x6996u >> (folded & 15) & 1);
    }
  }

  bool used(int list) const { return !pairs || list < points || odd[(list - points) / 2]; }

  // The gain of the whole part, a number or a vector of them, from those of its lists.
  template <class V>
  V together(const V* of) const {
    V all = of[0];
    if constexpr (pairs) {
      for (int e = 0; e < eights; e++) {
        const V* a = of + 2 * e;
        const V* b = a + points;
        const V both = odd[e] ? larger(b[0] + a[1], a[0] + b[1]) : a[0] + a[1];
        all = e == 0 ? both : all + both;
      }
    } else if constexpr (T::same_shift) {
      V down = of[1];
      for (int p = 1; p < points; p++) all = all + of[2 * p], down = down + of[2 * p + 1];
      all = larger(all, down);
    } else {
      for (int p = 1; p < points; p++) all = all + of[p];
    }
    return all;
  }

  // Which list of each point that gain comes from.
  void choose(const float* of, int* chosen) const {
    for (int p = 0; p < points; p++) chosen[p] = p;
    if constexpr (pairs) {
      for (int e = 0; e < eights; e++) {
        const int a = 2 * e, b = a + points;
        if (odd[e]) chosen[of[b] + of[a + 1] >= of[a] + of[b + 1] ? a : a + 1] += points;
      }
    } else if constexpr (T::same_shift) {
      float up = of[0], down = of[1];
      for (int p = 1; p < points; p++) up = up + of[2 * p], down = down + of[2 * p + 1];
      for (int p = 0; p < points; p++) chosen[p] = 2 * p + (up >= down ? 0 : 1);
    }
  }

  // The gain at each of 16 scales if every value could have any level.
  f32x16 free_gain(f32x16 scales) const {
    const Book& book = T::book();
    f32x16 all = zero();
    for (int i = 0; i < T::values; i++) {
      f32x16 most = set1(never);
      for (int k = 0; k < book.levels; k++)
        most = max(most, fma(set1(-(weight[i] * book.level[k]) * book.level[k]), scales, set1(pull[i] * book.level[k])));
      all = all + most;
    }
    return scales * all;
  }

  // |x| of a point's last value.
  float last(int point) const {
    const int i = point * T::width + T::width - 1;
    return weight[i] > 0 ? pull[i] / (2 * weight[i]) : 0;
  }

  // The most that 2X - s W can be for points outside of each one's window, whose middle is where x is: with any levels but the last
  // value's, which is next to the window.
  void limits(float scale, const Window* windows, float* most) const {
    const Book& book = T::book();
    alignas(64) float any[16] = {};
    for (int i = 0; i + 1 < T::width; i++) {
      alignas(64) float towards[16] = {}, heavy[16] = {};
      for (int p = 0; p < points; p++) towards[p] = pull[p * T::width + i], heavy[p] = scale * weight[p * T::width + i];
      f32x16 best = set1(never);
      for (int k = 0; k < book.levels; k++) {
        const float level = book.level[k];
        best = max(best, fma(set1(level), load(towards), set1(-(level * level)) * load(heavy)));
      }
      store(any, load(any) + best);
    }
    for (int p = 0; p < points; p++) {
      const auto gain = [&, i = p * T::width + T::width - 1](float level) { return pull[i] * level - scale * weight[i] * level * level; };
      const Window& w = windows[p];
      const float below = w.low > 0 ? gain(book.level[w.low - 1]) : never, above = w.high < book.levels ? gain(book.level[w.high]) : never;
      most[p] = any[p] + larger(below, above);
    }
  }

  // Makes the number of negative signs even, where the points say it costs least.
  void write_signs(Coded& coded) const {
    const float* book = T::book().values;
    for (int e = 0; e < eights; e++) {
      coded.signs[e] = negative[e];
      if (!odd[e]) continue;
      int at = 0;
      float least = 0;
      for (int i = 0; i < 8; i++) {
        const int v = 8 * e + i, point = coded.points[v / T::width];
        const float cost = pull[v] * book[(point / 16 * T::width + v % T::width) * 16 + point % 16];
        if (i == 0 || cost < least) least = cost, at = i;
      }
      coded.signs[e] = static_cast<uint8_t>(coded.signs[e] ^ 1u << at);
    }
  }

 private:
  static float larger(float a, float b) { return a > b ? a : b; }
  static f32x16 larger(f32x16 a, f32x16 b) { return max(a, b); }
};

// The best point of a list at a scale.
struct Best {
  float gain, twice_x, w;  // gain: 2X - s W
  int point;
};

// What the points of the book are worth for a part: room for it, one part at a time.
//
// Books whose values have many levels are searched in a window: their points are sorted by the last value, and those whose last
// value is far from x's are seldom the best.
template <class T>
struct Worth {
  using P = Part<T>;
  static constexpr bool windows = T::width == 4;
  static constexpr int together = windows ? 1 : P::points;  // points whose worth is kept at a time
  alignas(64) float twice_x[together * P::lists / P::points * P::entries], w[together * T::points];

  // The lines of each list that are the highest at some scales from small to large.
  void draw(const P& part, float small, float large, const float* scales, Lines* lines) {
    for (int p = 0; p < P::points; p += together) {
      const Window window = windows ? around(part.last(p), small, large) : all;
      measure(part, p, window);
      each_list(part, p, [&](int l, const float* xs, const float* ws) { highest<P::entries>(xs, ws, seen(window), scales, lines[l]); });
    }
  }

  // The exact best of each list at a scale: of the window, where no point outside can be better.
  void best(const P& part, float scale, Best* of) {
    Window window[P::points];
    float outside[P::points];
    for (int p = 0; p < P::points; p++) window[p] = windows ? around(part.last(p), scale, scale) : all, outside[p] = never;
    if constexpr (windows) part.limits(scale, window, outside);
    for (int p = 0; p < P::points; p += together) {
      measure(part, p, window[p]);
      if (best_seen(part, p, window[p], scale, of) < outside[p]) {
        measure(part, p, all);
        best_seen(part, p, all, scale, of);
      }
    }
  }

 private:
  static constexpr Window all{0, T::points / 16, 0, 0};
  static Window seen(Window window) { return windows ? window : Window{0, P::entries / 16, 0, 0}; }

  // Of points p up to p + together; the lists follow one another, those with a wrong sign last.
  void measure(const P& part, int p, Window window) {
    constexpr int at_once = together % 4 == 0 ? 4 : together;
    const float* book = T::book().values;
    for (int i = 0; i < together; i += at_once) {
      const float* pull = part.pull + (p + i) * T::width;
      measure_points<T::width, T::points, at_once>(book, pull, part.weight + (p + i) * T::width, window, twice_x + i * T::points,
                                                   w + i * T::points);
    }
    if constexpr (T::signs == Signs::even) {
      for (int i = 0; i < together; i++) {
        if (!part.odd[(p + i) * T::width / 8]) continue;
        const float* from = twice_x + i * T::points;
        flip_one<T::width>(book, part.pull + (p + i) * T::width, window, from, twice_x + (P::pairs ? together + i : i) * T::points);
      }
    }
  }

  template <class Use>
  void each_list(const P& part, int p, Use use) const {
    if constexpr (P::pairs) {
      use(p, twice_x, w);
      if (part.used(P::points + p)) use(P::points + p, twice_x + T::points, w);
    } else {
      constexpr int per_point = P::lists / P::points;
      for (int i = 0; i < together * per_point; i++) use(p * per_point + i, twice_x + i * P::entries, w + i * P::entries);
    }
  }

  // Returns the least of the lists' maxima.
  float best_seen(const P& part, int p, Window window, float scale, Best* of) const {
    float least = -never;
    each_list(part, p, [&](int l, const float* xs, const float* ws) {
      Best& b = of[l];
      b.gain = most_at(xs, ws, seen(window), scale);
      b.point = find_point(xs, ws, seen(window), scale, b.gain);
      b.twice_x = xs[b.point], b.w = ws[b.point];
      least = b.gain < least ? b.gain : least;
    });
    return least;
  }

  static Window around(float size, float small, float large) {
    const Book& book = T::book();
    const float margin = 2.1f * (book.level[1] - book.level[0]), from = size / large - margin, to = size / small + margin;
    int low = 0, high = 1;
    for (int k = 0; k + 1 < book.levels; k++) low += book.level[k] < from ? 1 : 0;
    for (int k = 1; k < book.levels; k++) high += book.level[k] <= to ? 1 : 0;
    if (high <= low) high = low + 1;
    return {book.starts[low] / 16, (book.starts[high] + 15) / 16, low, high};
  }
};

// The gain at each of 16 scales, as far as the lines of each list tell.
template <class T>
LT_NOINLINE f32x16 gain_at(const Part<T>& part, const Lines* lines, f32x16 scales) {
  const f32x16 negative = zero() - scales;
  f32x16 of[Part<T>::lists];
  for (int l = 0; l < Part<T>::lists; l++) of[l] = part.used(l) ? envelope(lines[l], negative) : zero();
  return scales * part.together(of);
}

}  // namespace
}  // namespace lt::encode::LT_ISA
