// What the rows of a step are, in host memory: one list of the fields, for who describes them, sends them to ranks or puts them on a
// device.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/rows.h"

namespace lt::engine {

// As core's AdaptedRows; weights and shares by their bits.
struct HostAdapted {
  std::vector<int32_t> at, ids, weights, shares, tokens;

  template <class Self, class F>
  static void each(Self& self, F f) {
    f(self.at), f(self.ids), f(self.weights), f(self.shares), f(self.tokens);
  }
};

struct HostRows {
  std::vector<int32_t> ids, places, turns, sees, types, sequences, starts, reads, writes, outputs, given_at;  // as core's Rows
  std::vector<int32_t> given;                                                                                 // the bits of Rows::given
  std::array<std::vector<int32_t>, most_groups> pages;  // as wide as the longest sequence's
  std::vector<int32_t> across, across_pages;            // as core's Rows; the pages as wide as the others
  HostAdapted adapted, adapted_outputs;
  std::vector<int32_t> copies;  // pages to be copied first, in order: group, from, to, group, ...
  std::vector<int32_t> wants;   // of the outputs: logits or hidden rows, 0 or 1 each

  // f(list, the tensor it becomes) for every list that a pass reads.
  template <class Self, class F>
  static void each(Self& rows, F f) {
    f(rows.ids, &Rows::ids), f(rows.places, &Rows::places), f(rows.turns, &Rows::turns), f(rows.sees, &Rows::sees);
    f(rows.types, &Rows::types);
    f(rows.sequences, &Rows::sequences), f(rows.starts, &Rows::starts), f(rows.reads, &Rows::reads), f(rows.writes, &Rows::writes);
    f(rows.outputs, &Rows::outputs), f(rows.given_at, &Rows::given_at), f(rows.across, &Rows::across);
  }
  // f(list) for all of them.
  template <class Self, class F>
  static void each_list(Self& rows, F f) {
    each(rows, [&](auto& list, auto) { f(list); });
    for (auto& table : rows.pages) f(table);
    HostAdapted::each(rows.adapted, f), HostAdapted::each(rows.adapted_outputs, f);
    f(rows.across_pages), f(rows.given), f(rows.copies), f(rows.wants);
  }

  int64_t count() const { return static_cast<int64_t>(ids.size()); }
  int64_t sequence_count() const { return static_cast<int64_t>(starts.size()) - 1; }
  bool wants_logits() const { return wants.at(0) != 0; }
  bool wants_hidden() const { return wants.at(1) != 0; }
  // One row, a token, and its logits, of each sequence.
  bool decodes() const { return sequence_count() == count() && outputs.size() == ids.size() && !wants_hidden() && given_at.empty(); }
};

}  // namespace lt::engine
