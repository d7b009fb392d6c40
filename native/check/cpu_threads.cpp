// Numbers of threads of their own for few rows and for many, measured: whatever they are, products have the same bits.
#include <cstring>
#include <vector>

#include "check/check.h"
#include "core/backend.h"
#include "core/cores.h"
#include "core/thread_choice.h"

namespace lt::check {
namespace {

std::vector<float> product(Backend& backend, Tensor w, int64_t rows) {
  std::vector<float> x(static_cast<size_t>(rows * w.cols)), y(static_cast<size_t>(rows * w.rows));
  for (size_t i = 0; i < x.size(); i++) x[i] = static_cast<float>(i * 7 % 31) / 16 - 1;
  backend.ops().matmul({y.data(), Type::f32, rows, w.rows, w.rows * 4}, {x.data(), Type::f32, rows, w.cols, w.cols * 4}, w);
  return y;
}

CHECK_CASE("cpu/threads are chosen among those that there are, which does not show in the bits") {
  BackendOptions one, measured;
  one.threads = 1, measured.threads = measured_threads;
  const auto alone = open_backend("cpu", one), choosing = open_backend("cpu", measured);
  auto* const chooses = dynamic_cast<ChoosesThreads*>(choosing.get());
  CHECK_THAT(chooses, "the CPU measures no threads");
  std::vector<float> weights(static_cast<size_t>(640) * 512);
  for (size_t i = 0; i < weights.size(); i++) weights[i] = static_cast<float>(i * 13 % 97) / 64 - 0.75F;
  const Tensor w = choosing->place({weights.data(), Type::f32, 640, 512, 512 * 4});
  for (int choice = 0; choice < 2; choice++) {  // before and after
    for (const int n : {choosing->threads(), chooses->decode_threads()}) CHECK(n >= 1 && n <= usable_processors());
    for (const int64_t rows : {1, 8, 9, 70}) CHECK(product(*choosing, w, rows) == product(*alone, w, rows));
    chooses->choose_threads();
  }
}

CHECK_CASE("cpu/threads stay what they are where a number was asked for, and where there is nothing to measure") {
  BackendOptions three, measured;
  three.threads = 3, measured.threads = measured_threads;
  const auto fixed = open_backend("cpu", three), empty = open_backend("cpu", measured);
  for (Backend* b : {fixed.get(), empty.get()}) dynamic_cast<ChoosesThreads&>(*b).choose_threads();
  CHECK(fixed->threads() == 3 && dynamic_cast<ChoosesThreads&>(*fixed).decode_threads() == 3);
  CHECK(empty->threads() == usable_cores());
}

}  // namespace
}  // namespace lt::check
