// Attention of a tile of query rows over the paged cache (online softmax: Milakov and Gimelshein, 2018).
//
// The order of every row's arithmetic, whatever the tile: a score adds its columns in ascending order, one fused multiply-add
// each, then times the scale; blocks of 64 absolute places ascending; a block's weights are summed in 16 lanes, places
// ascending, then folded; the weighted rows of V are added in ascending place; every 512 absolute places start afresh and
// are merged in ascending order, a sink before all. Places a row does not see are never multiplied, so that what lies there
// cannot matter.
#include "backend/cpu/attend_tile.h"
#include "backend/cpu/kernels/activate.h"
#include "backend/cpu/kernels/columns.h"
#include "backend/cpu/kernels/rows.h"

namespace lt::cpu::LT_ISA {

// most_together: heads of one query row that share a reading of a page; more take an unpacked copy of it. most_scores, most_sums: of
// vectors of them that stay in registers.
constexpr int most_together = 8;
#if defined(LT_ISA_AVX512)
constexpr int strip_rows = 6, strip_vectors = 4, most_scores = 8, most_sums = 16;
#else
constexpr int strip_rows = 6, strip_vectors = 1, most_scores = 4, most_sums = 4;
#endif
constexpr int64_t page = attend_page;
static_assert(strip_rows <= most_together);

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t between(int64_t a, int64_t low, int64_t high) { return most(low, least(high, a)); }
static int64_t whole(int64_t dim) { return (dim + 15) / 16 * 16; }

// out (whole(dim), 64) = in (64, dim) transposed, as far as place `last`.
template <class Row>
static void load_keys(float* out, const uint8_t* in, int64_t stride, int64_t dim, int64_t last) {
  for (int64_t p = 0; p < last; p += 16)
    for (int64_t i = 0; i < dim; i += 16) {
      f32x16 r[16];
      columns<Row>(in + p * stride, stride, i, least(16, dim - i), r);
      LT_UNROLL for (int j = 0; j < 16; j++) store(out + (i + j) * page + p, r[j]);
    }
}

// out (64, whole(dim)) = in (64, dim), padded with zeros.
template <class Row>
static void load_values(float* out, const uint8_t* in, int64_t stride, int64_t dim, int64_t first, int64_t last) {
  for (int64_t p = first; p < last; p++) {
    int64_t i = 0;
    for (; i + 16 <= dim; i += 16) store(out + p * whole(dim) + i, Row::at(in + p * stride, i));
    if (i < dim) store(out + p * whole(dim) + i, Row::at(in + p * stride, i, dim - i));
  }
}

// c (R, 16 C) = or += a (R, k) times b (k, 16 C), k ascending.
template <int R, int C>
LT_NOINLINE void multiply(float* c, int64_t c_stride, const float* a, int64_t a_stride, const float* b, int64_t b_stride, int64_t k,
                          bool onto) {
  f32x16 acc[R][C];
  LT_UNROLL for (int r = 0; r < R; r++) LT_UNROLL for (int j = 0; j < C; j++) {
    acc[r][j] = onto ? load(c + r * c_stride + 16 * j) : zero();
  }
  for (int64_t i = 0; i < k; i++) {
    f32x16 v[C];
    LT_UNROLL for (int j = 0; j < C; j++) v[j] = load(b + i * b_stride + 16 * j);
    LT_UNROLL for (int r = 0; r < R; r++) {
      const f32x16 s = set1(a[r * a_stride + i]);
      LT_UNROLL for (int j = 0; j < C; j++) acc[r][j] = fma(s, v[j], acc[r][j]);
    }
  }
  LT_UNROLL for (int r = 0; r < R; r++) LT_UNROLL for (int j = 0; j < C; j++) store(c + r * c_stride + 16 * j, acc[r][j]);
}

template <int C>
static void multiply_rows(int64_t rows, float* c, int64_t c_stride, const float* a, int64_t a_stride, const float* b, int64_t b_stride,
                          int64_t k, bool onto) {
  using Fn = void(float*, int64_t, const float*, int64_t, const float*, int64_t, int64_t, bool);
  static Fn* const by_rows[] = {multiply<1, C>, multiply<2, C>, multiply<3, C>, multiply<4, C>, multiply<5, C>, multiply<6, C>};
  by_rows[rows - 1](c, c_stride, a, a_stride, b, b_stride, k, onto);
}

// The same for any number of columns that 16 divides; rows <= strip_rows.
static void multiply_all(int64_t rows, int64_t cols, float* c, int64_t c_stride, const float* a, int64_t a_stride, const float* b,
                         int64_t b_stride, int64_t k, bool onto) {
  int64_t j = 0;
  for (; j + 16 * strip_vectors <= cols; j += 16 * strip_vectors)
    multiply_rows<strip_vectors>(rows, c + j, c_stride, a, a_stride, b + j, b_stride, k, onto);
  for (; j < cols; j += 16) multiply_rows<1>(rows, c + j, c_stride, a, a_stride, b + j, b_stride, k, onto);
}

static void scale_by(float* y, float by, int64_t cols) {
  const f32x16 s = set1(by);
  for (int64_t i = 0; i < cols; i += 16) store(y + i, load(y + i) * s);
}

static float exp1(float x) {
  float lanes[16];
  store(lanes, exp(set1(x)));
  return lanes[0];
}

// Scales a row's 64 scores at places [first, last) and gives the highest; around them it puts -inf as far as whole vectors go.
LT_INLINE float scale_scores(float* scores, float scale, Places seen) {
  f32x16 high = set1(-INFINITY);
  for (int64_t j = seen.first / 16; j < (seen.last + 15) / 16; j++) {
    const f32x16 s = load(scores + 16 * j) * set1(scale);
    const bool all = seen.first <= 16 * j && 16 * (j + 1) <= seen.last;
    const f32x16 kept = all ? s : keep(s, most(0, seen.first - 16 * j), least(16, seen.last - 16 * j), -INFINITY);
    high = max(high, kept);
    store(scores + 16 * j, kept);
  }
  return fold_max(high);
}

// Fits what was summed so far to a new maximum. row: sums (cols), then maximum and sum of weights.
LT_INLINE void fit(float* row, float highest, int64_t cols) {
  const float before = row[cols];
  if (!(highest > before)) return;
  const float by = exp1(before - highest);
  row[cols] = highest;
  row[cols + 1] *= by;
  scale_by(row, by, cols);
}

// Scaled scores to weights, whose sum is added to the row's.
LT_INLINE void soften(float* scores, Places seen, float* row, int64_t cols) {
  const f32x16 maximum = set1(row[cols]);
  f32x16 sum = zero();
  for (int64_t j = seen.first / 16; j < (seen.last + 15) / 16; j++) {
    const f32x16 s = exp(load(scores + 16 * j) - maximum);
    sum = sum + s;
    store(scores + 16 * j, s);
  }
  row[cols + 1] += fold_add(sum);
}

// What a query row sees of the 64 places from `begin` on.
static Places seen(const AttendPiece& p, int64_t row, int64_t begin) {
  const Places all = p.seen[row / p.group];
  return {between(all.first - begin, 0, page), between(all.last - begin, 0, page)};
}

// Adds the weighted values: what all rows of a strip see together, what only some see one by one, each row's in order.
static void add_values(int64_t rows, const Places* seen, float* sums, int64_t sums_stride, const float* weights, const float* v,
                       int64_t cols) {
  Places both = seen[0];
  for (int64_t r = 1; r < rows; r++) both = {most(both.first, seen[r].first), least(both.last, seen[r].last)};
  const bool shared = both.first < both.last;
  const auto alone = [&](int64_t r, int64_t first, int64_t last) {
    if (first < last)
      multiply_all(1, cols, sums + r * sums_stride, 0, weights + r * page + first, 0, v + first * cols, cols, last - first, true);
  };
  for (int64_t r = 0; r < rows; r++) alone(r, seen[r].first, shared ? both.first : seen[r].last);
  if (!shared) return;
  multiply_all(rows, cols, sums, sums_stride, weights + both.first, page, v + both.first * cols, cols, both.last - both.first, true);
  for (int64_t r = 0; r < rows; r++) alone(r, both.last, seen[r].last);
}

// Where a piece's working memory lies in the panel.
struct Work {
  float *q, *whole, *split, *keys, *values;
  int64_t q_stride;      // of q
  int64_t cols, stride;  // of values and sums; of `whole` and `split`
  Places seen;           // by any row
  bool bent;             // scores are capped or less by their distance
};

static Work work_of(const AttendPiece& p) {
  const int64_t q_stride = whole(p.dim), cols = whole(p.v_dim), stride = partial_floats(p.v_dim);
  const int64_t rows = p.rows * p.group;
  float* at = reinterpret_cast<float*>(p.panel);
  Work w{at, at + rows * q_stride, nullptr, nullptr, nullptr, q_stride, cols, stride, p.seen[0], p.cap > 0 || p.slopes || p.offsets};
  w.split = w.whole + rows * stride;
  w.keys = w.split + rows * stride;
  w.values = w.keys + q_stride * page;
  for (int64_t r = 1; r < p.rows; r++) w.seen = {least(w.seen.first, p.seen[r].first), most(w.seen.last, p.seen[r].last)};
  return w;
}
// Adds to the scores of row r from `begin` on what belongs to the distance (Raffel et al., 2020).
static void offset(const AttendPiece& p, int64_t r, int64_t begin, Places seen, float* scores) {
  const float* of = p.offsets + r % p.group * p.offset_stride;
  const int64_t place = p.first_place + r / p.group;
  for (int64_t j = seen.first; j < seen.last; j++) scores[j] += of[between(begin + j - place, -p.offset_reach, p.offset_reach)];
}

// The scores of row r from `begin` on: scaled, capped (Gemma Team, 2024), less what distance costs (Press et al., 2021).
LT_NOINLINE void bend(const AttendPiece& p, int64_t r, int64_t begin, Places seen, float* scores) {
  static const float numbers[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const float slope = p.slopes ? p.slopes[r % p.group] : 0.0f;
  for (int64_t j = seen.first / 16; j < (seen.last + 15) / 16; j++) {
    f32x16 s = load(scores + 16 * j) * set1(p.scale);
    if (p.cap > 0) s = set1(p.cap) * tanh(s / set1(p.cap));
    const auto distance = static_cast<float>(p.first_place + r / p.group - begin - 16 * j);
    store(scores + 16 * j, fma(set1(-slope), set1(distance) - load(numbers), s));
  }
  if (p.offsets) offset(p, r, begin, seen, scores);
}

// Scores of n rows, the first of which is r, from `begin` on to weights. out: the rows' sums. Row after row in each of three passes:
// what folds a vector waits for itself, and the next row need not.
static void weigh(const AttendPiece& p, const Work& w, int64_t r, int64_t n, int64_t begin, const Places* seen, float* scores, float* out) {
  float highest[most_together] = {};
  for (int64_t i = 0; i < n; i++) {
    if (seen[i].first >= seen[i].last) continue;
    if (w.bent) bend(p, r + i, begin, seen[i], scores + i * page);
    highest[i] = scale_scores(scores + i * page, w.bent ? 1.0f : p.scale, seen[i]);
  }
  for (int64_t i = 0; i < n; i++)
    if (seen[i].first < seen[i].last) fit(out + i * w.stride, highest[i], w.cols);
  for (int64_t i = 0; i < n; i++)
    if (seen[i].first < seen[i].last) soften(scores + i * page, seen[i], out + i * w.stride, w.cols);
}

// A page's keys and values, and those of a page behind it, which are fetched meanwhile.
struct Place {
  const uint8_t *k, *v, *ahead_k, *ahead_v;
};

constexpr int64_t pages_ahead = 2;

static Place place(const AttendPiece& p, const Work& w, int64_t begin) {
  const int64_t here = p.pages[begin / page] * p.page_stride;
  const bool more = begin + pages_ahead * page < w.seen.last;
  const int64_t ahead = more ? p.pages[begin / page + pages_ahead] * p.page_stride : here;
  return {p.k + here * p.k_stride, p.v + here * p.v_stride, p.k + ahead * p.k_stride, p.v + ahead * p.v_stride};
}

// A few lines at a time, between products: many at once wait for one another, and the products for them.
static void fetch(const uint8_t* at, int64_t bytes) {
  for (int64_t i = 0; i < bytes; i += 64) prefetch_far(at + i);
}

// acc[r] += sixteen columns of q times those of the keys, for the rows that stay in registers, then for the others.
template <int first, int last, int R>
LT_INLINE void add_columns(f32x16 (&acc)[R], const float* q, int64_t q_stride, const f32x16 (&c)[16]) {
  if constexpr (last - first > most_scores) {
    constexpr int middle = (first + last + 1) / 2;
    add_columns<first, middle>(acc, q, q_stride, c);
    add_columns<middle, last>(acc, q, q_stride, c);
  } else {
    LT_UNROLL for (int d = 0; d < 16; d++) LT_UNROLL for (int r = first; r < last; r++) {
      acc[r] = fma(set1(q[r * q_stride + d]), c[d], acc[r]);
    }
  }
}

// The same, with each column widened where it is wanted: products of the one beside interleaving of the next.
template <class Row, int R>
LT_INLINE void add_turned(f32x16 (&acc)[R], const float* q, int64_t q_stride, const uint8_t* keys, int64_t stride, int64_t i) {
  constexpr int width = Row::Turned::columns;
  LT_UNROLL for (int part = 0; part < 16; part += width) {
    const auto t = Row::turn(keys, stride, i + part);
    LT_UNROLL for (int d = 0; d < width; d++) {
      const f32x16 c = Row::column(t, d);
      LT_UNROLL for (int r = 0; r < R; r++) acc[r] = fma(set1(q[r * q_stride + part + d]), c, acc[r]);
    }
  }
}

// The scores of one query row of R heads, straight from the page: what few rows would save, an unpacked copy would cost.
template <class Row, int R>
static void few_scores(const AttendPiece& p, const Work& w, const Place& at, float* scores, Places seen) {
  for (int64_t j = seen.first / 16 * 16; j < seen.last; j += 16) {
    f32x16 acc[R];
    LT_UNROLL for (int r = 0; r < R; r++) acc[r] = zero();
    const int64_t tiles = (p.dim + 15) / 16, share = 16 * p.k_stride / tiles;
    for (int64_t i = 0; i < p.dim; i += 16) {
      fetch(at.ahead_k + j * p.k_stride + i / 16 * share, share);
      const uint8_t* keys = at.k + j * p.k_stride;
      if constexpr (Row::turned && R <= most_scores) {
        if (i + 16 <= p.dim) {
          add_turned<Row>(acc, w.q + i, w.q_stride, keys, p.k_stride, i);
          continue;
        }
      }
      f32x16 c[16];
      columns<Row>(keys, p.k_stride, i, least(16, p.dim - i), c);
      add_columns<0, R>(acc, w.q + i, w.q_stride, c);
    }
    LT_UNROLL for (int r = 0; r < R; r++) store(scores + r * page + j, acc[r]);
  }
}

// part: of the columns from `col` on there are fewer than 16, and C is 1.
template <class Row, int R, int C, bool part>
static void few_values(const AttendPiece& p, const Work& w, const Place& at, const float* weights, Places seen, float* out, int64_t col) {
  f32x16 acc[R][C];
  const int64_t n = p.v_dim - col;
  LT_UNROLL for (int r = 0; r < R; r++) LT_UNROLL for (int j = 0; j < C; j++) acc[r][j] = load(out + r * w.stride + col + 16 * j);
  const int64_t from = col * p.v_stride / p.v_dim, share = 16 * C * p.v_stride / p.v_dim;
  for (int64_t i = seen.first; i < seen.last; i++) {
    f32x16 v[C];
    fetch(at.ahead_v + i * p.v_stride + from, share);
    LT_UNROLL for (int j = 0; j < C; j++) {
      v[j] = part ? Row::at(at.v + i * p.v_stride, col, n) : Row::at(at.v + i * p.v_stride, col + 16 * j);
    }
    LT_UNROLL for (int r = 0; r < R; r++) {
      const f32x16 s = set1(weights[r * page + i]);
      LT_UNROLL for (int j = 0; j < C; j++) acc[r][j] = fma(s, v[j], acc[r][j]);
    }
  }
  LT_UNROLL for (int r = 0; r < R; r++) LT_UNROLL for (int j = 0; j < C; j++) store(out + r * w.stride + col + 16 * j, acc[r][j]);
}

template <class Row, int R>
static void all_values(const AttendPiece& p, const Work& w, const Place& at, const float* weights, Places seen, float* out) {
  if constexpr (R > most_sums) {
    constexpr int half = (R + 1) / 2;
    all_values<Row, half>(p, w, at, weights, seen, out);
    all_values<Row, R - half>(p, w, at, weights + half * page, seen, out + half * w.stride);
  } else {
    constexpr int C = 4 * R <= most_sums ? 4 : 2 * R <= most_sums ? 2 : 1;
    int64_t col = 0;
    for (; col + 16 * C <= p.v_dim; col += 16 * C) few_values<Row, R, C, false>(p, w, at, weights, seen, out, col);
    for (; col + 16 <= p.v_dim; col += 16) few_values<Row, R, 1, false>(p, w, at, weights, seen, out, col);
    if (col < p.v_dim) few_values<Row, R, 1, true>(p, w, at, weights, seen, out, col);
  }
}

template <class Row, int R>
static void walk_few(const AttendPiece& p, const Work& w, float* out, int64_t begin) {
  const Place at = place(p, w, begin);
  Places ranges[R];
  for (Places& range : ranges) range = seen(p, 0, begin);
  float scores[R * page];
  few_scores<Row, R>(p, w, at, scores, ranges[0]);
  weigh(p, w, 0, R, begin, ranges, scores, out);
  all_values<Row, R>(p, w, at, scores, ranges[0], out);
}

template <class Row>
static void walk_tile(const AttendPiece& p, const Work& w, float* out, int64_t begin) {
  const Place at = place(p, w, begin);
  const int64_t rows = p.rows * p.group, end = least(page, w.seen.last - begin);
  load_keys<Row>(w.keys, at.k, p.k_stride, p.dim, end);
  load_values<Row>(w.values, at.v, p.v_stride, p.v_dim, 0, end);
  for (int64_t r = 0; r < rows; r += strip_rows) {
    const int64_t n = least(strip_rows, rows - r);
    float scores[strip_rows * page];
    Places ranges[strip_rows];
    multiply_all(n, whole(end), scores, page, w.q + r * w.q_stride, w.q_stride, w.keys, page, p.dim, false);
    for (int64_t i = 0; i < n; i++) ranges[i] = seen(p, r + i, begin);
    weigh(p, w, r, n, begin, ranges, scores, out + r * w.stride);
    add_values(n, ranges, out + r * w.stride, w.stride, scores, w.values, w.cols);
  }
}

template <class Row, int R = most_together>
static void walk_block(const AttendPiece& p, const Work& w, float* out, int64_t begin) {
  if constexpr (R == 0) {
    walk_tile<Row>(p, w, out, begin);
  } else {
    if (p.rows == 1 && p.group == R) return walk_few<Row, R>(p, w, out, begin);
    walk_block<Row, R - 1>(p, w, out, begin);
  }
}

template <class Row>
static void walk_split(const AttendPiece& p, const Work& w, float* out, int64_t split) {
  for (int64_t r = 0; r < p.rows * p.group; r++) {
    memset(out + r * w.stride, 0, static_cast<size_t>(w.stride) * 4);
    out[r * w.stride + w.cols] = -INFINITY;
  }
  const int64_t last = least(w.seen.last, (split + 1) * attend_split);  // places that nobody sees are skipped
  for (int64_t begin = split * attend_split; begin < last; begin += page)
    if (begin + page > w.seen.first) walk_block<Row>(p, w, out, begin);
}

// Before the first split: nothing, or the sink's weight.
static void begin_with(float* row, float sink, int64_t cols) {
  memset(row, 0, static_cast<size_t>(cols) * 4);
  row[cols] = sink;
  row[cols + 1] = 1;
}

// row += part, both as `soften` leaves them.
static void merge(float* row, const float* part, int64_t cols) {
  if (part[cols] == -INFINITY) return;
  if (row[cols] == -INFINITY) {
    memcpy(row, part, static_cast<size_t>(cols + 2) * 4);
    return;
  }
  const float m = row[cols] > part[cols] ? row[cols] : part[cols];
  const float a = exp1(row[cols] - m), b = exp1(part[cols] - m);
  for (int64_t i = 0; i < cols; i += 16) store(row + i, fma(load(part + i), set1(b), load(row + i) * set1(a)));
  row[cols] = m;
  row[cols + 1] = row[cols + 1] * a + part[cols + 1] * b;
}

static void finish(float* y, const float* row, int64_t dim, int64_t cols) {
  const f32x16 total = set1(row[cols + 1]);
  for (int64_t i = 0; i < dim; i += 16) store(y + i, load(row + i) / total, least(16, dim - i));
}

template <class Row>
static void attend_as(const AttendPiece& p) {
  const Work w = work_of(p);
  const int64_t rows = p.rows * p.group;
  for (int64_t r = 0; r < rows; r++) {
    memset(w.q + (r + 1) * w.q_stride - 16, 0, 64);  // the columns that fill the last vector
    memcpy(w.q + r * w.q_stride, p.q + r / p.group * p.q_stride + r % p.group * p.dim, static_cast<size_t>(p.dim) * 4);
  }
  if (p.partial) return walk_split<Row>(p, w, p.partial, p.first_split);
  for (int64_t r = 0; r < rows; r++) begin_with(w.whole + r * w.stride, p.sinks ? p.sinks[r % p.group] : -INFINITY, w.cols);
  for (int64_t s = p.first_split; s < p.last_split; s++) {
    walk_split<Row>(p, w, w.split, s);
    for (int64_t r = 0; r < rows; r++) merge(w.whole + r * w.stride, w.split + r * w.stride, w.cols);
  }
  for (int64_t r = 0; r < rows; r++)
    finish(p.y + r / p.group * p.y_stride + r % p.group * p.v_dim, w.whole + r * w.stride, p.v_dim, w.cols);
}

void attend(const AttendPiece& p) {
  if (p.type == 0)
    attend_as<RowF32>(p);
  else if (p.type == 1)
    attend_as<RowF16>(p);
  else
    attend_as<RowQ8_0>(p);
}

void attend_merge(float* y, const float* partial, int64_t stride, int64_t splits, int64_t dim, float sink) {
  float row[attend_dim + 16];
  const int64_t cols = whole(dim);
  begin_with(row, sink, cols);
  for (int64_t s = 0; s < splits; s++) merge(row, partial + s * stride, cols);
  finish(y, row, dim, cols);
}

}  // namespace lt::cpu::LT_ISA
