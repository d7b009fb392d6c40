// store_kv and attend: sequences of several lengths in one batch, read in chunks, pages in no order, every cache type. Where the rows
// are few enough for a work list of their splits, attend gives the same bytes with it and without.
#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>

#include "check/check.h"
#include "harness.h"
#include "quant/type.h"

namespace lt::cases {
namespace {

struct Sizes {
  int64_t heads, kv_heads, key_dim, value_dim, window;
  Type cache;
  std::vector<int64_t> lengths;  // positions of each sequence
};

// The rows are all positions of sequence 0, then of 1, ... `chunk` rows are stored and attended at a time.
struct Attention {
  Sizes s;
  int64_t chunk;
  std::vector<float> q, k, v;

  std::vector<std::pair<int64_t, int64_t>> places() const {  // (sequence, position) by row
    std::vector<std::pair<int64_t, int64_t>> all;
    for (size_t i = 0; i < s.lengths.size(); i++)
      for (int64_t p = 0; p < s.lengths[i]; p++) all.emplace_back(static_cast<int64_t>(i), p);
    return all;
  }

  std::vector<int32_t> page_table(int64_t per) const {  // shuffled, as a pool in use hands pages out
    std::vector<int32_t> pages;
    const auto n = static_cast<int64_t>(s.lengths.size()) * per;
    int64_t step = 7;
    while (std::gcd(step, n) != 1) step++;  // else two positions would share a page
    for (int64_t i = 0; i < n; i++) pages.push_back(static_cast<int32_t>((i * step + 3) % n));
    return pages;
  }

  void batch(Lab& lab, const Kv& kv, const Tensor& pages, std::span<const int64_t> rows, std::vector<float>* out) const {
    const auto all = places();
    const auto n = static_cast<int64_t>(rows.size());
    std::vector<int32_t> positions, sequences;
    std::vector<float> qs, ks, vs;
    std::vector<Span> spans;
    const auto take = [](std::vector<float>& to, const std::vector<float>& from, int64_t r, int64_t cols) {
      to.insert(to.end(), from.begin() + r * cols, from.begin() + (r + 1) * cols);
    };
    for (const int64_t r : rows) {
      const auto [sequence, position] = all[static_cast<size_t>(r)];
      if (!spans.empty() && spans.back().sequence == sequence && positions.back() + 1 == position) {
        spans.back().count++;
      } else {
        spans.push_back({static_cast<int64_t>(positions.size()), 1, sequence});
      }
      positions.push_back(static_cast<int32_t>(position));
      sequences.push_back(static_cast<int32_t>(sequence));
      take(qs, q, r, s.heads * s.key_dim);
      take(ks, k, r, s.kv_heads * s.key_dim);
      take(vs, v, r, s.kv_heads * s.value_dim);
    }
    Rows batch{.ids = {},
               .positions = lab.ints(positions, n, 1),
               .sequences = lab.ints(sequences, n, 1),
               .pages = pages,
               .outputs = {},
               .spans = spans};
    lab.ops().store_kv(kv, lab.floats(ks, n, s.kv_heads * s.key_dim), lab.floats(vs, n, s.kv_heads * s.value_dim), batch);
    if (!out) return;
    const Tensor queries = lab.floats(qs, n, s.heads * s.key_dim);
    const std::vector<float> values = attend(lab, queries, kv, batch);
    out->insert(out->end(), values.begin(), values.end());
    HostSplits splits;
    splits.list(positions, most_entries());
    if (splits.count() == 0) return;
    batch.splits = {lab.ints(splits.entries, splits.count(), 2), lab.ints(splits.firsts, n, 1)};
    const std::vector<float> listed = attend(lab, queries, kv, batch);
    CHECK_THAT(std::memcmp(listed.data(), values.data(), values.size() * 4) == 0, "the work list changes the sums");
  }

  std::vector<float> attend(Lab& lab, Tensor queries, const Kv& kv, const Rows& batch) const {
    const Tensor y = lab.output(queries.rows, s.heads * s.value_dim);
    lab.ops().attend(y, queries, kv, batch, {.heads = s.heads, .scale = 0.125f, .window = s.window});
    return lab.take(y);
  }

  int64_t most_entries() const { return HostSplits::bound(HostSplits::most_rows, *std::max_element(s.lengths.begin(), s.lengths.end())); }

  std::vector<float> run(Lab& lab, std::span<const int64_t> wanted) const {
    const int64_t per = (*std::max_element(s.lengths.begin(), s.lengths.end()) + Kv::page_size - 1) / Kv::page_size;
    const auto sequences = static_cast<int64_t>(s.lengths.size());
    const int64_t slots = sequences * per * s.kv_heads * Kv::page_size;
    const Kv kv{lab.zeros(s.cache, slots, s.key_dim), lab.zeros(s.cache, slots, s.value_dim), s.kv_heads};
    const Tensor pages = lab.ints(page_table(per), sequences, per);
    const auto total = static_cast<int64_t>(places().size());
    std::vector<float> out;
    // All rows in chunks; where fewer are wanted, the others are only stored before them.
    if (static_cast<int64_t>(wanted.size()) == total) {
      for (int64_t first = 0; first < total; first += chunk)
        batch(lab, kv, pages, wanted.subspan(static_cast<size_t>(first), static_cast<size_t>(std::min(chunk, total - first))), &out);
      return out;
    }
    std::vector<int64_t> all;
    for (int64_t r = 0; r < total; r++) all.push_back(r);
    batch(lab, kv, pages, all, nullptr);
    batch(lab, kv, pages, wanted, &out);
    return out;
  }
};

OpCase case_of(const std::string& name, const Sizes& s, int64_t chunk) {
  int64_t rows = 0;
  for (const int64_t n : s.lengths) rows += n;
  const Attention a{s, chunk, gaussian(1, rows * s.heads * s.key_dim), gaussian(2, rows * s.kv_heads * s.key_dim),
                    gaussian(3, rows * s.kv_heads * s.value_dim)};
  OpCase c;
  c.name = "attend " + name + " " + quant::info(s.cache).name + " chunks of " + std::to_string(chunk);
  c.rows = rows;
  c.cols = s.heads * s.value_dim;
  c.tolerance = 1e-5;
  c.needs.partials = a.most_entries() * s.heads;
  c.needs.partial_dim = s.value_dim;
  c.run = [a](Lab& lab, std::span<const int64_t> wanted) { return a.run(lab, wanted); };
  return c;
}

void add_attend(const std::string& name, const Sizes& s, int64_t chunk) { add_case(case_of(name, s, chunk)); }

// Prompts over several splits: some 1100 rows, which the face would walk for minutes.
void add_long(const std::string& name, const Sizes& s, int64_t chunk) {
  OpCase c = case_of(name, s, chunk);
  c.not_on_face = "its kernel takes a row at a time, and \"attend ends\" has the rows of each kind";
  add_case(c);
}

// Few rows of long sequences: those at the ends of pages, splits and windows.
void add_ends(const Sizes& s) {
  OpCase c = case_of("ends" + (s.window ? ", window " + std::to_string(s.window) : ""), s, 1000);
  std::vector<int64_t> rows;
  int64_t first = 0;
  for (const int64_t n : s.lengths) {
    for (const int64_t p : {0, 63, 64, 511, 512, 513, 599, 600, 601, 1023, 1024, 1111, 1112})
      if (p < n) rows.push_back(first + p);
    if (rows.back() != first + n - 1) rows.push_back(first + n - 1);
    first += n;
  }
  c.rows = std::ssize(rows);
  c.run = [rows, run = c.run](Lab& lab, std::span<const int64_t> wanted) {
    std::vector<int64_t> picked;
    for (const int64_t r : wanted) picked.push_back(rows[static_cast<size_t>(r)]);
    return run(lab, picked);
  };
  add_case(c);
}

CHECK_GENERATOR() {
  for (const uint8_t cache : {0, 1, 8}) {
    add_attend("grouped", {4, 2, 64, 64, 0, Type{cache}, {70, 1, 33}}, 40);
    add_attend("grouped", {4, 2, 64, 64, 0, Type{cache}, {70, 1, 33}}, 1000);
    add_attend("one head", {1, 1, 32, 32, 0, Type{cache}, {130}}, 7);
    add_attend("wide group", {9, 1, 96, 64, 0, Type{cache}, {65, 20}}, 64);
    add_attend("window", {4, 4, 32, 32, 20, Type{cache}, {150, 19}}, 50);
    add_long("long", {2, 1, 64, 64, 0, Type{cache}, {1100}}, 512);
    add_ends({2, 1, 64, 64, 0, Type{cache}, {1115, 520, 40}});
  }
  add_attend("odd width", {3, 3, 20, 24, 0, Type::f16, {67, 3}}, 16);
  add_attend("odd width", {3, 3, 20, 24, 0, Type::f32, {67, 3}}, 16);
  add_long("window over splits", {2, 2, 16, 16, 600, Type::f16, {1300}}, 300);
  add_ends({6, 2, 16, 24, 600, Type::f16, {1300, 700}});
  add_ends({2, 2, 16, 16, 30, Type::f16, {1115}});
}

}  // namespace
}  // namespace lt::cases
