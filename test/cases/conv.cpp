// conv: widths and biases, from zeros and from a state. Its input is a part of wider rows.
#include "check/check.h"
#include "states.h"

namespace lt::cases {
namespace {

void add_conv(int64_t cols, int64_t width, bool biased, const Sequences& sequences) {
  for (const bool keeps_all : {false, true}) {
    Recurrent r;
    r.name = "conv " + std::to_string(cols) + " columns, width " + std::to_string(width) + (biased ? " biased" : "");
    r.sequences = sequences;
    r.cols = cols;
    r.state = (width - 1) * cols;
    r.tolerance = 1e-6;
    r.keeps_all = keeps_all;
    const std::vector<float> x = gaussian(1, sequences.total() * (cols + 5));
    r.call = [=](Lab& lab, Tensor y, State state, std::span<const int64_t> wanted, const Rows& rows) {
      const Tensor whole = lab.floats(picked(x, wanted, cols + 5), y.rows, cols + 5);
      const Conv conv{lab.floats(gaussian(2, cols * width), cols, width), biased ? lab.floats(gaussian(3, cols), 1, cols) : Tensor{}};
      lab.ops().conv(y, whole.columns(5, cols), state, conv, rows);
    };
    add_recurrent(r);
  }
}

CHECK_GENERATOR() {
  add_conv(40, 4, true, {{7, 1, 12, 3}});
  add_conv(40, 3, false, {{7, 1, 12, 3}});
  add_conv(130, 4, false, {{2, 5}});
  add_conv(3, 2, true, {{4, 4}});
  add_conv(16, 4, false, {{70, 1, 1, 1, 1, 33}});
}

}  // namespace
}  // namespace lt::cases
