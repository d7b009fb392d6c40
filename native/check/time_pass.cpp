// llama-ts-check --pass FILE [-t THREADS] [ROWS]: a forward pass of so many rows, op by op, as lines of JSON: the name, rows and columns of
// the result, microseconds (least of several passes), and of a product the bytes of a row of weights and the rows, matrix by matrix.
// What bench/cores.ts reckons with.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "check/forward.h"
#include "check/time.h"
#include "gguf/file.h"
#include "model/model.h"

namespace lt::check {
namespace {

struct TimedOp {
  const char* name;
  Tensor y;
  double microseconds;
  struct Weights {
    int64_t rows, stride;
  };
  std::vector<Weights> weights;
};

// Each primitive of a pass, timed; fused methods are what they are made of.
class PassTimes final : public Ops {
 public:
  explicit PassTimes(Ops& below) : below_(below) {}
  Scratch& scratch() override { return below_.scratch(); }
  using Ops::matmul;
#define LT_TIMED(op, parameters, names)             \
  void op parameters override {                     \
    add(#op, what names, [&] { below_.op names; }); \
  }
  LT_PRIMITIVES(LT_TIMED)
  LT_EXCHANGES(LT_TIMED)
#undef LT_TIMED
  std::vector<TimedOp> take() { return std::exchange(ops_, {}); }

 private:
  struct What {
    Tensor y;
    std::vector<TimedOp::Weights> weights;
  };
  template <class... Others>
  static What what(const Tensor& y, const Others&...) {
    return {y, {}};
  }
  template <class... Others>
  static What what(const Kv&, const Tensor& k, const Others&...) {
    return {k, {}};
  }
  static What what(const Tensor& x, const std::span<const Product>& products, const Choice&) {
    What w{{.rows = x.rows, .cols = 0}, {}};
    for (const Product& p : products) {
      w.y.cols += p.y.cols;
      w.weights.push_back({p.w.rows, p.w.stride});
    }
    return w;
  }

  template <class F>
  void add(const char* name, What what, F f) {
    const auto start = std::chrono::steady_clock::now();
    f();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    ops_.push_back({name, what.y, took.count(), std::move(what.weights)});
  }

  Ops& below_;
  std::vector<TimedOp> ops_;
};

void print_op(const TimedOp& op) {
  std::printf("{\"op\":\"%s\",\"rows\":%lld,\"cols\":%lld,\"us\":%.3f", op.name, static_cast<long long>(op.y.rows),
              static_cast<long long>(op.y.cols), op.microseconds);
  if (!op.weights.empty()) std::printf(",\"weights\":[");
  for (const TimedOp::Weights& w : op.weights)
    std::printf("%s[%lld,%lld]", &w == op.weights.data() ? "" : ",", static_cast<long long>(w.rows), static_cast<long long>(w.stride));
  std::printf("%s}\n", op.weights.empty() ? "" : "]");
}

int time_pass(int argc, char** argv) {
  const char* path = nullptr;
  int64_t rows = 1;
  BackendOptions options;
  options.threads = 1;
  for (int i = 1; i < argc; i++) {
    if (std::strcmp(argv[i], "-t") == 0 && i + 1 < argc)
      options.threads = std::atoi(argv[++i]);
    else if (path)
      rows = std::max(1, std::atoi(argv[i]));
    else
      path = argv[i];
  }
  if (!path) {
    std::fprintf(stderr, "--pass: expected a model's file\n");
    return 2;
  }
  try {
    const auto file = gguf::File::open(path);
    std::vector<TimedOp> least;
    const int passes = rows > 1 ? 3 : 8;
    for (int i = 0; i < passes; i++) {
      const auto backend = open_backend("cpu", options);
      const auto model = model::load(*file, *backend);
      PassTimes ops(backend->ops());
      forward(*model, *backend, std::vector<int32_t>(static_cast<size_t>(rows), 300), Type::f16, &ops);
      const std::vector<TimedOp> now = ops.take();
      if (least.empty()) least = now;
      for (size_t k = 0; k < now.size(); k++) least[k].microseconds = std::min(least[k].microseconds, now[k].microseconds);
    }
    for (const TimedOp& op : least) print_op(op);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "--pass: %s\n", e.what());
    return 1;
  }
  return 0;
}

const RegisterInstead pass_times("--pass", time_pass);

}  // namespace
}  // namespace lt::check
