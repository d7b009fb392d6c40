// The rows of a step as the engine describes them to a backend.
#pragma once
#include <vector>

#include "harness.h"

namespace lt::cases {

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
