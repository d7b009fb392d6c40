// How many threads a model's loops run on, where that is measured: what is tried, and what is taken.
#pragma once
#include <span>
#include <vector>

namespace lt {

// A number of threads that stands for those which are measured.
constexpr int measured_threads = -1;

// Implemented by a backend whose loops can run on fewer threads than it has.
class ChoosesThreads {
 public:
  virtual ~ChoosesThreads() = default;
  // Where measured_threads were asked for: measures some of the model's products, once its weights can be read, and keeps to what it found.
  // Throws Code::memory.
  virtual void choose_threads() = 0;
  virtual int decode_threads() const = 0;  // of steps with few rows
};

// Numbers of threads to be tried, ascending, each once: fractions of the cores, those that are fast, all hardware threads.
std::vector<int> threads_to_try(int cores, int fast, int processors);

struct ThreadRate {
  int threads;
  double rate;  // of work done
};
// The fewest whose rate is the best, or so near it that a measurement cannot tell: they leave more to others.
int fewest_of_best(std::span<const ThreadRate> rates);

}  // namespace lt
