#version 460
// The results of chosen matrices in the order of these, equal ones ascending, and tiles of at most 2^size of them of one matrix: a matrix a
// group. What is chosen and not held is the last. A group counts all results, as its own begin behind those of the matrices before.
#include "core.glsl"
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
  Ints ids, tiles, order;  // tiles: their number, then of each its matrix, its first place in the order, its results
  uint ids_stride, used, results, held, size;
  int first_held;
};
shared uint counts[1024 + 1];  // by matrix: most_listed of matmul.cpp
shared uint own[64];           // of an invocation's stretch of the results

uint matrix_of(uint result) { return min(uint(ids.at[result / used * ids_stride + result % used] - first_held), held); }
uint tiles_of(uint n) { return (n + (1u << size) - 1u) >> size; }

void count_all(uint t) {
  for (uint m = t; m <= held; m += 64u) counts[m] = 0u;
  barrier();
  for (uint i = t; i < results; i += 64u) atomicAdd(counts[matrix_of(i)], 1u);
  barrier();
}

// Where the invocation's results of a matrix that begins at `place` go.
void list_own(uint t, uint matrix, uint place) {
  const uint stretch = (results + 63u) / 64u, from = min(t * stretch, results), to = min(from + stretch, results);
  uint n = 0u;
  for (uint i = from; i < to; i++) n += matrix_of(i) == matrix ? 1u : 0u;
  own[t] = n;
  barrier();
  for (uint u = 0u; u < t; u++) place += own[u];
  for (uint i = from; i < to; i++) {
    if (matrix_of(i) == matrix) order.at[place++] = int(i);
  }
}

void list_tiles(uint t, uint matrix, uint place, uint tile) {
  const uint n = counts[matrix], n_tiles = tiles_of(n);
  for (uint i = t; i < n_tiles; i += 64u) {
    const uint at = 3u * (tile + i) + 1u, first = i << size;
    tiles.at[at] = int(matrix);
    tiles.at[at + 1u] = int(place + first);
    tiles.at[at + 2u] = int(min(n - first, 1u << size));
  }
  if (matrix == held && t == 0u) tiles.at[0] = int(tile + n_tiles);
}

void main() {
  const uint t = gl_LocalInvocationID.x, matrix = gl_WorkGroupID.x;
  count_all(t);
  uint place = 0u, tile = 0u;
  for (uint m = 0u; m < matrix; m++) {
    place += counts[m];
    tile += tiles_of(counts[m]);
  }
  list_tiles(t, matrix, place, tile);
  list_own(t, matrix, place);
}
