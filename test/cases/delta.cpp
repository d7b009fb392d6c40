// delta: value heads in blocks and tiled, a decay a head and a row of the state. What it reads lies side by side in one row.
#include <cmath>

#include "check/check.h"
#include "states.h"

namespace lt::cases {
namespace {

struct Ruled {
  int64_t key_heads, value_heads, size, width;  // columns of a key head, of a value head
  bool tiled, decay_a_row;
  Sequences sequences;

  int64_t keys() const { return key_heads * size; }
  int64_t values() const { return value_heads * width; }
  int64_t decays() const { return value_heads * (decay_a_row ? size : 1); }
  int64_t all() const { return 2 * keys() + values() + value_heads + decays(); }
};

// q and k about as long as one, values, rates within 0 and 1, decays below 0.
std::vector<float> inputs_of(const Ruled& s) {
  std::vector<float> all = gaussian(1, s.sequences.total() * s.all());
  for (size_t i = 0; i < all.size(); i++) {
    const int64_t column = static_cast<int64_t>(i) % s.all();
    if (column < 2 * s.keys())
      all[i] /= std::sqrt(static_cast<float>(s.size));
    else if (column >= s.all() - s.decays())
      all[i] = -0.3f * std::log1p(std::exp(all[i]));
    else if (column >= s.all() - s.decays() - s.value_heads)
      all[i] = 1 / (1 + std::exp(-all[i]));
  }
  return all;
}

void add_delta(const Ruled& s) {
  const std::vector<float> inputs = inputs_of(s);
  for (const bool keeps_all : {false, true}) {
    Recurrent r;
    r.name = "delta heads " + std::to_string(s.key_heads) + " of " + std::to_string(s.size) + " to " + std::to_string(s.value_heads) +
             " of " + std::to_string(s.width) + (s.tiled ? " tiled" : "") + (s.decay_a_row ? ", a decay a row" : "");
    r.sequences = s.sequences;
    r.cols = s.values();
    r.state = s.values() * s.size;
    r.tolerance = 5e-6;
    r.keeps_all = keeps_all;
    r.call = [=](Lab& lab, Tensor y, State state, std::span<const int64_t> wanted, const Rows& rows) {
      const Tensor all = lab.floats(picked(inputs, wanted, s.all()), y.rows, s.all());
      const Tensor q = all.columns(0, s.keys()), k = all.columns(s.keys(), s.keys()), v = all.columns(2 * s.keys(), s.values());
      const Tensor beta = all.columns(2 * s.keys() + s.values(), s.value_heads), decay = all.columns(s.all() - s.decays(), s.decays());
      lab.ops().delta(y, q, k, v, decay, beta, state, {s.key_heads, s.value_heads, s.tiled}, rows);
    };
    add_recurrent(r);
  }
}

CHECK_GENERATOR() {
  for (const bool tiled : {false, true})
    for (const bool decay_a_row : {false, true}) add_delta({2, 6, 16, 8, tiled, decay_a_row, {{7, 1, 12, 3}}});
  add_delta({3, 3, 10, 14, false, true, {{5, 2, 4}}});
  add_delta({1, 2, 128, 128, false, false, {{3, 4}}});
  add_delta({1, 1, 128, 64, false, true, {{4, 1}}});
  add_delta({1, 2, 32, 16, true, false, {{140, 1, 1, 1, 33}}});
}

}  // namespace
}  // namespace lt::cases
