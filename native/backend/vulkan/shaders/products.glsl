// What the shaders of products are told, and which rows a group multiplies with which matrix (Choice in core/ops.h). Matrices lie
// below one another. A result is a row of y; x's row for it is result / used.
//   one      all rows meet the one matrix; groups take them in order
//   in_turn  row r meets matrix r mod turns; a group has rows of one matrix
//   each     a group has one result, whose matrix is its id
//   listed   a group has a tile of choice_list.comp
#ifndef INPUTS
#define INPUTS Floats
#endif
layout(push_constant) uniform Push {
  Words books, w;
  INPUTS x;
  Floats bias, y;
  Ints ids, order;  // listed: the tiles, and the results in the order of their matrices
  uint w_stride, x_stride, y_stride, bias_stride, ids_stride, cols, outs, rows, biased;  // rows: of y
  uint choice, turns, used, held;                                                       // held: matrices
  int first_held;                                                                       // the id of the first
};
const uint in_turn = 1u, each = 2u, listed = 3u;

// Results from `first` on, `step` apart (listed: places in the order); none of a group beyond the last.
struct Share {
  uint matrix, first, step, count;
};

Share share_of(uint group, uint size) {
  if (choice == each) return group < rows ? Share(uint(ids.at[group / used * ids_stride + group % used] - first_held), group, 1u, 1u)
                                          : Share(0u, 0u, 0u, 0u);
  if (choice == listed) {
    if (group >= uint(ids.at[0])) return Share(0u, 0u, 0u, 0u);
    const uint at = 3u * group + 1u;
    return Share(uint(ids.at[at]), uint(ids.at[at + 1u]), 1u, uint(ids.at[at + 2u]));
  }
  const uint step = choice == in_turn ? turns : 1u, matrix = group % step;
  const uint first = group / step * size * step + matrix;
  return Share(matrix, first, step, first < rows ? min(size, (rows - first + step - 1u) / step) : 0u);
}

uint result_of(Share s, uint n) {
  const uint at = s.first + s.step * n;
  return choice == listed ? uint(order.at[at]) : at;
}

// Where x's row for result n begins; beyond the last result, as for the last.
uint input_of(Share s, uint n) { return result_of(s, min(n, s.count - 1u)) / used * x_stride; }

// Where row m of the group's matrix begins; beyond the last row, as the last.
uint weight_of(Share s, uint m) { return (s.matrix * outs + min(m, outs - 1u)) * w_stride; }

// Result n's column m, which is not beyond the last.
void store_product(Share s, uint n, uint m, float sum) {
  precise float v = sum;
  if (biased != 0u) v = v + bias.at[s.matrix * bias_stride + m];
  y.at[result_of(s, n) * y_stride + m] = v;
}

// Whether there is nothing to multiply. Where a matrix is not held, the results are zeros, in columns [m0, m0 + across).
bool leaves(Share s, uint t, uint m0, uint across) {
  if (s.count == 0u) return true;
  if (s.matrix < held) return false;
  for (uint n = 0u; n < s.count; n++) {
    for (uint m = m0 + t; m < min(m0 + across, outs); m += 64u) y.at[result_of(s, n) * y_stride + m] = 0.0;
  }
  return true;
}
