// wkv: as RWKV 6 has it, as RWKV 7 does, and with neither. What it reads lies side by side in one row.
#include <cmath>

#include "check/check.h"
#include "states.h"

namespace lt::cases {
namespace {

enum class Kind { plain, sixth, seventh };

struct Walked {
  Kind kind;
  int64_t heads, size, width;  // columns of a head of k, of v
  Sequences sequences;

  int64_t keys() const { return heads * size; }
  int64_t values() const { return heads * width; }
  int64_t all() const { return values() + 5 * keys(); }  // v, r, k, decay, removes, replaces
};

// r and k about as long as one, what is removed just so long, and replaced by a part of that; decays below 0, for `sixth` their logarithms.
std::vector<float> inputs_of(const Walked& s) {
  std::vector<float> all = gaussian(1, s.sequences.total() * s.all());
  for (int64_t r = 0; r < s.sequences.total(); r++) {
    float* const row = &all[static_cast<size_t>(r * s.all())];
    float *const keys = row + s.values(), *const decay = keys + 2 * s.keys(), *const removes = decay + s.keys();
    for (int64_t i = 0; i < 2 * s.keys(); i++) keys[i] /= std::sqrt(static_cast<float>(s.size));
    for (int64_t i = 0; i < s.keys(); i++)
      if (s.kind != Kind::sixth) decay[i] = -0.3f * std::log1p(std::exp(decay[i]));
    for (int64_t h = 0; h < s.heads; h++) {
      float* const removed = removes + h * s.size;
      double length = 0;
      for (int64_t i = 0; i < s.size; i++) length += static_cast<double>(removed[i]) * removed[i];
      for (int64_t i = 0; i < s.size; i++) {
        removed[i] /= static_cast<float>(std::sqrt(length));
        float& replaced = removed[s.keys() + i];
        replaced = -removed[i] / (1 + std::exp(-replaced));
      }
    }
  }
  return all;
}

void add_wkv(const Walked& s) {
  const std::vector<float> inputs = inputs_of(s), bonus = gaussian(2, s.keys());
  for (const bool keeps_all : {false, true}) {
    Recurrent r;
    r.name = "wkv heads " + std::to_string(s.heads) + " of " + std::to_string(s.size) + " to " + std::to_string(s.width) +
             (s.kind == Kind::sixth     ? ", a bonus"
              : s.kind == Kind::seventh ? ", replacing"
                                        : "");
    r.sequences = s.sequences;
    r.cols = s.values();
    r.state = s.values() * s.size;
    r.tolerance = 5e-6;
    r.keeps_all = keeps_all;
    r.call = [=](Lab& lab, Tensor y, State state, std::span<const int64_t> wanted, const Rows& rows) {
      const Tensor all = lab.floats(picked(inputs, wanted, s.all()), y.rows, s.all());
      const auto part = [&](int64_t i) { return all.columns(s.values() + i * s.keys(), s.keys()); };
      Wkv w{.heads = s.heads};
      if (s.kind == Kind::sixth) w.nested = true, w.bonus = lab.floats(bonus, 1, s.keys());
      if (s.kind == Kind::seventh) w.removes = part(3), w.replaces = part(4);
      lab.ops().wkv(y, part(0), part(1), all.columns(0, s.values()), part(2), state, w, rows);
    };
    add_recurrent(r);
  }
}

CHECK_GENERATOR() {
  for (const Kind kind : {Kind::plain, Kind::sixth, Kind::seventh}) {
    add_wkv({kind, 3, 16, 8, {{7, 1, 12, 3}}});
    add_wkv({kind, 2, 64, 40, {{3, 12, 1}}});
  }
  add_wkv({Kind::sixth, 3, 10, 14, {{5, 2, 4}}});
  add_wkv({Kind::seventh, 1, 20, 40, {{5, 2, 4}}});
  add_wkv({Kind::seventh, 1, 100, 17, {{3, 1}}});
}

}  // namespace
}  // namespace lt::cases
