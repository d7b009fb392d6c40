// Online softmax (Milakov & Gimelshein 2018): values weighted by e^(score - most), their weights' sum, and how two such
// parts of the positions become one. Parts of split_positions absolute positions are merged in ascending order.
#include "activation.glsl"
const int split_positions = 512;
const uint columns = 4u;  // of a value an invocation keeps, 64 apart

struct Part {
  float most, sum;
  float values[columns];
};

Part nothing() {
  Part p;
  p.most = -1e30;
  p.sum = 0.0;
  [[unroll]] for (uint j = 0u; j < columns; j++) p.values[j] = 0.0;
  return p;
}

void merge(inout Part a, Part b) {
  const float most = max(a.most, b.most), fade_a = exponential(a.most - most), fade_b = exponential(b.most - most);
  precise float sum = a.sum * fade_a + b.sum * fade_b;
  a.most = most;
  a.sum = sum;
  [[unroll]] for (uint j = 0u; j < columns; j++) {
    precise float v = a.values[j] * fade_a + b.values[j] * fade_b;
    a.values[j] = v;
  }
}

// The places that a row sees, first and last, of `last` at most.
ivec2 seen_of(int place, int last, int window, int ahead, int chunk) {
  int first = window != 0 ? max(0, place - window + 1) : 0;
  if (chunk != 0) first = max(first, place / chunk * chunk);
  return ivec2(first, ahead >= 0 ? min(last, place + ahead) : last);
}

// Scores less slope * distance (Press et al. 2021). The distance is to the last place that the row sees, whether before it or behind it: from
// the row's own, scores of places behind it would be large, and would lose digits. A softmax does not show it.
float sloped_by(float score, float slope, int distance) {
  precise float less = fma(-slope, float(distance), score);
  return less;
}

// A score more, which has no value.
void join_sink(inout Part a, float score) {
  Part sink = nothing();
  sink.most = score;
  sink.sum = 1.0;
  merge(a, sink);
}

float quotient(float value, float sum) {
  precise float q = value / sum;
  return q;
}
