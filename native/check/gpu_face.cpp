// The face of the GPU backend: the device's meaning of shuffles, barriers, shared memory and atomics; and that it catches kernels which
// break the rules, each of a kind that passes on a device by luck.
#include <algorithm>
#include <numeric>

#include "backend/gpu/face/memory.h"
#include "backend/gpu/gpu.h"
#include "check/check.h"

namespace lt::gpu::face {
namespace {

struct Numbers {
  float* at;
  int* counter;
};

// Device memory of `count` floats, zero.
struct Lab {
  explicit Lab(const std::string& wave, size_t count = 64) : stream(wave), bytes(count * 4) {
    numbers = {static_cast<float*>(allocate(bytes)), static_cast<int*>(allocate(4))};
    stream.zero(numbers.at, bytes);
    stream.zero(numbers.counter, 4);
  }
  ~Lab() {
    release(numbers.at);
    release(numbers.counter);
  }
  std::vector<float> run(void (*kernel)(Numbers), int threads, int64_t blocks = 1, size_t shared = 0) {
    launch(stream, "kernel under test", kernel, {blocks}, threads, shared, numbers);
    std::vector<float> out(bytes / 4);
    stream.to_host(out.data(), numbers.at, bytes);
    stream.wait();
    return out;
  }
  Stream stream;
  size_t bytes;
  Numbers numbers;
};

void expect_fault(void (*kernel)(Numbers), const std::vector<std::string>& words, int threads = 64, size_t shared = 0) {
  for (const std::string wave : {"wave32", "wave64"}) {
    Lab lab(wave);
    std::string found = "nothing";
    try {
      lab.run(kernel, threads, 1, shared);
    } catch (const Error& e) {
      CHECK(e.code() == Code::internal);
      found = e.what();
    }
    for (const std::string& word : words)
      CHECK_THAT(found.find(word) != std::string::npos, wave << ": expected " << word << " in: " << found);
    // What waited was let go: the same fibers run the next kernel.
    const std::vector<float> after = lab.run(+[](Numbers p) { p.at[thread()] = static_cast<float>(thread()); }, 64);
    CHECK(after[5] == 5 && after[63] == 63);
  }
}

LT_KERNEL(64) exchange(Numbers p) {
  const float other = shuffle_xor(static_cast<float>(thread()), 5);
  p.at[thread()] = other + 100 * shuffle_xor(other, 16);
}

LT_KERNEL(64) reverse(Numbers p) {
  LT_SHARED_DYNAMIC(float, memory);
  const SharedPtr<float> half = memory + 64;
  half[thread()] = p.at[thread()];
  sync();
  p.at[thread()] = half[63 - thread()];
  atomic_add(p.counter, thread());
}

LT_KERNEL(64) one_short_barrier(Numbers p) {
  LT_SHARED(float, values, 64);
  values[thread()] = 0.0f;
  sync();
  values[thread()] = 1.0f;
  p.at[thread()] = values[(thread() + 1) % 64];
}

LT_KERNEL(64) overwrites_what_others_read(Numbers p) {
  LT_SHARED(float, values, 64);
  values[thread()] = 1.0f;
  sync();
  p.at[thread()] = values[(thread() + 1) % 64];
  values[thread()] = 2.0f;
}

LT_KERNEL(64) one_past_the_end(Numbers p) {
  LT_SHARED(float, values, 64);
  values[thread() + 1] = 1.0f;
  sync();
  p.at[thread()] = values[0];
}

LT_KERNEL(64) one_before_the_array(Numbers p) {
  LT_SHARED(float, values, 64);
  values[thread()] = 1.0f;
  sync();
  p.at[thread()] = values[thread() - 1];
}

LT_KERNEL(64) reads_what_nobody_wrote(Numbers p) {
  LT_SHARED(float, values, 64);
  if (thread() != 7) values[thread()] = 1.0f;
  sync();
  p.at[thread()] = values[7];
}

LT_KERNEL(64) relies_on_the_block_before(Numbers p) {
  LT_SHARED(float, values, 1);
  if (block_x() == 0 && thread() == 0) values[0] = 1.0f;
  sync();
  p.at[thread()] = values[0];
}

LT_KERNEL(64) half_a_barrier(Numbers p) {
  if (thread() < 40) sync();
  p.at[thread()] = 1;
}

LT_KERNEL(64) two_barriers_as_one(Numbers p) {
  if (thread() < 32)
    sync();
  else
    sync();
  p.at[thread()] = 1;
}

LT_KERNEL(64) shuffle_of_some(Numbers p) {
  if (thread() % 32 < 20) p.at[thread()] = shuffle_xor(1, 1);
  sync();
}

LT_KERNEL(64) shuffle_with_the_gone(Numbers p) {
  if (thread() % 32 == 3) return;
  p.at[thread()] = shuffle_xor(1, 1);
}

LT_KERNEL(64) too_much(Numbers p) {
  LT_SHARED(float, values, 16384);
  values[thread()] = 1.0f;
  p.at[thread()] = values[thread()];
}

LT_KERNEL(64) one_past_device_memory(Numbers p) { p.at[thread() + 1] = 1; }

CHECK_CASE("gpu/face: shuffles, barriers, shared memory and atomics have the device's meaning") {
  for (const std::string wave : {"wave32", "wave64"}) {
    Lab lab(wave);
    const std::vector<float> got = lab.run(exchange, 64);
    for (int i = 0; i < 64; i++) CHECK(got[static_cast<size_t>(i)] == static_cast<float>((i ^ 5) + 100 * (i ^ 16 ^ 5)));
    std::vector<float> before(64);
    std::iota(before.begin(), before.end(), 1.0f);
    lab.stream.to_device(lab.numbers.at, before.data(), 256);
    const std::vector<float> turned = lab.run(reverse, 64, 1, 512);
    for (size_t i = 0; i < 64; i++) CHECK(turned[i] == before[63 - i]);
    CHECK(*lab.numbers.counter == 64 * 63 / 2);
  }
}

CHECK_CASE("gpu/face: threads go on in an order that the seed gives") {
  const auto order = +[](Numbers p) { p.at[atomic_add(p.counter, 1)] = static_cast<float>(thread()); };
  const auto with_seed = [&](const char* seed) {
    setenv("LLAMA_TS_FACE_SEED", seed, 1);
    Lab lab("wave32");
    std::vector<float> found = lab.run(order, 64);
    unsetenv("LLAMA_TS_FACE_SEED");
    return found;
  };
  const std::vector<float> one = with_seed("5");
  CHECK(one == with_seed("5"));
  bool differs = false;
  for (const char* seed : {"6", "7", "8", "9", "10"}) differs |= one != with_seed(seed);
  CHECK(differs);
  std::vector<float> sorted = one, all(64);
  std::iota(all.begin(), all.end(), 0.0f);
  std::sort(sorted.begin(), sorted.end());
  CHECK(one != all && sorted == all);
}

CHECK_CASE("gpu/face: a missing barrier is caught") {
  expect_fault(one_short_barrier, {"kernel under test", "block (0, 0, 0)", "thread ", "of values is", "with no barrier after its"});
  expect_fault(overwrites_what_others_read, {"of values is", "with no barrier after its"});
}

CHECK_CASE("gpu/face: an index one off is caught in shared memory") {
  expect_fault(one_past_the_end, {"thread 63", "element 64 of values is outside, the array has 64"});
  expect_fault(one_before_the_array, {"thread 0", "element -1 of values is outside"});
}

CHECK_CASE("gpu/face: shared memory that the block did not write is caught") {
  expect_fault(reads_what_nobody_wrote, {"element 7 of values is read before it is written"});
  Lab lab("wave32");
  CHECK_THROWS(lab.run(relies_on_the_block_before, 64, 2), Code::internal);
}

CHECK_CASE("gpu/face: barriers and shuffles that not all reach are caught") {
  expect_fault(half_a_barrier, {"others wait at the barrier", "it has ended without"});
  expect_fault(two_barriers_as_one, {"others wait at the barrier", "it waits at line"});
  expect_fault(shuffle_of_some, {"lanes of its wave wait at the shuffle"});
  expect_fault(shuffle_with_the_gone, {"reads thread ", "which is not there"});
}

CHECK_CASE("gpu/face: what no device has is caught") {
  expect_fault(too_much, {"65536 bytes", "there are 49152"});
  Lab lab("wave32");
  CHECK_THROWS(lab.run(exchange, 2048), Code::internal);
  for (const Grid& grid : {Grid{0, 1, 1}, Grid{int64_t{1} << 31, 1, 1}, Grid{1, 65536, 1}, Grid{1, 1, 65536}})
    CHECK_THROWS(launch(lab.stream, "wide", exchange, grid, 64, 0, lab.numbers), Code::unsupported);
}

CHECK_CASE("gpu/face: a write beside device memory is caught") {
#ifdef LT_FACE_ASAN
  throw check::Skip{"the address sanitizer ends the process there"};
#endif
  {
    Lab lab("wave32");
    CHECK_THROWS(lab.run(one_past_device_memory, 64), Code::internal);
  }
}

CHECK_CASE("gpu/face: work is done when it is waited for, recorded work when it is launched") {
  Lab lab("wave32");
  const auto mark = +[](Numbers p) { p.at[thread()] += 1; };
  lab.run(mark, 64);
  launch(lab.stream, "mark", mark, {1}, 64, 0, lab.numbers);
  CHECK(lab.numbers.at[0] == 1);
  lab.stream.wait();
  CHECK(lab.numbers.at[0] == 2);
  lab.stream.begin();
  launch(lab.stream, "mark", mark, {1}, 64, 0, lab.numbers);
  CHECK_THROWS(lab.stream.wait(), Code::internal);
  Graph graph = lab.stream.end();
  lab.stream.wait();
  CHECK(lab.numbers.at[0] == 2);
  graph.launch(lab.stream);
  graph.launch(lab.stream);
  lab.stream.wait();
  CHECK(lab.numbers.at[0] == 4);
}

CHECK_CASE("gpu/face: a device that is full says so with the figures, and works on") {
  const auto backend = open_backend("gpu-face", {});
  setenv("LLAMA_TS_FACE_MEMORY", "1", 1);
  std::string found;
  try {
    backend->alloc(Type::f32, 1024, 1024);
  } catch (const Error& e) {
    found = std::string(code_name(e.code())) + " " + e.what();
  }
  unsetenv("LLAMA_TS_FACE_MEMORY");
  CHECK_THAT(found.starts_with("MEMORY") && found.find("expected 4 MB") != std::string::npos, found);
  const Tensor t = backend->alloc(Type::f32, 1, 4);
  const float in[4] = {1, 2, 3, 4};
  float out[4] = {};
  backend->write(t, in);
  backend->ops().add(t, t, t);
  backend->read(out, t);
  CHECK(out[3] == 8);
}

}  // namespace
}  // namespace lt::gpu::face
