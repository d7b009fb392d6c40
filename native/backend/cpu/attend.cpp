#include <algorithm>
#include <cmath>

#include "backend/cpu/attend_tile.h"
#include "backend/cpu/cpu.h"

namespace lt::cpu {
namespace {

constexpr size_t most_cuts = 64;
constexpr int64_t least_rows = 64;                 // query rows times heads of a tile, where there are as many
constexpr int64_t tasks_each = 4, walks_each = 8;  // of a thread: tiles of rows, and sequences' heads that are walked whole
static_assert(attend_page == Kv::page_size && attend_split == Splits::positions);

int64_t up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// What row r at `place` sees.
Places seen(const Rows& rows, int64_t r, int64_t place, const Attend& a) {
  Places s{0, *rows.sees.row<const int32_t>(r)};
  if (a.window) s.first = std::max(s.first, place - a.window + 1);
  if (a.chunk) s.first = std::max(s.first, place / a.chunk * a.chunk);
  if (a.ahead >= 0) s.last = std::min(s.last, place + a.ahead);
  return {s.first, s.last + 1};
}

Places together(const Places* seen, int64_t count) {
  Places all = seen[0];
  for (int64_t i = 1; i < count; i++) all = {std::min(all.first, seen[i].first), std::max(all.last, seen[i].last)};
  return all;
}

// What the rows of a span see, all of them taken together.
Places seen(const Rows& rows, const Span& span, int64_t first_place, const Attend& a) {
  Places all[2] = {seen(rows, span.first, first_place, a)};
  for (int64_t i = 1; i < span.count; i++) {
    all[1] = seen(rows, span.first + i, first_place + i, a);
    all[0] = together(all, 2);
  }
  return all[0];
}

}  // namespace

void Cpu::attend(Tensor y, Tensor q, const Kv& kv, const Rows& rows, const Attend& a) {
  if (std::max(kv.k.cols, kv.v.cols) > attend_dim)
    throw Error(Code::unsupported, "attend: expected heads of at most " + std::to_string(attend_dim) + " columns, found " +
                                       std::to_string(std::max(kv.k.cols, kv.v.cols)));
  for (std::span<const Span> left = rows.spans; !left.empty();) {
    const size_t n = std::min(left.size(), most_cuts);
    attend_spans(y, q, kv, rows, a, left.first(n));
    left = left.subspan(n);
  }
}

// At most most_cuts spans. Nothing is allocated: where the partial results of a span's splits do not fit what reserve was told of,
// a task walks all of them, which gives the same bits.
void Cpu::attend_spans(Tensor y, Tensor q, const Kv& kv, const Rows& rows, const Attend& a, std::span<const Span> spans) {
  const int64_t group = a.heads / kv.heads, dim = kv.k.cols, v_dim = kv.v.cols, width = partial_floats(v_dim);
  const int64_t most = attend_most(dim, v_dim);
  const auto room = static_cast<int64_t>(partials_.bytes() / sizeof(float));
  AttendCut all[most_cuts];
  int64_t merged[most_cuts] = {};  // rows of heads whose splits are merged, up to this cut's
  size_t used = 0;
  int64_t work = 0, tasks = 0, floats = 0, merges = 0;
  const int threads = threads_for(q.rows);
  for (const Span& s : spans) {
    if (s.count == 0) continue;
    AttendCut c{};
    c.span = &s, c.first_place = *rows.places.row<const int32_t>(s.first);
    const Places all_seen = seen(rows, s, c.first_place, a);
    c.first_split = all_seen.first / attend_split;
    c.splits = std::max<int64_t>(1, up(all_seen.last, attend_split) - c.first_split);
    c.head_tiles = up(group, most);
    c.heads = up(group, c.head_tiles);
    // Large tiles read the cache less often, but there should be some for every thread.
    const int64_t share = up(s.count * kv.heads * c.head_tiles, tasks_each * threads);
    const int64_t fewest = std::max<int64_t>(1, least_rows / c.heads);
    c.rows = std::min({s.count, attend_rows, std::max(fewest, std::min(share, most / c.heads))});
    c.row_tiles = up(s.count, c.rows);
    work += s.count * c.splits * kv.heads * c.head_tiles;
    all[used++] = c;
  }
  // Splits are tasks of their own where a walk of all of them would keep a thread for long beside the others.
  const std::span<AttendCut> cuts(all, used);
  for (AttendCut& c : cuts) {
    const int64_t count = c.span->count, partial = count * a.heads * c.splits * width;
    const bool long_walk = count * c.splits * walks_each * threads > work;
    const bool few_rows = c.row_tiles == 1 && count * c.heads <= least_rows;
    c.parallel = threads > 1 && c.splits > 1 && few_rows && long_walk && floats + partial <= room;
    c.partial = floats;
    if (c.parallel) floats += partial, merges += count * a.heads;
    c.end = tasks += kv.heads * c.head_tiles * c.row_tiles * (c.parallel ? c.splits : 1);
    merged[&c - all] = merges;
  }
  float* partials = reinterpret_cast<float*>(partials_.data());

  // A task's place: split fastest, then KV head, then head tile, then row tile from the last (the longest) down.
  run(q.rows, tasks, [&](int64_t task, int thread) {
    const AttendCut* c = cuts.data();
    while (task >= c->end) c++;
    int64_t t = task - (c == cuts.data() ? 0 : c[-1].end);
    const int64_t split = c->parallel ? t % c->splits : 0;
    if (c->parallel) t /= c->splits;
    const int64_t kv_head = t % kv.heads, head_tile = t / kv.heads % c->head_tiles;
    const int64_t row_tile = c->row_tiles - 1 - t / kv.heads / c->head_tiles;
    const int64_t row = row_tile * c->rows, count = std::min(c->rows, c->span->count - row);
    const int64_t head = kv_head * group + head_tile * c->heads, heads = std::min(c->heads, group - head_tile * c->heads);
    AttendPiece p{};
    p.y = y.row<float>(c->span->first + row) + head * v_dim, p.y_stride = y.stride / 4;
    p.q = q.row<const float>(c->span->first + row) + head * dim, p.q_stride = q.stride / 4;
    p.rows = count, p.group = heads, p.dim = dim, p.v_dim = v_dim;
    p.first_place = c->first_place + row;
    for (int64_t r = 0; r < count; r++) p.seen[r] = seen(rows, c->span->first + row + r, p.first_place + r, a);
    const Places all_seen = together(p.seen, count);
    p.scale = a.scale, p.cap = a.cap;
    p.sinks = a.sinks ? a.sinks.row<const float>(0) + head : nullptr;
    p.slopes = a.slopes ? a.slopes.row<const float>(0) + head : nullptr;
    p.offset_reach = a.offsets.cols / 2, p.offset_stride = a.offsets.stride / 4;
    p.offsets = a.offsets ? a.offsets.row<const float>(head) + p.offset_reach : nullptr;
    p.pages = rows.pages[kv.group].row<const int32_t>(c->span->sequence);
    p.k = kv.k.row<const uint8_t>(kv_head * Kv::page_size), p.k_stride = kv.k.stride;
    p.v = kv.v.row<const uint8_t>(kv_head * Kv::page_size), p.v_stride = kv.v.stride;
    p.page_stride = kv.heads * Kv::page_size;
    p.type = static_cast<uint8_t>(kv.k.type);
    p.first_split = c->parallel ? c->first_split + split : all_seen.first / attend_split;
    p.last_split = c->parallel ? p.first_split + 1 : up(all_seen.last, attend_split);
    // (head tile, split, rows * heads of the tile): a tile's splits lie side by side
    if (c->parallel) p.partial = partials + c->partial + (head * c->span->count * c->splits + split * count * heads) * width;
    p.panel = panel(thread);
    kernels_.attend(p);
  });
  if (merges == 0) return;
  each_row(merges, floats / merges, [&](int64_t i) {
    size_t n = 0;
    while (i >= merged[n]) n++;
    if (n > 0) i -= merged[n - 1];
    const AttendCut* c = all + n;
    const int64_t row = i / a.heads, h = i % a.heads;
    const int64_t head = h / group * group + h % group / c->heads * c->heads,
                  heads = std::min(c->heads, group - (head - h / group * group));
    const int64_t at = head * c->span->count * c->splits + row * heads + (h - head);
    kernels_.attend_merge(y.row<float>(c->span->first + row) + h * v_dim, partials + c->partial + at * width,
                          c->span->count * heads * width, c->splits, v_dim, a.sinks ? a.sinks.row<const float>(0)[h] : -HUGE_VALF);
  });
}

}  // namespace lt::cpu
