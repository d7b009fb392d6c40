// The integer matmuls of the block types against their definition, written out here from the format of each type: equal bytes on
// every ISA, for any number of input rows and any split of the work; and against exact weights times exact inputs in float64.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "backend/cpu/isa.h"
#include "backend/cpu/kernels.h"
#include "check/check.h"
#include "check/cpu_block_types.h"
#include "simd/isa.h"
#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#endif

#ifdef LT_AMX_EMULATED
namespace lt::cpu::avx512amx_emulated {
extern const MatmulKernel amx[amx_types];
bool tiles_are_live();
}  // namespace lt::cpu::avx512amx_emulated
#endif

namespace {

using lt::check::Block;
using lt::check::BlockType;
using lt::cpu::Kernels;
using lt::cpu::MatmulKernel;

struct Quantized {
  std::vector<int> q;
  std::vector<float> d;  // a block
};

Quantized quantize(const float* x, int64_t cols, int values) {
  Quantized r{std::vector<int>(static_cast<size_t>(cols)), {}};
  for (int64_t at = 0; at < cols; at += values) {
    float most = 0;
    for (int i = 0; i < values; i++) most = std::fabs(x[at + i]) > most ? std::fabs(x[at + i]) : most;
    const float d = most / 127.0f, inverse = d != 0 ? 1.0f / d : 0.0f;
    for (int i = 0; i < values; i++) {
      const float t = x[at + i] * inverse, low = t > -127 ? t : -127;
      r.q[static_cast<size_t>(at + i)] = static_cast<int>(std::nearbyint(low < 127 ? low : 127));
    }
    r.d.push_back(d);
  }
  return r;
}

// Sub-blocks of no more than 32 values, each by itself, in the chain of its 32 values.
void add_short(float (&acc)[4], const Block& block, size_t b, const Quantized& x) {
  const int run = std::min(block.values / block.subs, 32);
  for (int at = 0; at < block.values; at += run) {
    const int sub = at / (block.values / block.subs);
    const size_t from = b * static_cast<size_t>(block.values) + static_cast<size_t>(at);
    int dot = 0, sum = 0;
    for (int i = 0; i < run; i++) dot += block.code[at + i] * x.q[from + static_cast<size_t>(i)], sum += x.q[from + static_cast<size_t>(i)];
    const float d = static_cast<float>(block.d * block.scale[sub]), dx = x.d[from / 32];
    float& a = acc[from / 32 % 4];
    a = std::fma(d * dx, static_cast<float>(dot), a);
    if (block.minimum[sub]) a = std::fma(static_cast<float>(block.m), dx * static_cast<float>(sum), a);
  }
}

// Of rows of a type: inputs share a scale as weights do, but no more than 32 of them where blocks are shorter than 256.
int shared(const BlockType& type) { return type.values < 256 ? 32 : 256; }

float defined(const std::vector<Block>& w, const Quantized& x) {
  float acc[4] = {};
  for (size_t b = 0; b < w.size(); b++) {
    const Block& block = w[b];
    if (block.values < 256) {
      add_short(acc, block, b, x);
      continue;
    }
    const int* q = x.q.data() + b * static_cast<size_t>(block.values);
    const int run = block.values / block.subs;
    int64_t s = 0, m = 0;
    for (int k = 0; k < block.subs; k++) {
      int dot = 0, sum = 0;
      for (int i = k * run; i < (k + 1) * run; i++) dot += block.code[i] * q[i], sum += q[i];
      s += block.scale[k] * dot;
      m += block.minimum[k] * sum;
    }
    const float d = static_cast<float>(block.d), low = static_cast<float>(block.m), dx = x.d[b];
    float& a = acc[b % 4];
    float v = d * static_cast<float>(s);
    v = std::fma(-low, static_cast<float>(m), v);
    a = std::fma(v, dx, a);
  }
  return (acc[0] + acc[1]) + (acc[2] + acc[3]);
}

double exact(const std::vector<Block>& w, const float* x) {
  double sum = 0;
  for (const Block& b : w) {
    for (int i = 0; i < b.values; i++) {
      const int k = i / (b.values / b.subs);
      const double weight = b.d * b.scale[k] * b.code[i] + (b.values < 256 ? b.m : -b.m) * b.minimum[k];
      sum += weight * *x++;
    }
  }
  return sum;
}

// Bytes that end where the readable memory ends.
class Fenced {
 public:
  explicit Fenced(size_t n) {
#if defined(__unix__) || defined(__APPLE__)
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    size_ = (n + page - 1) / page * page + page;
    base_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base_ == MAP_FAILED || mprotect(static_cast<uint8_t*>(base_) + size_ - page, page, PROT_NONE) != 0)
      throw std::runtime_error("no memory for the fence");
    data_ = static_cast<uint8_t*>(base_) + size_ - page - n;
#else
    bytes_.resize(n);
    data_ = bytes_.data();
#endif
  }
  Fenced(const Fenced&) = delete;
  Fenced& operator=(const Fenced&) = delete;
  ~Fenced() {
#if defined(__unix__) || defined(__APPLE__)
    munmap(base_, size_);
#endif
  }
  uint8_t* data() { return data_; }

 private:
  void* base_ = nullptr;
  size_t size_ = 0;
  uint8_t* data_ = nullptr;
  std::vector<uint8_t> bytes_;
};

enum class Payload { usual, extreme };

struct Problem {
  const BlockType& type;
  int64_t m, n, k;
  Fenced w;
  std::vector<float> x, bias;
  std::vector<float> want;
  double error = 0;  // of want, relative to exact arithmetic

  Problem(const BlockType& t, int64_t rows, int64_t tokens, int64_t cols, Payload payload, bool with_bias)
      : type(t), m(rows), n(tokens), k(cols), w(static_cast<size_t>(rows * cols / t.values * t.bytes)) {
    std::mt19937 random(static_cast<unsigned>(rows * 7919 + tokens * 31 + cols + t.id));
    std::normal_distribution<float> normal;
    const int64_t blocks = m * k / type.values;
    const unsigned bits = type.id == 10 ? 2 : type.id == 7 || type.id == 13 ? 5 : 4;  // of a code, where there are minimums
    for (int64_t i = 0; i < blocks * type.bytes; i++) w.data()[i] = static_cast<uint8_t>(random());
    for (int64_t b = 0; b < blocks; b++) {
      // Usual: d of 2^-8 to 2^-6, and a minimum of half the greatest code, so that weights lie around 0. Extreme: any half but infinity and
      // NaN.
      unsigned h = (random() & 0x83ff) | (7 + random() % 2) << 10;
      if (payload == Payload::extreme) h = (random() & 0x83ff) | random() % 31 << 10;
      uint8_t* block = w.data() + b * type.bytes;
      if (type.id == 39) block[0] = static_cast<uint8_t>(payload == Payload::extreme ? random() % 256 : 118 + random() % 4);
      for (int i = 0; type.id == 29 && i < 4; i++)  // its d lies in the top bits of four words
        block[49 + 2 * i] = static_cast<uint8_t>((block[49 + 2 * i] & 15) | (h >> 4 * i & 15) << 4);
      for (const int at : type.halfs) {
        if (payload == Payload::extreme)
          h = (random() & 0x83ff) | random() % 31 << 10;
        else if (at != type.halfs[0])
          h = (h + ((bits - 1) << 10)) ^ (type.values == 32 ? 0x8000 : 0);
        block[at] = static_cast<uint8_t>(h);
        block[at + 1] = static_cast<uint8_t>(h >> 8);
      }
    }
    x.resize(static_cast<size_t>(n * k));
    for (float& v : x) v = normal(random) * (payload == Payload::usual || random() % 100 ? 1.0f : 1e6f);
    if (payload == Payload::extreme) std::fill(x.begin(), x.begin() + std::min<int64_t>(k, 256), 0.0f);
    if (with_bias) {
      bias.resize(static_cast<size_t>(m));
      for (float& v : bias) v = normal(random);
    }
    solve();
  }

 private:
  void solve() {
    want.resize(static_cast<size_t>(n * m));
    std::vector<Quantized> rows;
    for (int64_t t = 0; t < n; t++) rows.push_back(quantize(x.data() + t * k, k, shared(type)));
    double wrong = 0, size = 0;
    for (int64_t r = 0; r < m; r++) {
      std::vector<Block> blocks;
      for (int64_t b = 0; b < k / type.values; b++) blocks.push_back(type.decode(w.data() + (r * k / type.values + b) * type.bytes));
      for (int64_t t = 0; t < n; t++) {
        const float v = defined(blocks, rows[static_cast<size_t>(t)]);
        const double true_v = exact(blocks, x.data() + t * k);
        wrong += (v - true_v) * (v - true_v);
        size += true_v * true_v;
        want[static_cast<size_t>(t * m + r)] = bias.empty() ? v : v + bias[static_cast<size_t>(r)];
      }
    }
    error = std::sqrt(wrong / size);
  }
};

// That of every CPU that runs the ISA, then those of this one where it has others, and what is AMX in plain C++ instead.
std::vector<const MatmulKernel*> kernels_of(const Kernels& isa, uint8_t type) {
  std::vector<const MatmulKernel*> all;
  for (size_t i = 0; i < isa.matmuls; i++)
    if (isa.matmul[i]->type == type) all.push_back(isa.matmul[i]);
  for (size_t i = 0; isa.matmul_books && lt::simd::permutes_bytes() && i < lt::cpu::book_types; i++)
    if (isa.matmul_books[i].type == type) all.push_back(&isa.matmul_books[i]);
  for (size_t i = 0; isa.matmul_amx && i < lt::cpu::amx_types; i++) {
    if (isa.matmul_amx[i].type != type) continue;
    if (lt::simd::multiplies_tiles()) all.push_back(&isa.matmul_amx[i]);
#ifdef LT_AMX_EMULATED
    all.push_back(&lt::cpu::avx512amx_emulated::amx[i]);
#endif
  }
  return all;
}

// y by pieces of `piece` weight rows, input rows prepared in two calls.
std::vector<float> run(const Kernels& isa, const MatmulKernel* kernel, Problem& p, int64_t piece) {
  const lt::cpu::Prepare& prepare = *isa.prepare[static_cast<int>(kernel->format)];
  Fenced prepared(prepare.bytes(p.n, p.k) + 64 - prepare.bytes(p.n, p.k) % 64), panel(lt::cpu::panel_bytes);
  const int64_t half = p.n / 2 / prepare.step * prepare.step;
  prepare.run(prepared.data(), p.x.data(), p.k, p.n, p.k, half, p.n);
  prepare.run(prepared.data(), p.x.data(), p.k, p.n, p.k, 0, half);
  constexpr float guard = 12345;
  const int64_t stride = p.m + 3;
  std::vector<float> y(static_cast<size_t>(p.n * stride + 8), guard);
  for (int64_t first = 0; first < p.m; first += piece) {
    lt::cpu::MatmulPiece job{};
    job.y = y.data() + 4;
    job.y_stride = stride;
    job.bias = p.bias.empty() ? nullptr : p.bias.data();
    job.prepared = prepared.data();
    job.x_rows = p.n, job.cols = p.k;
    job.w = p.w.data(), job.w_stride = p.k / p.type.values * p.type.bytes;
    job.first = first, job.last = std::min(first + piece, p.m);
    job.panel = panel.data();
    kernel->run(job);
#ifdef LT_AMX_EMULATED
    CHECK(!lt::cpu::avx512amx_emulated::tiles_are_live());
#endif
  }
  std::vector<float> result;
  for (size_t i = 0; i < y.size(); i++) {
    const int64_t at = static_cast<int64_t>(i) - 4;
    if (at >= 0 && at < p.n * stride && at % stride < p.m)
      result.push_back(y[i]);
    else
      CHECK_THAT(y[i] == guard, "wrote outside y, at " << at);
  }
  return result;
}

void same(const std::vector<float>& got, const Problem& p, const char* isa, int64_t piece) {
  for (size_t i = 0; i < got.size(); i++) {
    CHECK_THAT(std::memcmp(&got[i], &p.want[i], 4) == 0 || (std::isnan(got[i]) && std::isnan(p.want[i])),
               isa << " " << p.type.name << " " << p.m << " x " << p.k << ", " << p.n << " rows in pieces of " << piece << ": row "
                   << static_cast<int64_t>(i) / p.m << " output " << static_cast<int64_t>(i) % p.m << " is " << got[i]
                   << ", its definition gives " << p.want[i]);
  }
}

void compare(int64_t m, int64_t n, int64_t k, Payload payload, bool bias) {
  for (const BlockType& type : lt::check::block_types()) {
    if (k % type.values) continue;
    Problem p(type, m, n, k, payload, bias);
    if (payload == Payload::usual && m * n >= 100) CHECK_THAT(p.error < 0.01, type.name << " is off by " << p.error << " at k = " << k);
    for (const std::string& isa : lt::cpu::isas()) {
      const Kernels& kernels = lt::cpu::choose_isa(isa);
      const auto all = kernels_of(kernels, type.id);
      CHECK_THAT(!all.empty(), isa << " has no kernel for " << type.name);
      for (const MatmulKernel* kernel : all)
        for (const int64_t piece : {m, kernel->group, int64_t(5)})
          if (piece <= m) same(run(kernels, kernel, p, piece), p, isa.c_str(), piece);
    }
  }
}

}  // namespace

CHECK_CASE("cpu/block matmuls equal their definition for any number of rows") {
  for (const int64_t n : {1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 31, 32, 33}) compare(37, n, 512, Payload::usual, n % 2);
  compare(66, 130, 256, Payload::usual, false);
}

CHECK_CASE("cpu/block matmuls equal their definition for any number of columns") {
  for (const int64_t k : {32, 64, 96, 128, 160, 256, 576, 768, 1280, 1536, 2048, 2816})
    for (const int64_t n : {1, 2, 7}) compare(35, n, k, Payload::usual, true);
  for (const int64_t k : {32, 96, 160, 288, 544, 768, 1280, 1376}) compare(33, 17, k, Payload::usual, true);
}

CHECK_CASE("cpu/block matmuls equal their definition for few weight rows") {
  for (const int64_t m : {1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 64})
    for (const int64_t n : {1, 5, 15}) compare(m, n, 256, Payload::usual, false);
}

CHECK_CASE("cpu/block matmuls equal their definition for extreme scales and inputs") {
  for (const int64_t k : {96, 768, 1024})
    for (const int64_t n : {1, 4, 6, 11, 18}) compare(34, n, k, Payload::extreme, true);
}

// Kernels that keep as many rows as the caches do go through the weights again for others.
CHECK_CASE("cpu/block matmuls equal their definition for more rows than are kept") { compare(5, 273, 4096, Payload::usual, true); }

// By tile up to the widest matrix that is read so: of 13 rows, too many for few.h, the panel of half the blocks at a time, a vector of
// weight rows and one that is left; of 3 rows few.h. Wider ones are read by row, with up to four tokens together.
CHECK_CASE("cpu/block matmuls equal their definition where a panel does not fit") {
  compare(17, 13, 49152, Payload::usual, true);
  for (const int64_t k : {49152, 49408}) compare(5, 3, k, Payload::usual, true);
  compare(5, 7, 49408, Payload::usual, true);
}

// Several rows go together up to the last byte of the weights: those of a page or more, and of some types short ones, of which the last
// four blocks are not all there.
CHECK_CASE("cpu/block matmuls equal their definition where rows that go together end the weights") {
  for (const int64_t k : {256, 512, 768, 1280})
    for (const int64_t n : {1, 2}) compare(4, n, k, Payload::usual, false);
  for (const int64_t n : {1, 2, 14}) compare(4, n, 8192, Payload::usual, true);
  compare(4, 1, 8192 + 256, Payload::usual, false);
}
