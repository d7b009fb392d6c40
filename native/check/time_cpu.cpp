// llama-ts-check --time [-t THREADS] [--isa NAME] [FILTER...]: the CPU backend's ops against what the machine can do, least of
// several runs. Compute is timed in CPU time of one thread where one thread works, so that a busy machine shows less.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <random>
#include <thread>

#include "backend/cpu/isa.h"
#include "check/time.h"
#include "core/backend.h"
#include "core/splits.h"
#include "quant/type.h"
#include "simd/isa.h"

namespace lt::check {
namespace {

constexpr Type mxfp4 = Type(39);

struct Timing {
  std::vector<std::string> filters;
  BackendOptions options;
  std::unique_ptr<Backend> backend;
  std::mt19937_64 random{1};

  double seconds() const {
#if defined(CLOCK_THREAD_CPUTIME_ID)
    if (options.threads == 1) {
      timespec t;
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
      return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
    }
#endif
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }

  bool wanted(const std::string& name) const {
    return filters.empty() || std::any_of(filters.begin(), filters.end(), [&](const auto& f) { return name.find(f) != std::string::npos; });
  }

  template <class F>
  double least(int runs, F f) const {
    double best = 1e9;
    for (int i = 0; i < runs; i++) {
      const double start = seconds();
      f();
      best = std::min(best, seconds() - start);
    }
    return best;
  }

  Tensor random_tensor(Type type, int64_t rows, int64_t cols) {
    Tensor t = backend->alloc(type, rows, cols);
    auto* p = static_cast<uint8_t*>(t.data);
    for (int64_t i = 0; i + 8 <= rows * t.stride; i += 8) {
      const uint64_t bits = random();
      std::memcpy(p + i, &bits, 8);
    }
    if (type == mxfp4)  // exponents of numbers that are neither below the normal ones nor infinite
      for (int64_t i = 0; i < rows * t.stride; i += 17) p[i] = static_cast<uint8_t>(112 + p[i] % 16);
    if (type == Type::f32)
      for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < cols; c++) t.row<float>(r)[c] = static_cast<float>(static_cast<int64_t>(random() % 2001) - 1000) / 1000;
    return t;
  }
};

// One pass over memory that no cache holds, by what the C library has for it: it looks for a byte that is not there.
double read_bandwidth(Timing& t) {
  const size_t bytes = size_t{256} << 20, threads = static_cast<size_t>(std::max(1, t.options.threads)), share = bytes / threads;
  const auto* data = static_cast<const uint8_t*>(t.backend->alloc(Type::i32, static_cast<int64_t>(bytes / 8), 2).data);
  std::atomic<int> found = 0;
  const double s = t.least(5, [&] {
    std::vector<std::thread> others;
    const auto part = [&](size_t i) { found += std::memchr(data + share * i, 1, share) != nullptr; };
    for (size_t i = 1; i < threads; i++) others.emplace_back(part, i);
    part(0);
    for (auto& o : others) o.join();
  });
  return found ? 0 : static_cast<double>(share * threads) / s / 1e9;
}

double peak(Timing& t, double (*run)(int64_t)) {
  double operations = 0;
  const double s = t.least(5, [&] { operations = run(2'000'000); });
  return operations / s / 1e9;
}

// Many matrices in turn, so that a decode step reads from memory.
void time_matmul(Timing& t, Type type, double read, double limit) {
  const int64_t rows = 2048, cols = 2048;
  const char* name = quant::info(type).name;
  const std::string label = std::string("matmul ") + name;
  if (!t.wanted(label)) return;
  const auto copies = static_cast<int>((int64_t{160} << 20) / (rows * quant::row_bytes(type, cols)));
  const Tensor w = t.random_tensor(type, rows * copies, cols);
  for (const int64_t n : {1, 3, 8, 512}) {
    const Tensor x = t.random_tensor(Type::f32, n, cols), y = t.backend->alloc(Type::f32, n, rows);
    int turn = 0;
    const int calls = n == 1 ? copies : n < 512 ? copies / 4 + 1 : 1;
    const double s = t.least(n == 512 ? 5 : 7, [&] {
      for (int i = 0; i < calls; i++) t.backend->ops().matmul(y, x, w.slice(turn++ % copies * rows, rows));
    });
    const double bytes = static_cast<double>(calls * rows * w.stride) / s / 1e9,
                 ops = 2.0 * static_cast<double>(calls * rows * cols * n) / s / 1e9;
    std::printf("matmul %-5s 2048x2048 n=%-4d %8.1f GB/s (%4.2f of read) %8.1f GOP/s (%4.2f of peak)\n", name, static_cast<int>(n), bytes,
                bytes / read, ops, ops / limit);
    std::fflush(stdout);
  }
}

// 512 rows, each of which meets 8 of 128 matrices: 32 rows a matrix, as when experts read a prompt.
void time_experts(Timing& t, Type type, int64_t rows, int64_t cols, double limit) {
  const int64_t n = 512, used = 8, matrices = 128;
  const char* name = quant::info(type).name;
  if (!t.wanted(std::string("experts ") + name)) return;
  const Tensor w = t.random_tensor(type, rows * matrices, cols), x = t.random_tensor(Type::f32, n, cols);
  Tensor y = t.backend->alloc(Type::f32, n * used, rows), ids = t.backend->alloc(Type::i32, n, used);
  for (int64_t r = 0; r < n; r++)
    for (int64_t j = 0; j < used; j++)
      ids.row<int32_t>(r)[j] = static_cast<int32_t>(j * (matrices / used) + static_cast<int64_t>(t.random() % (matrices / used)));
  const Choice choice{.ids = ids, .count = matrices};
  const Product product{y, w, {}};
  const double s = t.least(7, [&] { t.backend->ops().matmul(x, {&product, 1}, choice); });
  const double ops = 2.0 * static_cast<double>(rows * cols * n * used) / s / 1e9;
  std::printf("experts %-5s %ldx%ld %8.1f GOP/s (%4.2f of peak)\n", name, static_cast<long>(rows), static_cast<long>(cols), ops,
              ops / limit);
  std::fflush(stdout);
}

// One row, which meets 8 of 128 other matrices each time, as when experts decode.
void time_decoding_experts(Timing& t, Type type, int64_t rows, int64_t cols, double read) {
  constexpr int64_t used = 8, matrices = 128;
  constexpr int turns = 32;
  const char* name = quant::info(type).name;
  if (!t.wanted(std::string("decoding experts ") + name)) return;
  const Tensor w = t.random_tensor(type, rows * matrices, cols), x = t.random_tensor(Type::f32, 1, cols);
  Tensor y = t.backend->alloc(Type::f32, used, rows), ids = t.backend->alloc(Type::i32, turns, used);
  for (int64_t r = 0; r < turns; r++)
    for (int64_t j = 0; j < used; j++)
      ids.row<int32_t>(r)[j] = static_cast<int32_t>(j * (matrices / used) + static_cast<int64_t>(t.random() % (matrices / used)));
  const Product product{y, w, {}};
  const double s = t.least(7, [&] {
    for (int64_t r = 0; r < turns; r++) t.backend->ops().matmul(x, {&product, 1}, {.ids = ids.slice(r, 1), .count = matrices});
  });
  const double bytes = static_cast<double>(turns * used * rows * w.stride) / s / 1e9;
  std::printf("decoding experts %-5s %ldx%ld %8.1f GB/s (%4.2f of read)\n", name, static_cast<long>(rows), static_cast<long>(cols), bytes,
              bytes / read);
  std::fflush(stdout);
}

constexpr Type cache_q8_0 = Type(8);

// Keys or values of a cache: one page's numbers, below 1, in all of them.
Tensor cached_rows(Timing& t, Type type, int64_t rows, int64_t dim) {
  Tensor x = t.backend->alloc(type, rows, dim);
  for (int64_t r = 0; r < rows; r++) {
    auto* row = x.row<uint8_t>(r);
    if (r >= 64) {
      std::memcpy(row, x.row<uint8_t>(r - 64), static_cast<size_t>(x.stride));
      continue;
    }
    for (int64_t i = 0; i < dim; i++) {
      const auto bits = static_cast<uint32_t>(t.random());
      const float value = static_cast<float>(static_cast<int32_t>(bits)) / 4294967296.0f;
      const auto half = static_cast<uint16_t>((bits & 0x83ff) | (0x3800 - (bits >> 18 & 0xc00)));
      if (type == Type::f32) reinterpret_cast<float*>(row)[i] = value;
      if (type == Type::f16) reinterpret_cast<uint16_t*>(row)[i] = half;
      if (type != cache_q8_0) continue;
      if (i % 32 == 0) std::memcpy(row + i / 32 * 34, "\x00\x20", 2);  // 2^-7
      row[i / 32 * 34 + 2 + i % 32] = static_cast<uint8_t>(bits >> 24);
    }
  }
  return x;
}

struct AttendShape {
  Type type;
  int64_t heads, kv_heads, dim, depth, count;
};

void time_attend(Timing& t, const AttendShape& shape, int runs, double f32) {
  const auto [type, heads, kv_heads, dim, depth, count] = shape;
  const int64_t pages = (depth + count + 63) / 64;
  const Kv kv{cached_rows(t, type, pages * kv_heads * 64, dim), cached_rows(t, type, pages * kv_heads * 64, dim), kv_heads};
  t.backend->reserve({.scratch = 0, .matmul_input = 0, .partials = HostSplits::bound(count, depth + count) * heads, .partial_dim = dim});
  Tensor q = t.random_tensor(Type::f32, count, heads * dim), y = t.backend->alloc(Type::f32, count, heads * dim);
  Rows rows;
  rows.places = rows.sees = t.backend->alloc(Type::i32, count, 1);
  rows.sequences = t.backend->alloc(Type::i32, count, 1);
  for (int64_t i = 0; i < count; i++) *rows.places.row<int32_t>(i) = static_cast<int32_t>(depth + i);
  rows.pages[0] = t.backend->alloc(Type::i32, 1, pages);
  for (int64_t i = 0; i < pages; i++) rows.pages[0].row<int32_t>(0)[i] = static_cast<int32_t>(i);
  const Span span{0, count, 0};
  rows.spans = {&span, 1};
  const Attend a{.heads = heads, .scale = 0.125f};
  const double s = t.least(runs, [&] { t.backend->ops().attend(y, q, kv, rows, a); });
  const double seen = static_cast<double>(count) * (static_cast<double>(depth) + static_cast<double>(count + 1) / 2);
  const double bytes = 2.0 * static_cast<double>((depth + count) * kv_heads * kv.k.stride);
  std::printf("attend %-4s %ldx%ld heads of %ld, %ld rows at %ld: %8.1f us %7.1f GFLOP/s (%4.2f of peak) %6.1f GB/s\n",
              quant::info(type).name, static_cast<long>(heads), static_cast<long>(kv_heads), static_cast<long>(dim),
              static_cast<long>(count), static_cast<long>(depth), s * 1e6, 4 * seen * static_cast<double>(heads * dim) / s / 1e9,
              4 * seen * static_cast<double>(heads * dim) / s / 1e9 / f32, bytes / s / 1e9);
  std::fflush(stdout);
}

void time_attend_all(Timing& t, double f32) {
  if (!t.wanted("attend")) return;
  for (const Type type : {Type::f16, cache_q8_0, Type::f32}) {
    time_attend(t, {type, 32, 8, 64, 2048, 1}, 5, f32);
    time_attend(t, {type, 32, 8, 64, 0, 512}, 5, f32);
  }
  time_attend(t, {Type::f16, 32, 8, 128, 2048, 1}, 5, f32);
  for (const Type type : {Type::f16, cache_q8_0}) time_attend(t, {type, 32, 4, 128, 2048, 1}, 5, f32);  // groups of eight
  time_attend(t, {Type::f16, 32, 32, 64, 2048, 1}, 5, f32);
  time_attend(t, {Type::f16, 32, 8, 128, 0, 512}, 5, f32);
  time_attend(t, {Type::f16, 32, 8, 64, 1536, 512}, 5, f32);
}

// Long texts, which take minutes: only what is named, as in `deep`, `deep Q8_0` or `deep F16 32x4 of 128, 1 at 32k`.
void time_deep(Timing& t, double f32) {
  if (t.filters.empty()) return;
  for (const Type type : {Type::f16, cache_q8_0, Type::f32})
    for (const int64_t kv_heads : {8, 4})
      for (const int64_t dim : {64, 128})
        for (const int64_t count : {1, 512})
          for (const int64_t k : {2, 8, 32, 128}) {
            const std::string name = std::string("deep ") + quant::info(type).name + " 32x" + std::to_string(kv_heads) + " of " +
                                     std::to_string(dim) + ", " + std::to_string(count) + " at " + std::to_string(k) + "k";
            if (!t.wanted(name)) continue;
            t.backend = open_backend("cpu", t.options);  // gives the last cache back
            time_attend(t, {type, 32, kv_heads, dim, 1024 * k, count}, count == 1 ? 7 : k > 8 ? 1 : 3, f32);
          }
}

void time_rows(Timing& t) {
  if (!t.wanted("rows")) return;
  const Tensor x = t.random_tensor(Type::f32, 512, 8192), y = t.backend->alloc(Type::f32, 512, 8192);
  const Tensor w = t.random_tensor(Type::f32, 1, 8192);
  Ops& ops = t.backend->ops();
  std::printf("map silu 512x8192 %8.1f us\n", 1e6 * t.least(5, [&] { ops.map(y, x, x, {.act = Act::silu}); }));
  const auto norm = [&](Tensor to, Tensor from, int64_t heads) {
    ops.norm(to, from, {.w = w.columns(0, from.cols / heads), .eps = 1e-5f, .heads = heads});
  };
  std::printf("norm 512x8192 %8.1f us\n", 1e6 * t.least(5, [&] { norm(y, x, 1); }));
  const Tensor turns = t.backend->alloc(Type::i32, 512, 1), freqs = t.random_tensor(Type::f32, 1, 32);
  for (int i = 0; i < 512; i++) *turns.row<int32_t>(i) = i;
  Tensor q = x;
  q.cols = 2048;
  for (const bool neighbours : {false, true})
    std::printf("rope 512x2048 %8.1f us\n",
                1e6 * t.least(5, [&] { ops.rope(q, turns, {.freqs = freqs, .heads = 32, .neighbours = neighbours}); }));
  std::printf("add 512x8192 %8.1f us\n", 1e6 * t.least(5, [&] { ops.add(y, x, x); }));
  std::printf("norm of 4 heads 1x8192 %8.3f us\n", 1e6 * t.least(5, [&] { norm(y.slice(0, 1), x.slice(0, 1), 4); }));
}

int time_cpu(int argc, char** argv) {
  Timing t;
  t.options.threads = 1;
  for (int i = 1; i < argc; i++) {
    if (!std::strcmp(argv[i], "-t") && i + 1 < argc)
      t.options.threads = std::atoi(argv[++i]);
    else if (!std::strcmp(argv[i], "--isa") && i + 1 < argc)
      t.options.isa = argv[++i];
    else if (argv[i][0] != '-')
      t.filters.push_back(argv[i]);
  }
  t.backend = open_backend("cpu", t.options);
  const cpu::Kernels& kernels = cpu::choose_isa(t.options.isa);
  const int threads = t.options.threads;
  const double read = read_bandwidth(t), f32 = peak(t, kernels.peak_f32) * threads, int8 = peak(t, kernels.peak_int8) * threads;
  const double bf16 = kernels.peak_bf16 && simd::dots_bf16() ? peak(t, kernels.peak_bf16) * threads : f32;
  std::printf("%s: read %.1f GB/s, f32 %.1f GFLOP/s, BF16 %.1f GFLOP/s, int8 %.1f GOP/s\n", t.backend->description().c_str(), read, f32,
              bf16, int8);
  const auto limit = [&](Type type) { return type == Type::bf16 ? bf16 : type == Type::f32 || type == Type::f16 ? f32 : int8; };
  for (const int type : {0, 1, 30, 8, 2, 3, 6, 7, 20, 39, 40, 41, 42, 10, 11, 12, 13, 14, 23, 35, 34, 16, 17, 22, 18, 21, 19, 29})
    time_matmul(t, Type(type), read, limit(Type(type)));
  for (const int type : {8, 39, 12, 14, 20, 23, 30}) {
    time_experts(t, Type(type), 768, 2048, limit(Type(type)));
    time_experts(t, Type(type), 2048, 768, limit(Type(type)));
  }
  for (const int type : {8, 6, 39, 12, 13, 14, 23}) {
    time_decoding_experts(t, Type(type), 768, 2048, read);
    time_decoding_experts(t, Type(type), 2048, 768, read);
  }
  time_decoding_experts(t, Type(39), 2880, 2880, read);
  time_decoding_experts(t, Type(8), 2048, 1408, read);
  time_decoding_experts(t, Type(6), 2048, 1408, read);
  time_attend_all(t, f32);
  time_deep(t, f32);
  time_rows(t);
  return 0;
}

const RegisterInstead cpu_times("--time", time_cpu);

}  // namespace
}  // namespace lt::check
