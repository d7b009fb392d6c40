// The code books as the search reads them: floats, sixteen points side by side.
#pragma once
#include <cstdint>

namespace lt::encode {

struct Book {
  int points, width;    // width: values of a point
  float top;            // the largest value
  const float* values;  // (points / 16, width, 16)
  int levels;           // the different values
  float level[8];       // in ascending order
  int starts[9];        // points are sorted by their last value: the first point whose last value is at least level[k]
};

// Values without signs, but those of IQ1 have theirs: its 2048 points an eighth higher, then the same an eighth lower.
const Book& book_iq1();
const Book& book_iq2_xxs();
const Book& book_iq2_xs();
const Book& book_iq2_s();
const Book& book_iq3_xxs();
const Book& book_iq3_s();

}  // namespace lt::encode
