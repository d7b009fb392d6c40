// How several ranks divide a model: each holds some heads, some columns of the feed-forward, some rows of the output matrix.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace lt::model {

struct Range {
  int64_t first = 0, count = 0;
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

// Which rank loads, and what loading tells of it. Outlives the backend, which reads `packed`.
struct Division {
  int rank = 0, size = 1;
  bool exact = false;  // no sum is divided: inputs are gathered and the rows of results divided, so that one rank's bits come out

  int64_t heads = 0, kv_heads = 0;              // of the whole model
  std::vector<std::span<const char>> read;      // of the mapped file, what passes read here
  std::vector<std::unique_ptr<char[]>> packed;  // columns of matrices, copied out of the file
  uint64_t packed_bytes = 0;

  void note(const std::string& what);  // said once however often
  std::string text() const;            // for people: "3 ranks: attention heads 3+3+3, ..."
  uint64_t weights() const;            // bytes of what this rank holds

 private:
  std::vector<std::string> notes_;
};

}  // namespace lt::model
