// scan: heads of one column and of several, a decay a head and a state column, groups. What it reads lies side by side in one row.
#include <cmath>

#include "check/check.h"
#include "states.h"

namespace lt::cases {
namespace {

struct Scanned {
  int64_t heads, groups, width, size;  // columns a head; of a state
  bool decay_a_column;
  Sequences sequences;

  int64_t x() const { return heads * width; }
  int64_t b() const { return groups * size; }
  int64_t all() const { return x() + 2 * b() + heads; }
};

// x, b, c and the step sizes, which are positive.
std::vector<float> inputs_of(const Scanned& s) {
  std::vector<float> all = gaussian(1, s.sequences.total() * s.all());
  for (size_t i = 0; i < all.size(); i++)
    if (static_cast<int64_t>(i) % s.all() >= s.x() + 2 * s.b()) all[i] = std::log1p(std::exp(all[i] - 1));
  return all;
}

void add_scan(const Scanned& s) {
  const std::vector<float> inputs = inputs_of(s);
  const int64_t decays = s.decay_a_column ? s.size : 1;
  std::vector<float> a = gaussian(2, s.heads * decays, 0.5f);
  for (float& v : a) v = -std::exp(v);
  for (const bool keeps_all : {false, true}) {
    Recurrent r;
    r.name = "scan heads " + std::to_string(s.heads) + " of " + std::to_string(s.width) + ", groups " + std::to_string(s.groups) + " of " +
             std::to_string(s.size) + (s.decay_a_column ? ", a decay a column" : "");
    r.sequences = s.sequences;
    r.cols = s.x();
    r.state = s.x() * s.size;
    r.tolerance = 5e-6;
    r.keeps_all = keeps_all;
    r.call = [=](Lab& lab, Tensor y, State state, std::span<const int64_t> wanted, const Rows& rows) {
      const Tensor all = lab.floats(picked(inputs, wanted, s.all()), y.rows, s.all());
      const Scan scan{lab.floats(a, s.heads, decays), lab.floats(gaussian(3, s.heads), 1, s.heads), s.heads, s.groups};
      lab.ops().scan(y, all.columns(0, s.x()), all.columns(s.x() + 2 * s.b(), s.heads), all.columns(s.x(), s.b()),
                     all.columns(s.x() + s.b(), s.b()), state, scan, rows);
    };
    add_recurrent(r);
  }
}

CHECK_GENERATOR() {
  add_scan({12, 1, 1, 16, true, {{7, 1, 12, 3}}});
  add_scan({4, 2, 8, 16, false, {{7, 1, 12, 3}}});
  add_scan({6, 3, 5, 12, true, {{4, 6}}});
  add_scan({3, 1, 7, 20, false, {{5, 2, 4}}});
  add_scan({2, 2, 64, 128, false, {{3, 4}}});
  add_scan({40, 1, 1, 16, true, {{66, 2}}});
  add_scan({2, 1, 4, 16, false, {{70, 1, 1, 1, 33}}});
}

}  // namespace
}  // namespace lt::cases
