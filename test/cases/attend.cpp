// store_kv and attend: sequences of several lengths in one batch, read in chunks, pages in no order, every cache type. Where the rows
// are few enough for a work list of their splits, attend gives the same bytes with it and without. The cache holds no numbers where
// nothing was stored, so that what is read of another's place shows.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "check/check.h"
#include "quant/type.h"
#include "steps.h"

namespace lt::cases {
namespace {

// What of its sequence a row sees, and how it weighs it.
struct Look {
  int64_t window = 0;
  size_t group = 0;  // of the cache; of 1, pages behind the windows are any
};

struct Sizes {
  int64_t heads, kv_heads, key_dim, value_dim;
  Type cache;
  std::vector<int64_t> lengths;  // places of each sequence
  Look look{};

  int64_t longest() const { return *std::max_element(lengths.begin(), lengths.end()); }
  int64_t pages() const { return (longest() + Kv::page_size - 1) / Kv::page_size; }  // of a sequence
  int64_t total() const { return std::accumulate(lengths.begin(), lengths.end(), int64_t{0}); }
};

// The rows are all places of sequence 0, then of 1, ... `chunk` rows are stored and attended at a time.
struct Attention {
  Sizes s;
  int64_t chunk;
  std::vector<float> q, k, v;

  StepRow row(int64_t r) const {
    int64_t of = 0;
    for (; r >= s.lengths[static_cast<size_t>(of)]; of++) r -= s.lengths[static_cast<size_t>(of)];
    return {.of = of, .place = r, .sees = r};
  }

  int64_t first_seen(int64_t place) const { return s.look.window ? std::max<int64_t>(0, place - s.look.window + 1) : 0; }

  // Page p of sequence `of`: shuffled, as a pool in use hands pages out. The last page of the cache is nobody's.
  int32_t page(int64_t of, int64_t p) const {
    const int64_t n = std::ssize(s.lengths) * s.pages();
    int64_t step = 7;
    while (std::gcd(step, n) != 1) step++;  // else two places would share a page
    return static_cast<int32_t>(((of * s.pages() + p) * step + 3) % n);
  }
  int32_t nobodys() const { return static_cast<int32_t>(std::ssize(s.lengths) * s.pages()); }

  std::vector<int32_t> page_table(const Step& step) const {
    std::vector<int32_t> table;
    for (const Span& span : step.spans()) {
      const auto last = static_cast<size_t>(span.first + span.count - 1);
      const int64_t until = std::max(step.places()[last], step.sees()[last]) / Kv::page_size;
      const int64_t from = s.look.group ? first_seen(step.places()[static_cast<size_t>(span.first)]) / Kv::page_size : 0;
      for (int64_t p = 0; p < s.pages(); p++) table.push_back(p < from || p > until ? nobodys() : page(step.of(span), p));
    }
    return table;
  }

  void batch(Lab& lab, const Kv& kv, std::span<const int64_t> wanted, std::vector<float>* out) const {
    Step step;
    for (const int64_t r : wanted) step.add(row(r));
    const int64_t n = step.rows(), keys = s.kv_heads * s.key_dim, values = s.kv_heads * s.value_dim;
    Rows rows = step.in(lab);
    rows.pages[kv.group] = lab.ints(page_table(step), std::ssize(step.spans()), s.pages());
    lab.ops().store_kv(kv, lab.floats(picked(k, wanted, keys), n, keys), lab.floats(picked(v, wanted, values), n, values), rows);
    if (!out) return;
    const Tensor queries = lab.floats(picked(q, wanted, s.heads * s.key_dim), n, s.heads * s.key_dim);
    const std::vector<float> found = attend(lab, queries, kv, rows);
    out->insert(out->end(), found.begin(), found.end());
    HostSplits splits;
    splits.list(step.sees(), most_entries());
    if (splits.count() == 0) return;
    rows.splits = {lab.ints(splits.entries, splits.count(), 2), lab.ints(splits.firsts, n, 1)};
    const std::vector<float> listed = attend(lab, queries, kv, rows);
    CHECK_THAT(std::memcmp(listed.data(), found.data(), found.size() * 4) == 0, "the work list changes the sums");
  }

  std::vector<float> attend(Lab& lab, Tensor queries, const Kv& kv, const Rows& rows) const {
    const Tensor y = lab.output(queries.rows, s.heads * s.value_dim);
    lab.ops().attend(y, queries, kv, rows, {.heads = s.heads, .scale = 0.125f, .window = s.look.window, .sinks = {}, .slopes = {}});
    return lab.take(y);
  }

  int64_t most_entries() const { return HostSplits::bound(HostSplits::most_rows, s.longest()); }

  std::vector<float> run(Lab& lab, std::span<const int64_t> wanted) const {
    const int64_t slots = (nobodys() + 1) * s.kv_heads * Kv::page_size, total = s.total();
    const Kv kv{lab.nothing(s.cache, slots, s.key_dim), lab.nothing(s.cache, slots, s.value_dim), s.kv_heads, s.look.group};
    std::vector<float> out;
    // All rows in chunks; where fewer are wanted, the others are only stored before them.
    if (std::ssize(wanted) == total) {
      for (int64_t first = 0; first < total; first += chunk)
        batch(lab, kv, wanted.subspan(static_cast<size_t>(first), static_cast<size_t>(std::min(chunk, total - first))), &out);
      return out;
    }
    std::vector<int64_t> all(static_cast<size_t>(total));
    std::iota(all.begin(), all.end(), 0);
    batch(lab, kv, all, nullptr);
    batch(lab, kv, wanted, &out);
    return out;
  }
};

std::string text(const Look& look) {
  std::string all;
  if (look.window) all += ", window " + std::to_string(look.window);
  if (look.group) all += ", pages behind it any";
  return all;
}

OpCase case_of(const std::string& name, const Sizes& s, int64_t chunk) {
  const int64_t rows = s.total();
  const Attention a{s, chunk, gaussian(1, rows * s.heads * s.key_dim), gaussian(2, rows * s.kv_heads * s.key_dim),
                    gaussian(3, rows * s.kv_heads * s.value_dim)};
  OpCase c;
  c.name = "attend " + name + text(s.look) + " " + quant::info(s.cache).name + " chunks of " + std::to_string(chunk);
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
  OpCase c = case_of("ends", s, 1000);
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
    std::vector<int64_t> places;
    for (const int64_t r : wanted) places.push_back(rows[static_cast<size_t>(r)]);
    return run(lab, places);
  };
  add_case(c);
}

CHECK_GENERATOR() {
  for (const uint8_t cache : {0, 1, 8}) {
    add_attend("grouped", {4, 2, 64, 64, Type{cache}, {70, 1, 33}}, 40);
    add_attend("grouped", {4, 2, 64, 64, Type{cache}, {70, 1, 33}}, 1000);
    add_attend("one head", {1, 1, 32, 32, Type{cache}, {130}}, 7);
    add_attend("wide group", {9, 1, 96, 64, Type{cache}, {65, 20}}, 64);
    add_attend("window", {4, 4, 32, 32, Type{cache}, {150, 19}, {.window = 20}}, 50);
    add_long("long", {2, 1, 64, 64, Type{cache}, {1100}}, 512);
    add_ends({2, 1, 64, 64, Type{cache}, {1115, 520, 40}});
  }
  add_attend("odd width", {3, 3, 20, 24, Type::f16, {67, 3}}, 16);
  add_attend("odd width", {3, 3, 20, 24, Type::f32, {67, 3}}, 16);
  add_long("over splits", {2, 2, 16, 16, Type::f16, {1300}, {.window = 600}}, 300);
  add_ends({6, 2, 16, 24, Type::f16, {1300, 700}, {.window = 600}});
  add_ends({2, 2, 16, 16, Type::f16, {1115}, {.window = 30}});
}

}  // namespace
}  // namespace lt::cases
