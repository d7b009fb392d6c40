#include "steps.h"

namespace lt::cases {

int64_t shuffled(int64_t i, int64_t n) {
  int64_t step = 7;
  while (std::gcd(step, n) != 1) step++;  // else two would share one
  return (i * step + 3) % n;
}

void Step::add(const StepRow& row) {
  const bool follows = !spans_.empty() && of_.back() == row.of && places_.back() + 1 == row.place;
  if (!follows) {
    spans_.push_back({rows(), 0, std::ssize(spans_)});
    of_.push_back(row.of);
    reads_.push_back(row.reads);
    starts_.push_back(0);
  }
  spans_.back().count++;
  places_.push_back(static_cast<int32_t>(row.place));
  sees_.push_back(static_cast<int32_t>(row.sees));
  sequences_.push_back(static_cast<int32_t>(spans_.back().sequence));
  writes_.push_back(row.writes);
  starts_.back() = static_cast<int32_t>(rows());
}

Rows Step::in(Lab& lab) const {
  const int64_t n = rows(), sequences = std::ssize(spans_);
  Rows r;
  r.places = lab.ints(places_, n, 1);
  r.sees = lab.ints(sees_, n, 1);
  r.sequences = lab.ints(sequences_, n, 1);
  r.starts = lab.ints(starts_, sequences + 1, 1);
  r.reads = lab.ints(reads_, sequences, 1);
  r.writes = lab.ints(writes_, n, 1);
  r.spans = spans_;
  return r;
}

}  // namespace lt::cases
