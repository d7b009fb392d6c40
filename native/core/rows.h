// What the rows of a step are, and the memory of its sequences: paged keys and values, and states of fixed size in slots.
#pragma once
#include <array>
#include <span>

#include "core/splits.h"
#include "core/tensor.h"

namespace lt {

// Consecutive rows of one sequence, places ascending by one.
struct Span {
  int64_t first;     // row
  int64_t count;     // rows
  int64_t sequence;  // row of Rows::pages, Rows::reads
};

// Layers that reach back equally far share page tables; there are at most so many kinds.
constexpr size_t most_groups = 4;

// Of `among` rows those that adapters change, and by how much of which. Adapters are numbered as they were loaded.
struct AdaptedRows {
  Tensor at;       // i32 (m, 1): rows, ascending
  Tensor ids;      // i32 (slots * m, 1), slot by slot: an adapter of each, ascending; of those with fewer, as many as were loaded: none
  Tensor weights;  // f32 (slots * m, 1): how much of it; of none, 0
  Tensor shares;   // f32 (adapters * m, 1), adapter by adapter: how much of each
  Tensor tokens;   // i32 (slots * m, 1): adapter * vocabulary + the row's token; of none, 0
  int64_t among = 0;

  explicit operator bool() const { return bool(at); }
  int64_t count() const { return at.rows; }
  int64_t slots() const { return ids.rows / at.rows; }
  Tensor slot(const Tensor& list, int64_t i) const { return list.slice(i * count(), count()); }
};

// Tensors that do not change their address from one step of a shape to the next, so that a recorded pass reads its step's.
struct Rows {
  Tensor ids;        // i32 (n, 1): tokens; of a row that is given, any
  Tensor places;     // i32 (n, 1): the row's place in its sequence, where its key and value are kept
  Tensor turns;      // i32 (n, axes): what rotation turns it by
  Tensor sees;       // i32 (n, 1): the last place that it sees
  Tensor types;      // i32 (n, 1): which of its sequence's texts it is of, where the model tells them apart
  Tensor sequences;  // i32 (n, 1): row of `pages` and `reads`
  Tensor starts;     // i32 (sequences + 1, 1): the first row of each sequence, then n
  Tensor reads;      // i32 (sequences, 1): slot of the states before its first row; -1: they begin as zeros
  Tensor writes;     // i32 (n, 1): slot that keeps the states as they are after the row; -1: none
  Tensor outputs;    // i32 (m, 1): rows whose results are wanted
  Tensor given_at;   // i32 (g, 1): rows that come as embeddings, not as tokens
  Tensor given;      // f32 (g, width): those
  // i32 (sequences, pages of the longest), by group: page of places [p * page_size, (p + 1) * page_size). A page behind every row's
  // window may be any.
  std::array<Tensor, most_groups> pages;
  // Of a model with an encoder, in a step that does not encode; in one that does, none.
  Tensor across{};        // i32 (n, 1): the last place of the text that the row's sequence had encoded, all of which it sees
  Tensor across_pages{};  // i32 (sequences, pages of the longest): where that lies

  AdaptedRows adapted{}, adapted_outputs{};  // of all rows; of `outputs`, without shares and tokens

  std::span<const Span> spans;  // the sequences for host code: covers all rows, in order
  Splits splits{};              // attention's work list, where the rows are few

  // f(tensor) for each of them.
  template <class F>
  void each(F f) {
    for (Tensor* t :
         {&ids, &places, &turns, &sees, &types, &sequences, &starts, &reads, &writes, &outputs, &given_at, &given, &across, &across_pages})
      f(*t);
    for (Tensor& t : pages) f(t);
    f(splits.entries);
    f(splits.firsts);
  }
};

// The paged cache of one layer. Row (page * heads + head) * page_size + place % page_size of k and v.
struct Kv {
  static constexpr int64_t page_size = 64;
  Tensor k, v;  // (pages * heads * page_size, dim), f32, f16 or Q8_0; v may be the first columns of k, and is then not stored
  int64_t heads = 1;
  size_t group = 0;  // of Rows::pages

  bool latent() const { return v.data == k.data; }
};

// One of the states that a layer keeps of each sequence.
struct State {
  Tensor slots;  // f32 (slots, floats of one)
};

// What a model's layers keep, by layer.
struct Memory {
  std::span<const Kv> kv;          // of a layer without, none; of one that reads another's, that
  std::span<const Tensor> states;  // f32 (slots, floats of the layer)
};

}  // namespace lt
