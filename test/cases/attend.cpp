// store_kv and attend: sequences of several lengths in one batch, read in chunks, pages in no order, every cache type. Where the rows
// are few enough for a work list of their splits, attend gives the same bytes with it and without. The cache holds no numbers where
// nothing was stored, so that what is read of another's place shows.
#include <cstring>
#include <map>

#include "check/check.h"
#include "quant/type.h"
#include "steps.h"

namespace lt::cases {
namespace {

// What of its sequence a row sees, and how it weighs it.
struct Look {
  int64_t window = 0, ahead = -1, chunk = 0;
  float scale = 0.125f, cap = 0;
  bool sinks = false, slopes = false;
  int64_t offsets = 0;   // the reach of those
  int64_t together = 1;  // rows see to the end of their so many places
  size_t group = 0;      // of the cache; of 1, pages that are behind for all rows of a step are any
  bool latent = false;
};

struct Sizes {
  int64_t heads, kv_heads, key_dim, value_dim;
  Type cache;
  Sequences sequences;
  Look look{};

  int64_t pages() const { return (sequences.longest() + Kv::page_size - 1) / Kv::page_size; }  // of a sequence
};

// `chunk` rows are stored and attended at a time.
struct Attention {
  std::string name;
  Sizes s;
  int64_t chunk;
  std::vector<float> q, k, v;

  StepRow row(int64_t r) const {
    const auto [of, place] = s.sequences.at(r);
    const int64_t end = (place / s.look.together + 1) * s.look.together;
    return {.of = of, .place = place, .sees = std::min(end, s.sequences.length(of)) - 1};
  }

  int64_t first_seen(int64_t place) const {
    const Look& l = s.look;
    return std::max(l.window ? std::max<int64_t>(0, place - l.window + 1) : 0, l.chunk ? place / l.chunk * l.chunk : 0);
  }

  // The last page of the cache is nobody's.
  int32_t nobodys() const { return static_cast<int32_t>(s.sequences.count() * s.pages()); }

  std::vector<int32_t> page_table(const Step& step) const {
    std::vector<int32_t> table;
    for (const Span& span : step.spans()) {
      const auto first = static_cast<size_t>(span.first), last = static_cast<size_t>(span.first + span.count - 1);
      const int64_t from = s.look.group ? first_seen(step.places()[first]) / Kv::page_size : 0, to = step.sees()[last] / Kv::page_size;
      for (int64_t p = 0; p < s.pages(); p++)
        table.push_back(p < from || p > to ? nobodys() : static_cast<int32_t>(shuffled(step.of(span) * s.pages() + p, nobodys())));
    }
    return table;
  }

  Rows rows_of(Lab& lab, const Step& step) const {
    const int64_t spans = std::ssize(step.spans());
    Rows rows = step.in(lab);
    if (s.look.group) rows.pages[0] = lab.ints(std::vector<int32_t>(static_cast<size_t>(spans * s.pages()), nobodys()), spans, s.pages());
    rows.pages[s.look.group] = lab.ints(page_table(step), spans, s.pages());
    return rows;
  }

  Rows store(Lab& lab, const Kv& kv, const Step& step, std::span<const int64_t> wanted) const {
    const int64_t n = step.rows(), keys = s.kv_heads * s.key_dim, values = s.kv_heads * s.value_dim;
    const Rows rows = rows_of(lab, step);
    lab.ops().store_kv(kv, lab.floats(picked(k, wanted, keys), n, keys),
                       kv.latent() ? Tensor{} : lab.floats(picked(v, wanted, values), n, values), rows);
    return rows;
  }

  void batch(Lab& lab, const Kv& kv, std::span<const int64_t> wanted, std::vector<float>* out) const {
    Step step;
    for (const int64_t r : wanted) step.add(row(r));
    Rows rows = store(lab, kv, step, wanted);
    if (!out) return;
    const Tensor queries = lab.floats(picked(q, wanted, s.heads * s.key_dim), step.rows(), s.heads * s.key_dim);
    const std::vector<float> found = attend(lab, queries, kv, rows);
    out->insert(out->end(), found.begin(), found.end());
    HostSplits splits;
    splits.list(step.sees(), most_entries());
    if (splits.count() == 0) return;
    rows.splits = {lab.ints(splits.entries, splits.count(), 2), lab.ints(splits.firsts, step.rows(), 1)};
    const std::vector<float> listed = attend(lab, queries, kv, rows);
    CHECK_THAT(std::memcmp(listed.data(), found.data(), found.size() * 4) == 0, "the work list changes the sums");
  }

  std::vector<float> attend(Lab& lab, Tensor queries, const Kv& kv, const Rows& rows) const {
    const Look& l = s.look;
    Attend a{.heads = s.heads, .scale = l.scale, .window = l.window, .ahead = l.ahead, .chunk = l.chunk, .cap = l.cap};
    if (l.sinks) a.sinks = lab.floats(gaussian(4, s.heads), 1, s.heads);
    std::vector<float> slopes;
    for (int64_t h = 0; h < s.heads; h++) slopes.push_back(0.25f / static_cast<float>(1 + 2 * h));
    if (l.slopes) a.slopes = lab.floats(slopes, 1, s.heads);
    if (l.offsets) a.offsets = lab.floats(gaussian(5, s.heads * (2 * l.offsets + 1)), s.heads, 2 * l.offsets + 1);
    const Tensor y = lab.output(queries.rows, s.heads * s.value_dim);
    lab.ops().attend(y, queries, kv, rows, a);
    return lab.take(y);
  }

  int64_t most_entries() const { return HostSplits::bound(HostSplits::most_rows, s.sequences.longest()); }

  Kv cache(Lab& lab) const {
    const int64_t slots = (nobodys() + 1) * s.kv_heads * Kv::page_size;
    const Tensor keys = lab.nothing(s.cache, slots, s.key_dim);
    return {keys, s.look.latent ? keys.columns(0, s.value_dim) : lab.nothing(s.cache, slots, s.value_dim), s.kv_heads, s.look.group};
  }

  // Stores all rows. A case is run with some of its rows many times, where this would take most of the time: what the first run on a
  // backend's variant and threads stored is written there by the others.
  void store_all(Lab& lab, const Kv& kv) const {
    struct Stored {
      std::vector<uint8_t> k, v;
    };
    static std::string of;  // the case
    static std::map<std::string, Stored> kept;
    if (of != name) kept.clear();
    of = name;
    if (const auto at = kept.find(lab.on()); at != kept.end()) {
      lab.write(kv.k, at->second.k);
      if (!kv.latent()) lab.write(kv.v, at->second.v);
      return;
    }
    std::vector<int64_t> all(static_cast<size_t>(s.sequences.total()));
    std::iota(all.begin(), all.end(), 0);
    batch(lab, kv, all, nullptr);
    if (!lab.on().empty()) kept[lab.on()] = {lab.bytes(kv.k), kv.latent() ? std::vector<uint8_t>() : lab.bytes(kv.v)};
  }

  // All rows in chunks. Where fewer are wanted, or rows see places behind them, all are stored before.
  std::vector<float> run(Lab& lab, std::span<const int64_t> wanted) const {
    const Kv kv = cache(lab);
    const int64_t n = std::ssize(wanted), total = s.sequences.total();
    if (n < total || s.look.together > 1) store_all(lab, kv);
    std::vector<float> out;
    const int64_t step = n < total ? n : chunk;
    for (int64_t first = 0; first < n; first += step)
      batch(lab, kv, wanted.subspan(static_cast<size_t>(first), static_cast<size_t>(std::min(step, n - first))), &out);
    return out;
  }
};

std::string text_of(const Look& l, int64_t key_dim) {
  std::string all;
  const auto add = [&](bool there, const std::string& what, int64_t n) {
    all += there ? ", " + what + (n ? " " + std::to_string(n) : "") : "";
  };
  add(l.window, "window", l.window);
  add(l.ahead >= 0, "ahead", l.ahead);
  add(l.chunk, "of its chunk of", l.chunk);
  add(l.together > 1, "together", l.together);
  add(l.cap > 0, "capped", 0);
  add(l.sinks, "sinks", 0);
  add(l.slopes, "slopes", 0);
  add(l.offsets, "offsets within", l.offsets);
  add(l.latent, "latent", key_dim);
  add(l.group, "pages behind any", 0);
  return all;
}

OpCase case_of(const std::string& name, const Sizes& s, int64_t chunk) {
  const int64_t rows = s.sequences.total();
  OpCase c;
  c.name = "attend " + name + text_of(s.look, s.key_dim) + " " + quant::info(s.cache).name + " chunks of " + std::to_string(chunk);
  c.rows = rows;
  c.cols = s.heads * s.value_dim;
  c.tolerance = 1e-5;
  const Attention a{c.name,
                    s,
                    chunk,
                    gaussian(1, rows * s.heads * s.key_dim),
                    gaussian(2, rows * s.kv_heads * s.key_dim),
                    gaussian(3, rows * s.kv_heads * s.value_dim)};
  c.needs.partials = a.most_entries() * s.heads;
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
  for (const int64_t n : s.sequences.lengths) {
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

constexpr int64_t to_the_end = 1000000;  // rows see to the end of their sequence

void add_looks(Type cache) {
  add_attend("grouped", {4, 2, 32, 32, cache, {{100, 30}}, {.chunk = 48}}, 37);
  add_attend("grouped", {4, 2, 32, 32, cache, {{70, 9}}, {.cap = 1.5f}}, 40);
  add_attend("grouped", {4, 2, 32, 32, cache, {{90, 9}}, {.window = 20, .sinks = true}}, 40);
  add_attend("grouped", {6, 3, 32, 64, cache, {{70, 9}}, {.slopes = true}}, 40);
  add_attend("grouped", {4, 2, 32, 32, cache, {{100, 9, 1}}, {.together = to_the_end}}, 64);
  add_attend("grouped", {2, 2, 64, 32, cache, {{100, 9}}, {.window = 9, .ahead = 8, .together = to_the_end}}, 64);
  add_attend("one head", {2, 1, 32, 32, cache, {{100, 21}}, {.together = 16}}, 48);
  add_attend("one head", {2, 1, 32, 32, cache, {{60, 21}}, {.sinks = true, .slopes = true, .together = 16}}, 48);
  add_attend("grouped", {6, 3, 32, 32, cache, {{90, 9}}, {.offsets = 7}}, 40);
  add_attend("grouped", {4, 2, 32, 32, cache, {{100, 9, 1}}, {.offsets = 12, .together = to_the_end}}, 64);
  add_attend("one head", {2, 1, 32, 32, cache, {{60, 21}}, {.cap = 2, .sinks = true, .slopes = true, .offsets = 200, .together = 16}}, 48);
  add_attend("one head", {2, 1, 32, 32, cache, {{200, 21}}, {.window = 40, .group = 1}}, 30);
  add_attend("one head", {2, 1, 32, 32, cache, {{200, 21}}, {.chunk = 70, .group = 1}}, 30);
  add_attend("one head", {3, 1, 96, 64, cache, {{80, 5}}, {.latent = true}}, 30);
  add_attend("one head", {3, 1, 576, 512, cache, {{66, 2}}, {.scale = 1.0f / 24, .latent = true}}, 66);
  add_ends({2, 1, 32, 32, cache, {{1115, 70}}, {.cap = 2, .sinks = true, .slopes = true}});
  add_ends({4, 1, 64, 32, cache, {{1115, 520}}, {.latent = true}});
}

void add_long_looks() {
  add_ends({2, 1, 16, 16, Type::f16, {{1115, 600}}, {.window = 100, .sinks = true, .group = 1}});
  add_ends({2, 1, 16, 16, Type::f16, {{1115, 600}}, {.chunk = 600, .group = 1}});
  add_ends({2, 1, 16, 24, Type::f16, {{1115, 600}}, {.slopes = true}});
  add_ends({2, 1, 16, 24, Type::f16, {{1115, 600}}, {.offsets = 100}});
  add_ends({2, 1, 16, 24, Type::f16, {{1115, 600}}, {.offsets = 700, .together = to_the_end}});
  add_ends({2, 1, 16, 24, Type::f16, {{1115, 600}}, {.together = to_the_end}});
  add_ends({2, 1, 16, 16, Type::f16, {{1115, 600}}, {.window = 300, .ahead = 299, .cap = 2, .together = to_the_end}});
  add_ends({2, 1, 576, 512, Type::f16, {{530}}, {.scale = 1.0f / 24, .latent = true}});
  add_long("long", {2, 1, 32, 32, Type::f16, {{700, 40}}, {.window = 600, .ahead = 599, .together = to_the_end}}, 400);
  add_long("long", {2, 1, 32, 16, Type::f16, {{1100}}, {.cap = 2, .sinks = true, .slopes = true}}, 550);
  add_long("long", {2, 1, 32, 32, Type::f32, {{1100}}, {.window = 520, .group = 1, .latent = true}}, 300);
}

CHECK_GENERATOR() {
  for (const uint8_t cache : {0, 1, 8}) {
    add_attend("grouped", {4, 2, 64, 64, Type{cache}, {{70, 1, 33}}}, 40);
    add_attend("grouped", {4, 2, 64, 64, Type{cache}, {{70, 1, 33}}}, 1000);
    add_attend("one head", {1, 1, 32, 32, Type{cache}, {{130}}}, 7);
    add_attend("wide group", {9, 1, 96, 64, Type{cache}, {{65, 20}}}, 64);
    for (const int64_t group : {5, 6, 7, 8})
      add_attend("groups of " + std::to_string(group), {2 * group, 2, 32, 64, Type{cache}, {{70, 9}}}, 40);
    add_attend("window", {4, 4, 32, 32, Type{cache}, {{150, 19}}, {.window = 20}}, 50);
    // A type of cache is how a row of it is read: one shows three splits, the others two, at four tenths of the work.
    add_long("long", {2, 1, 64, 64, Type{cache}, {{Type{cache} == Type::f16 ? 1100 : 700}}}, 512);
    add_ends({2, 1, 64, 64, Type{cache}, {{1115, 520, 40}}});
    add_looks(Type{cache});
  }
  add_attend("odd width", {3, 3, 20, 24, Type::f16, {{67, 3}}}, 16);
  add_attend("odd width", {3, 3, 20, 24, Type::f32, {{67, 3}}}, 16);
  add_long("over splits", {2, 2, 16, 16, Type::f16, {{1300}}, {.window = 600}}, 300);
  add_ends({6, 2, 16, 24, Type::f16, {{1300, 700}}, {.window = 600}});
  add_ends({2, 2, 16, 16, Type::f16, {{1115}}, {.window = 30}});
  add_long_looks();
}

}  // namespace
}  // namespace lt::cases
