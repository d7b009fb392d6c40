// The rows of a step as the engine describes them to a backend.
#pragma once
#include <algorithm>
#include <numeric>
#include <vector>

#include "harness.h"

namespace lt::cases {

// The rows of a case: all places of sequence 0, then of 1, ...
struct Sequences {
  std::vector<int64_t> lengths;

  struct At {
    int64_t of, place;
  };
  At at(int64_t row) const {
    int64_t of = 0;
    for (; row >= length(of); of++) row -= length(of);
    return {of, row};
  }
  int64_t count() const { return std::ssize(lengths); }
  int64_t length(int64_t of) const { return lengths[static_cast<size_t>(of)]; }
  int64_t longest() const { return *std::max_element(lengths.begin(), lengths.end()); }
  int64_t total() const { return std::accumulate(lengths.begin(), lengths.end(), int64_t{0}); }
};

// The number that i has in a shuffle of [0, n), as a pool in use hands its pages and slots out.
int64_t shuffled(int64_t i, int64_t n);

struct StepRow {
  int64_t of = 0;  // whose row it is; the step's sequences are numbered as they come
  int64_t place = 0;
  int64_t sees = 0;     // the last place that it sees
  int32_t reads = -1;   // slot of the state before it: of the first row of a span
  int32_t writes = -1;  // slot of the state after it
};

class Step {
 public:
  // It continues the span of the row before where it follows it in its sequence.
  void add(const StepRow& row);
  int64_t rows() const { return std::ssize(places_); }
  std::span<const Span> spans() const { return spans_; }
  int64_t of(const Span& span) const { return of_[static_cast<size_t>(span.sequence)]; }
  const std::vector<int32_t>& places() const { return places_; }
  const std::vector<int32_t>& sees() const { return sees_; }
  Rows in(Lab& lab) const;  // all but the pages; points to the spans here

 private:
  std::vector<int32_t> places_, sees_, sequences_, starts_{0}, reads_, writes_;
  std::vector<Span> spans_;
  std::vector<int64_t> of_;
};

}  // namespace lt::cases
