// Cases of ops that walk a sequence's rows from its state to its state.
#pragma once
#include "steps.h"

namespace lt::cases {

struct Recurrent {
  std::string name;
  Sequences sequences;
  int64_t cols;      // of a result row
  int64_t state;     // floats
  double tolerance;  // of a result row and the state after it
  bool keeps_all;    // states: after every row; else after the second of each three, and the last
  std::string not_on_face{};
  // The op on these rows of the case.
  std::function<void(Lab&, Tensor y, State, std::span<const int64_t> wanted, const Rows&)> call;
};

// A sequence begins from zeros or, every second one, from a state that they share. On each backend the sequences together, each alone,
// in chunks and row by row give the same bytes, results and states, and no slot is written that was not to be.
void add_recurrent(const Recurrent& r);

}  // namespace lt::cases
