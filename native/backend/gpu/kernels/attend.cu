// softmax(q k^T * scale) v over the paged cache. A block takes one row and up to eight query heads of one KV head, and the split of
// 512 places of an entry of the work list, or all of a row's splits where there is no list.
//
// Order of addition: a score adds its columns ascending, one fused multiply-add each. Keys in pages of 64 absolute places, ascending,
// online softmax (Milakov & Gimelshein 2018): weights of a page are summed as (i, i + 32) pairs folded by a tree over 32 threads,
// weighted values added place by place. Splits of 512 absolute places start afresh and are merged ascending, by merge(), whether a
// block walked them all or each had its own; a sink comes before the first.
#include <algorithm>

#include "backend/gpu/backend.h"
#include "backend/gpu/kernels/cache.h"

namespace lt::gpu::LT_GPU {
namespace {

constexpr int page = Kv::page_size, split_places = Splits::positions;
constexpr int most_heads = 8;                  // of a block
constexpr int key_cols = 32, key_stride = 33;  // of keys in shared memory; odd: no two rows in one bank
constexpr int64_t most_floats = 9000;          // of dynamic shared memory

struct AttendArgs {
  View y, q, k, v, places, sees, sequences, pages;
  const int32_t *entries, *firsts;  // Rows::splits
  const float *sinks, *slopes;      // null: none
  const float* offsets;             // (heads, 2 * reach + 1), or null
  int64_t reach;                    // of offsets
  float* partial;                   // (entries, heads, value_dim + 2): sums, maximum, total; null: a block walks all splits
  int64_t heads, kv_heads, key_dim, value_dim, window, ahead, chunk;
  int64_t at_once, blocks;  // heads of a block, blocks a KV head
  float scale, cap;
};

// A row sees places [first, last).
struct Seen {
  int64_t place, first, last;
  LT_DEVICE bool split(int64_t s) const { return s * split_places < last && (s + 1) * split_places > first; }
};

// What a block works on.
struct RowSplit {
  const int32_t* pages;
  int64_t row, kv_head, head, heads;  // query heads [head, head + heads)
  Seen seen;
  int64_t split;  // of an entry
};

struct AttendRoom {                         // in shared memory
  SharedPtr<float> q, sums, whole;          // (heads, key_dim), (heads, value_dim) twice
  SharedPtr<float> keys, weights, factors;  // (64, 32 columns), (heads, 64), (2, heads)
};

// Of heads thread / 32 and thread / 32 + 4, alike in 32 threads.
struct Softmax {
  float maximum[2], total[2];
  LT_DEVICE void clear() {
    for (int i = 0; i < 2; i++) maximum[i] = -INFINITY, total[i] = 0;
  }
};

struct Merge {
  float maximum, whole, part;  // factors of what was summed before and of what is added
};

LT_DEVICE Merge merge(float before, float added) {
  const float m = largest(before, added);
  return {m, expf(before - m), expf(added - m)};  // 0 for the empty sum before the first
}

LT_DEVICE Seen seen_by(const AttendArgs& p, int64_t r) {
  const int64_t place = *p.places.row<int32_t>(r), sees = *p.sees.row<int32_t>(r);
  Seen s{place, 0, (p.ahead >= 0 ? least(sees, place + p.ahead) : sees) + 1};
  if (p.window) s.first = most(s.first, place - p.window + 1);
  if (p.chunk) s.first = most(s.first, place / p.chunk * p.chunk);
  return s;
}

// Of row r.
LT_DEVICE RowSplit piece_of(const AttendArgs& p, int64_t r) {
  const int64_t group = p.heads / p.kv_heads, block = block_y() % p.blocks;
  RowSplit at;
  at.pages = p.pages.row<int32_t>(*p.sequences.row<int32_t>(r));
  at.row = r;
  at.kv_head = block_y() / p.blocks;
  at.head = at.kv_head * group + block * p.at_once;
  at.heads = least(p.at_once, group - block * p.at_once);
  at.seen = seen_by(p, r);
  at.split = p.partial ? p.entries[2 * block_x() + 1] : 0;
  return at;
}

// A score less the slope's distance (Press et al. 2021), counted from the last place that the row sees and not from its own, which is
// the same to a softmax: the scores that weigh keep their digits.
LT_DEVICE float lessened(const AttendArgs& p, float score, int64_t h, int64_t distance) {
  return p.slopes ? fmaf(-p.slopes[h], static_cast<float>(distance), score) : score;
}

// The score of a place for query head h, from the product of query and key.
LT_DEVICE float score_of(const AttendArgs& p, const Seen& seen, float product, int64_t h, int64_t place) {
  const float scaled = product * p.scale;
  const float score = lessened(p, p.cap > 0 ? p.cap * tanhf(scaled / p.cap) : scaled, h, seen.last - 1 - place);
  if (!p.offsets) return score;
  return score + p.offsets[h * (2 * p.reach + 1) + p.reach + most(-p.reach, least(p.reach, place - seen.place))];
}

// A sink is a score more, at the row's own place, which takes weight and gives nothing: what the splits are added to begins with it.
LT_DEVICE float sink_of(const AttendArgs& p, const Seen& seen, int64_t h) { return lessened(p, p.sinks[h], h, seen.last - 1 - seen.place); }

// weights (heads, 64) = scores of the page that begins at `begin`; also of places that the row does not see.
template <class T>
LT_DEVICE void score(const AttendArgs& p, const RowSplit& at, const AttendRoom& room, int64_t begin) {
  const int j = thread() % page, half = thread() / page;  // heads half, half + 2, ...
  const int64_t top = slot(at.pages, p.kv_heads, at.kv_head, begin);
  float acc[most_heads / 2] = {};
  for (int64_t c = 0; c < p.key_dim; c += key_cols) {
    const int cols = static_cast<int>(least(key_cols, p.key_dim - c));
    for (int i = thread(); i < page * key_cols; i += 128)
      if (i % key_cols < cols)
        room.keys[i / key_cols * key_stride + i % key_cols] = element(p.k.row<typename T::Block>(top + i / key_cols), c + i % key_cols);
    sync();
    for (int i = 0; i < cols; i++) {
      const float k = room.keys[j * key_stride + i];
      LT_UNROLL for (int h = 0; h < most_heads / 2; h++) {
        if (half + 2 * h < at.heads) acc[h] = fmaf(room.q[(half + 2 * h) * p.key_dim + c + i], k, acc[h]);
      }
    }
    sync();
  }
  for (int h = 0; h < most_heads / 2; h++)
    if (half + 2 * h < at.heads) room.weights[(half + 2 * h) * page + j] = score_of(p, at.seen, acc[h], at.head + half + 2 * h, begin + j);
  sync();
}

LT_DEVICE float fold_max(float x) {
  for (int mask = 1; mask < 32; mask *= 2) x = largest(x, shuffle_xor(x, mask));
  return x;
}

LT_DEVICE float fold_sum(float x) {
  for (int mask = 1; mask < 32; mask *= 2) x += shuffle_xor(x, mask);
  return x;
}

// Turns scores of places [first, last) of the page into weights, and leaves in `factors` what the sums so far are scaled by. All
// threads come to each shuffle, those without a head with nothing.
LT_DEVICE void soften(const RowSplit& at, const AttendRoom& room, Softmax& state, int64_t first, int64_t last) {
  const int lane = thread() % 32;
  for (int i = 0; i < 2; i++) {
    const int h = thread() / 32 + 4 * i;
    if (4 * i >= at.heads) break;
    const bool real = h < at.heads, low = real && first <= lane && lane < last, high = real && first <= lane + 32 && lane + 32 < last;
    float a = low ? room.weights[h * page + lane] : -INFINITY;
    float b = high ? room.weights[h * page + lane + 32] : -INFINITY;
    const float m = largest(state.maximum[i], fold_max(largest(a, b)));
    a = low ? expf(a - m) : 0;
    b = high ? expf(b - m) : 0;
    const float fit = expf(state.maximum[i] - m), sum = fold_sum(a + b);
    state.total[i] = fmaf(state.total[i], fit, sum);
    state.maximum[i] = m;
    if (!real) continue;
    room.weights[h * page + lane] = a;
    room.weights[h * page + lane + 32] = b;
    if (lane == 0) room.factors[h] = fit;
  }
  sync();
}

// sums = sums * factors + weights times the values of places [first, last) of the page. A thread has whole columns.
template <class T>
LT_DEVICE void add_values(const AttendArgs& p, const RowSplit& at, const AttendRoom& room, int64_t begin, int64_t first, int64_t last) {
  const int64_t top = slot(at.pages, p.kv_heads, at.kv_head, begin);
  for (int64_t c = thread(); c < p.value_dim; c += 128) {
    float acc[most_heads] = {};
    LT_UNROLL for (int h = 0; h < most_heads; h++) {
      if (h < at.heads) acc[h] = room.sums[h * p.value_dim + c] * room.factors[h];
    }
    for (int64_t j = first; j < last; j++) {
      const float v = element(p.v.row<typename T::Block>(top + j), c);
      LT_UNROLL for (int h = 0; h < most_heads; h++) {
        if (h < at.heads) acc[h] = fmaf(room.weights[h * page + j], v, acc[h]);
      }
    }
    LT_UNROLL for (int h = 0; h < most_heads; h++) {
      if (h < at.heads) room.sums[h * p.value_dim + c] = acc[h];
    }
  }
}

// Leaves the sums over the split in room.sums and the state.
template <class K, class V>
LT_DEVICE void walk_split(const AttendArgs& p, const RowSplit& at, const AttendRoom& room, Softmax& state, int64_t split) {
  state.clear();
  for (int64_t c = thread(); c < p.value_dim; c += 128)
    for (int64_t h = 0; h < at.heads; h++) room.sums[h * p.value_dim + c] = 0.0f;
  const int64_t from = most(at.seen.first, split * split_places), to = least(at.seen.last, (split + 1) * split_places);
  for (int64_t begin = from / page * page; begin < to; begin += page) {
    const int64_t first = most(0, from - begin), last = least(page, to - begin);
    score<K>(p, at, room, begin);
    soften(at, room, state, first, last);
    add_values<V>(p, at, room, begin, first, last);
  }
}

LT_DEVICE void write_partial(const AttendArgs& p, const RowSplit& at, const AttendRoom& room, const Softmax& state) {
  const int64_t stride = p.value_dim + 2;
  float* to = p.partial + (block_x() * p.heads + at.head) * stride;
  for (int64_t c = thread(); c < p.value_dim; c += 128)
    for (int64_t h = 0; h < at.heads; h++) to[h * stride + c] = room.sums[h * p.value_dim + c];
  for (int i = 0; i < 2; i++) {
    const int64_t h = thread() / 32 + 4 * i;
    if (thread() % 32 != 0 || h >= at.heads) continue;
    to[h * stride + p.value_dim] = state.maximum[i];
    to[h * stride + p.value_dim + 1] = state.total[i];
  }
}

// Adds the split's sums to the whole.
LT_DEVICE void add_split(const AttendArgs& p, const RowSplit& at, const AttendRoom& room, Softmax& whole, const Softmax& split) {
  sync();  // the factors were read
  for (int i = 0; i < 2; i++) {
    const int h = thread() / 32 + 4 * i;
    if (h >= at.heads) break;
    const Merge m = merge(whole.maximum[i], split.maximum[i]);
    whole.maximum[i] = m.maximum;
    whole.total[i] = fmaf(split.total[i], m.part, whole.total[i] * m.whole);
    if (thread() % 32 != 0) continue;
    room.factors[h] = m.whole;
    room.factors[most_heads + h] = m.part;
  }
  sync();
  for (int64_t c = thread(); c < p.value_dim; c += 128)
    for (int64_t h = 0; h < at.heads; h++) {
      const int64_t i = h * p.value_dim + c;
      room.whole[i] = fmaf(room.sums[i], room.factors[most_heads + h], room.whole[i] * room.factors[h]);
    }
  sync();  // the factors were read
}

LT_DEVICE void finish(const AttendArgs& p, const RowSplit& at, const AttendRoom& room, const Softmax& whole) {
  for (int i = 0; i < 2; i++) {
    const int h = thread() / 32 + 4 * i;
    if (h < at.heads && thread() % 32 == 0) room.factors[h] = whole.total[i];
  }
  sync();
  for (int64_t c = thread(); c < p.value_dim; c += 128)
    for (int64_t h = 0; h < at.heads; h++)
      p.y.row<float>(at.row)[(at.head + h) * p.value_dim + c] = room.whole[h * p.value_dim + c] / room.factors[h];
}

// Before the first split.
LT_DEVICE Softmax begin_whole(const AttendArgs& p, const RowSplit& at, const AttendRoom& room) {
  Softmax whole;
  whole.clear();
  for (int i = 0; p.sinks && i < 2; i++) {
    const int h = thread() / 32 + 4 * i;
    if (h < at.heads) whole.maximum[i] = sink_of(p, at.seen, at.head + h), whole.total[i] = 1;
  }
  for (int64_t c = thread(); c < p.value_dim; c += 128)
    for (int64_t h = 0; h < at.heads; h++) room.whole[h * p.value_dim + c] = 0.0f;
  return whole;
}

// K, V: types of the cache.
template <class K, class V>
LT_KERNEL(128)
attend_row(AttendArgs p) {
  LT_SHARED(float, keys, page* key_stride);
  LT_SHARED(float, weights, most_heads* page);
  LT_SHARED(float, factors, 2 * most_heads);
  LT_SHARED_DYNAMIC(float, memory);
  const int64_t r = p.partial ? p.entries[2 * block_x()] : block_x();
  if (r < 0) return;  // no work of this step
  const RowSplit at = piece_of(p, r);
  if (p.partial && !at.seen.split(at.split)) return;
  const AttendRoom room{memory, memory + at.heads * p.key_dim, memory + at.heads * (p.key_dim + p.value_dim), keys, weights, factors};
  const float* q = p.q.row<float>(at.row) + at.head * p.key_dim;
  for (int64_t i = thread(); i < at.heads * p.key_dim; i += 128) room.q[i] = q[i];
  Softmax state;
  if (p.partial) {
    walk_split<K, V>(p, at, room, state, at.split);
    return write_partial(p, at, room, state);
  }
  Softmax whole = begin_whole(p, at, room);
  for (int64_t split = at.seen.first / split_places; at.seen.split(split); split++) {
    walk_split<K, V>(p, at, room, state, split);
    add_split(p, at, room, whole, state);
  }
  finish(p, at, room, whole);
}

// y = the listed splits of a row and head, merged.
LT_KERNEL(128) merge_splits(AttendArgs p) {
  const int64_t r = block_x(), h = block_y(), stride = p.value_dim + 2;
  const Seen seen = seen_by(p, r);
  for (int64_t c = thread(); c < p.value_dim; c += 128) {
    float maximum = p.sinks ? sink_of(p, seen, h) : -INFINITY, total = p.sinks ? 1 : 0, sum = 0;
    for (int64_t s = seen.first / split_places; seen.split(s); s++) {
      const float* part = p.partial + ((p.firsts[r] + s) * p.heads + h) * stride;
      const Merge m = merge(maximum, part[p.value_dim]);
      maximum = m.maximum;
      total = fmaf(part[p.value_dim + 1], m.part, total * m.whole);
      sum = fmaf(part[c], m.part, sum * m.whole);
    }
    p.y.row<float>(r)[h * p.value_dim + c] = sum / total;
  }
}

// Floats of dynamic shared memory that a head takes.
int64_t floats_of(const AttendArgs& p) { return p.key_dim + p.value_dim * (p.partial ? 1 : 2); }

template <class K, class V>
void launch_attend(Stream& stream, int64_t rows, int64_t entries, const AttendArgs& p) {
  const Grid grid{p.partial ? entries : rows, p.kv_heads * p.blocks};
  launch(stream, "attend", attend_row<K, V>, grid, 128, static_cast<size_t>(p.at_once * floats_of(p)) * 4, p);
  if (p.partial) launch(stream, "merge of attend", merge_splits, {rows, p.heads}, 128, 0, p);
}

AttendArgs args_of(Tensor y, Tensor q, const Kv& kv, const Rows& rows, const Attend& a) {
  AttendArgs p{};
  p.y = y, p.q = q, p.k = kv.k, p.v = kv.v;
  p.places = rows.places, p.sees = rows.sees, p.sequences = rows.sequences, p.pages = rows.pages[kv.group];
  p.sinks = static_cast<const float*>(a.sinks.data), p.slopes = static_cast<const float*>(a.slopes.data);
  p.offsets = static_cast<const float*>(a.offsets.data), p.reach = a.offsets.cols / 2;
  p.heads = a.heads, p.kv_heads = kv.heads, p.key_dim = kv.k.cols, p.value_dim = kv.v.cols;
  p.window = a.window, p.ahead = a.ahead, p.chunk = a.chunk, p.scale = a.scale, p.cap = a.cap;
  return p;
}

// As many heads as there is room for.
void divide_heads(AttendArgs& p) {
  const int64_t group = p.heads / p.kv_heads;
  if (p.key_dim + 2 * p.value_dim > most_floats)
    throw Error(Code::unsupported, std::string(backend_name) + ": expected heads of at most " + std::to_string(most_floats / 3) +
                                       " columns, found " + std::to_string(std::max(p.key_dim, p.value_dim)));
  p.at_once = std::min({group, int64_t{most_heads}, most_floats / floats_of(p)});
  p.blocks = parts(group, p.at_once);
}

}  // namespace

void Gpu::attend(Tensor y, Tensor q, const Kv& kv, const Rows& rows, const Attend& attend) {
  if (q.rows == 0) return;
  AttendArgs args = args_of(y, q, kv, rows, attend);
  const int64_t entries = rows.splits.entries ? rows.splits.entries.rows : 0;
  const auto bytes = static_cast<size_t>(entries * args.heads * (args.value_dim + 2) * 4);
  if (bytes > (partials_ ? partials_->bytes() : 0))
    throw Error(Code::internal, std::string(backend_name) + ": expected reserve to have been told of " +
                                    std::to_string(entries * args.heads) + " partial results of " + std::to_string(args.value_dim) +
                                    " columns, it was told of less");
  if (entries > 0) {
    args.entries = static_cast<const int32_t*>(rows.splits.entries.data);
    args.firsts = static_cast<const int32_t*>(rows.splits.firsts.data);
    args.partial = static_cast<float*>(partials_->data());
  }
  divide_heads(args);
  with_cache_type(kv.k.type, [&](auto k) {
    with_cache_type(kv.v.type, [&](auto v) { launch_attend<decltype(k), decltype(v)>(on(), q.rows, entries, args); });
  });
}

}  // namespace lt::gpu::LT_GPU
