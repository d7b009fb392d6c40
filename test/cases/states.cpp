#include "states.h"

#include <cstring>

#include "check/check.h"

namespace lt::cases {
namespace {

using Part = std::vector<int64_t>;  // rows of the case that are computed in one step

// A slot for the state after each row; one for each sequence, where its state waits for the next step; one to begin from.
struct Slots {
  const Recurrent& r;

  int64_t count() const { return r.sequences.total() + r.sequences.count() + 1; }
  int32_t slot(int64_t i) const { return static_cast<int32_t>(shuffled(i, count())); }
  int32_t of_row(int64_t row) const { return slot(row); }
  int32_t waiting(int64_t sequence) const { return slot(r.sequences.total() + sequence); }
  int32_t beginning() const { return slot(count() - 1); }

  bool kept(int64_t row) const {
    const auto [of, place] = r.sequences.at(row);
    return r.keeps_all || place % 3 == 1 || place + 1 == r.sequences.length(of);
  }
  int32_t after(int64_t row) const { return kept(row) ? of_row(row) : waiting(r.sequences.at(row).of); }
  int32_t before(int64_t row) const {
    const auto [of, place] = r.sequences.at(row);
    return place > 0 ? after(row - 1) : of % 2 ? beginning() : -1;
  }
};

struct Results {
  std::vector<float> y, states;
};

// Of `parts`, one step after another: the results by row of the case, the states by slot.
Results walk(Lab& lab, const Recurrent& r, const std::vector<Part>& parts) {
  const Slots slots{r};
  Results all{std::vector<float>(static_cast<size_t>(r.sequences.total() * r.cols)), gaussian(99, slots.count() * r.state)};
  const Tensor states = lab.output(slots.count(), r.state, all.states);
  for (const Part& part : parts) {
    Step step;
    for (size_t i = 0; i < part.size(); i++) {
      const auto [of, place] = r.sequences.at(part[i]);
      const bool goes_on = i + 1 < part.size() && part[i + 1] == part[i] + 1 && r.sequences.at(part[i + 1]).of == of;
      step.add({.of = of,
                .place = place,
                .sees = place,
                .reads = slots.before(part[i]),
                .writes = !goes_on || slots.kept(part[i]) ? slots.after(part[i]) : -1});
    }
    const Tensor y = lab.output(step.rows(), r.cols);
    r.call(lab, y, {states}, part, step.in(lab));
    const std::vector<float> found = lab.take(y);
    for (size_t i = 0; i < part.size(); i++)
      std::copy_n(found.begin() + static_cast<int64_t>(i) * r.cols, r.cols, all.y.begin() + part[i] * r.cols);
  }
  all.states = lab.take(states);
  return all;
}

// What may differ between two ways is where a state waited.
std::vector<float> reported(const Recurrent& r, const Results& found, std::span<const int64_t> rows) {
  const Slots slots{r};
  std::vector<float> all;
  for (const int64_t row : rows) {
    const auto y = found.y.begin() + row * r.cols, state = found.states.begin() + slots.of_row(row) * r.state;
    all.insert(all.end(), y, y + r.cols);
    slots.kept(row) ? all.insert(all.end(), state, state + r.state) : all.insert(all.end(), static_cast<size_t>(r.state), 0.0f);
  }
  return all;
}

void untouched(const Recurrent& r, const std::vector<float>& states) {
  const Slots slots{r};
  const std::vector<float> before = gaussian(99, slots.count() * r.state);
  const auto check = [&](int32_t slot, const char* what) {
    const int64_t at = slot * r.state;
    CHECK_THAT(std::memcmp(&states[static_cast<size_t>(at)], &before[static_cast<size_t>(at)], static_cast<size_t>(r.state * 4)) == 0,
               "the slot of " << what << " was written");
  };
  check(slots.beginning(), "the state to begin from");
  for (int64_t row = 0; row < r.sequences.total(); row++)
    if (!slots.kept(row)) check(slots.of_row(row), "a row whose state is not kept");
}

// The rows of a sequence that come before those wanted, then those.
std::vector<Part> as_wanted(const Recurrent& r, std::span<const int64_t> wanted) {
  Part before;
  for (size_t i = 0; i < wanted.size(); i++) {
    const auto [of, place] = r.sequences.at(wanted[i]);
    if (i > 0 && r.sequences.at(wanted[i - 1]).of == of) continue;
    for (int64_t p = 0; p < place; p++) before.push_back(wanted[i] - place + p);
  }
  std::vector<Part> parts;
  if (!before.empty()) parts.push_back(before);
  parts.emplace_back(wanted.begin(), wanted.end());
  return parts;
}

// Every sequence goes on by its own number of rows a step, while there are any.
std::vector<Part> in_chunks(const Sequences& s, const std::function<int64_t(int64_t)>& rows_of) {
  std::vector<Part> parts;
  for (int64_t step = 0;; step++) {
    Part part;
    int64_t first = 0;
    for (int64_t of = 0; of < s.count(); first += s.length(of++))
      for (int64_t p = step * rows_of(of); p < std::min((step + 1) * rows_of(of), s.length(of)); p++) part.push_back(first + p);
    if (part.empty()) return parts;
    parts.push_back(part);
  }
}

std::vector<Part> one_by_one(const Sequences& s) {
  std::vector<Part> parts;
  int64_t row = 0;
  for (const int64_t n : s.lengths) {
    parts.emplace_back(n);
    std::iota(parts.back().begin(), parts.back().end(), row);
    row += n;
  }
  return parts;
}

std::vector<float> run_recurrent(Lab& lab, const Recurrent& r, std::span<const int64_t> wanted) {
  const Results found = walk(lab, r, as_wanted(r, wanted));
  const std::vector<float> all = reported(r, found, wanted);
  untouched(r, found.states);
  if (std::ssize(wanted) < r.sequences.total()) return all;
  const auto same = [&](const std::vector<Part>& parts, const char* how) {
    const Results other = walk(lab, r, parts);
    untouched(r, other.states);
    CHECK_THAT(check::same_bits(reported(r, other, wanted), all), how << " gives other results or states than all in one step");
  };
  same(one_by_one(r.sequences), "each sequence by itself");
  same(in_chunks(r.sequences, [](int64_t of) { return 5 - of % 2 * 2; }), "in chunks");
  same(in_chunks(r.sequences, [](int64_t) { return 1; }), "row by row");
  return all;
}

}  // namespace

void add_recurrent(const Recurrent& r) {
  OpCase c;
  c.name = r.name + (r.keeps_all ? ", every state kept" : "");
  c.rows = r.sequences.total();
  c.cols = r.cols + r.state;
  c.tolerance = r.tolerance;
  c.common = r.name.substr(0, r.name.find(' '));  // kernels of many sizes, which an optimizer takes apart for seconds
  c.not_on_face = r.not_on_face;
  c.run = [r](Lab& lab, std::span<const int64_t> wanted) { return run_recurrent(lab, r, wanted); };
  add_case(c);
}

}  // namespace lt::cases
