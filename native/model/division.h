// How several ranks divide a model: each holds some heads, some columns of the feed-forward, some rows of the output matrix.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lt::model {

struct Range {
  int64_t first = 0, count = 0;
};

// Parts of things that lie in a row, ascending. Neighbours that touch are one.
class Ranges {
 public:
  Ranges(Range one) : all_{one} {}
  void add(Range more);
  Ranges times(int64_t n) const;  // of heads to columns
  int64_t count() const;          // of all parts

  bool whole() const { return all_.size() == 1; }  // one part, which can be read where it lies
  int64_t first() const { return all_[0].first; }
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }

 private:
  std::vector<Range> all_;
};

// Rank r has [at[r], at[r + 1]) of things that lie in a row. Empty: every rank has all of them.
struct Boundaries {
  std::vector<int64_t> at;

  explicit operator bool() const { return !at.empty(); }
  Range of(int rank) const { return {at[static_cast<size_t>(rank)], at[static_cast<size_t>(rank) + 1] - at[static_cast<size_t>(rank)]}; }
  Boundaries times(int64_t n) const;  // of heads to columns
  bool between(int64_t block) const;  // every boundary lies between two blocks of so many
  std::string text() const;           // "1+1+2"
};

// As even as units allow: rank r begins at unit units * r / ranks. Empty where there is one rank, or a rank would have nothing.
Boundaries cut(int64_t whole, int64_t unit, int ranks);

// Query heads stay with the KV head they read. Where there are more ranks than KV heads, several ranks hold the same KV head and
// share its query heads; where those are too few, attention is not divided.
struct HeadCut {
  Boundaries query;
  std::vector<Range> kv;  // by rank
};
HeadCut cut_heads(int64_t heads, int64_t kv_heads, int ranks);

// Which rank loads, and what loading tells of it.
struct Division {
  int rank = 0, size = 1;
  bool exact = false;  // no sum is divided: inputs are gathered and the rows of results divided, so that one rank's bits come out

  int64_t heads = 0, kv_heads = 0;          // of the whole model, in the layer that has most
  std::vector<std::span<const char>> read;  // of the mapped file, what passes read here
  uint64_t packed_bytes = 0;                // of parts of matrices, copied out of the file

  Range mine(const Boundaries& cut, int64_t whole) const { return cut ? cut.of(rank) : Range{0, whole}; }  // all of it without a cut
  void note(const std::string& what);                                                                      // said once however often
  std::string text() const;  // for people: "3 ranks: attention heads 3+3+3, ..."
  uint64_t weights() const;  // bytes of what this rank holds

 private:
  std::vector<std::string> notes_;
};

}  // namespace lt::model
