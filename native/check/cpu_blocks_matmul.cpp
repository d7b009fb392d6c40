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
#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace {

using lt::cpu::Kernels;
using lt::cpu::MatmulKernel;

// One block by its format: value i is d * scale * code[i] - or + the minimum of its sub-block.
struct Block {
  int values, subs;
  double d, m;  // m is taken away times minimum (256 values) or added (32 values)
  int code[256], scale[16], minimum[16];
};

double half(const uint8_t* p) {
  const int h = p[0] | p[1] << 8, e = h >> 10 & 31, f = h & 1023;
  const double sign = h & 0x8000 ? -1 : 1;
  if (e == 31) return f ? NAN : sign * INFINITY;
  return sign * (e ? std::ldexp(1024 + f, e - 25) : std::ldexp(f, -24));
}

void nibbles(Block& b, const uint8_t* q, int offset) {
  for (int i = 0; i < 16; i++) {
    b.code[i] = (q[i] & 15) - offset;
    b.code[i + 16] = (q[i] >> 4) - offset;
  }
}
Block q4_0(const uint8_t* p) {
  Block b{32, 1, half(p), 0, {}, {1}, {}};
  nibbles(b, p + 2, 8);
  return b;
}
Block q4_1(const uint8_t* p) {
  Block b{32, 1, half(p), half(p + 2), {}, {1}, {1}};
  nibbles(b, p + 4, 0);
  return b;
}
Block q8_0(const uint8_t* p) {
  Block b{32, 1, half(p), 0, {}, {1}, {}};
  for (int i = 0; i < 32; i++) b.code[i] = static_cast<int8_t>(p[2 + i]);
  return b;
}
Block q4_k(const uint8_t* p) {
  Block b{256, 8, half(p), half(p + 2), {}, {}, {}};
  const uint8_t* s = p + 4;
  for (int k = 0; k < 8; k++) {
    b.scale[k] = k < 4 ? s[k] & 63 : (s[k + 4] & 15) | s[k - 4] >> 6 << 4;
    b.minimum[k] = k < 4 ? s[k + 4] & 63 : s[k + 4] >> 4 | s[k] >> 6 << 4;
  }
  for (int i = 0; i < 256; i++) {
    const uint8_t byte = p[16 + i / 64 * 32 + i % 32];
    b.code[i] = i / 32 % 2 ? byte >> 4 : byte & 15;
  }
  return b;
}
Block q5_k(const uint8_t* p) {
  Block b = q4_k(p);
  for (int i = 0; i < 256; i++) {
    const uint8_t byte = p[48 + i / 64 * 32 + i % 32];
    b.code[i] = (i / 32 % 2 ? byte >> 4 : byte & 15) + 16 * (p[16 + i % 32] >> i / 32 & 1);
  }
  return b;
}
Block q6_k(const uint8_t* p) {
  Block b{256, 16, half(p + 208), 0, {}, {}, {}};
  for (int k = 0; k < 16; k++) b.scale[k] = static_cast<int8_t>(p[192 + k]);
  for (int i = 0; i < 256; i++) {
    const int h = i / 128, n = i / 32 % 4, l = i % 32;
    const uint8_t low = p[64 * h + l + n % 2 * 32];
    b.code[i] = ((n < 2 ? low & 15 : low >> 4) | (p[128 + 32 * h + l] >> 2 * n & 3) << 4) - 32;
  }
  return b;
}

Block q5_0(const uint8_t* p) {
  Block b{32, 1, half(p), 0, {}, {1}, {}};
  for (int i = 0; i < 32; i++) b.code[i] = ((i < 16 ? p[6 + i] & 15 : p[6 + i - 16] >> 4) | (p[2 + i / 8] >> i % 8 & 1) << 4) - 16;
  return b;
}
Block q5_1(const uint8_t* p) {
  Block b{32, 1, half(p), half(p + 2), {}, {1}, {1}};
  for (int i = 0; i < 32; i++) b.code[i] = (i < 16 ? p[8 + i] & 15 : p[8 + i - 16] >> 4) | (p[4 + i / 8] >> i % 8 & 1) << 4;
  return b;
}
constexpr int uneven[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
Block iq4_nl(const uint8_t* p) {
  Block b{32, 1, half(p), 0, {}, {1}, {}};
  for (int i = 0; i < 16; i++) b.code[i] = uneven[p[2 + i] & 15], b.code[i + 16] = uneven[p[2 + i] >> 4];
  return b;
}
// Codes are twice the numbers of sign, two bits of exponent and one of fraction, so d is half of the block's power of two.
Block mxfp4(const uint8_t* p) {
  Block b{32, 1, p[0] == 255 ? INFINITY : std::ldexp(1, p[0] - 128), 0, {}, {1}, {}};
  for (int i = 0; i < 32; i++) {
    const int bits = i < 16 ? p[1 + i] & 15 : p[1 + i - 16] >> 4, exponent = bits >> 1 & 3, fraction = bits & 1;
    const int size = exponent ? (2 + fraction) << (exponent - 1) : fraction;
    b.code[i] = bits & 8 ? -size : size;
  }
  return b;
}
Block iq4_xs(const uint8_t* p) {
  Block b{256, 8, half(p), 0, {}, {}, {}};
  const int high = p[2] | p[3] << 8;
  for (int k = 0; k < 8; k++) b.scale[k] = (p[4 + k / 2] >> 4 * (k % 2) & 15) + 16 * (high >> 2 * k & 3) - 32;
  for (int i = 0; i < 256; i++) {
    const uint8_t byte = p[8 + i / 32 * 16 + i % 16];
    b.code[i] = uneven[i % 32 < 16 ? byte & 15 : byte >> 4];
  }
  return b;
}

Block tq2_0(const uint8_t* p) {
  Block b{256, 1, half(p + 64), 0, {}, {1}, {}};
  for (int i = 0; i < 256; i++) b.code[i] = (p[i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3) - 1;
  return b;
}

struct BlockType {
  const char* name;
  uint8_t id;
  int values, bytes;
  std::vector<int> halfs;  // where its f16 lie
  Block (*decode)(const uint8_t*);
};
const std::vector<BlockType>& types() {
  static const std::vector<BlockType> all = {
      {"q4_0", 2, 32, 18, {0}, q4_0},      {"q4_1", 3, 32, 20, {0, 2}, q4_1},     {"q5_0", 6, 32, 22, {0}, q5_0},
      {"q5_1", 7, 32, 24, {0, 2}, q5_1},   {"q8_0", 8, 32, 34, {0}, q8_0},        {"iq4_nl", 20, 32, 18, {0}, iq4_nl},
      {"mxfp4", 39, 32, 17, {}, mxfp4},    {"q4_k", 12, 256, 144, {0, 2}, q4_k},  {"q5_k", 13, 256, 176, {0, 2}, q5_k},
      {"q6_k", 14, 256, 210, {208}, q6_k}, {"iq4_xs", 23, 256, 136, {0}, iq4_xs}, {"tq2_0", 35, 256, 66, {64}, tq2_0}};
  return all;
}

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

float defined(const std::vector<Block>& w, const Quantized& x) {
  float acc[4] = {};
  for (size_t b = 0; b < w.size(); b++) {
    const Block& block = w[b];
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
    if (block.values == 32) {
      a = std::fma(d * dx, static_cast<float>(s), a);
      if (block.minimum[0]) a = std::fma(low, dx * static_cast<float>(m), a);
    } else {
      float v = d * static_cast<float>(s);
      if (block.subs == 8) v = std::fma(-low, static_cast<float>(m), v);
      a = std::fma(v, dx, a);
    }
  }
  return (acc[0] + acc[1]) + (acc[2] + acc[3]);
}

double exact(const std::vector<Block>& w, const float* x) {
  double sum = 0;
  for (const Block& b : w) {
    for (int i = 0; i < b.values; i++) {
      const int k = i / (b.values / b.subs);
      const double weight = b.d * b.scale[k] * b.code[i] + (b.values == 32 ? b.m : -b.m) * b.minimum[k];
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
    for (int64_t i = 0; i < blocks * type.bytes; i++) w.data()[i] = static_cast<uint8_t>(random());
    for (int64_t b = 0; b < blocks; b++) {
      // Usual: d of 2^-8 to 2^-6, and a minimum of 8 d, so that weights lie around 0. Extreme: any half but infinity and NaN.
      unsigned h = (random() & 0x83ff) | (7 + random() % 2) << 10;
      if (type.halfs.empty())
        w.data()[b * type.bytes] = static_cast<uint8_t>(payload == Payload::extreme ? random() % 256 : 118 + random() % 4);
      for (const int at : type.halfs) {
        if (payload == Payload::extreme)
          h = (random() & 0x83ff) | random() % 31 << 10;
        else if (at == 2)
          h = (h + (3 << 10)) ^ (type.values == 32 ? 0x8000 : 0);
        w.data()[b * type.bytes + at] = static_cast<uint8_t>(h);
        w.data()[b * type.bytes + at + 1] = static_cast<uint8_t>(h >> 8);
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
    for (int64_t t = 0; t < n; t++) rows.push_back(quantize(x.data() + t * k, k, type.values));
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

const MatmulKernel* kernel_of(const Kernels& isa, uint8_t type) {
  for (size_t i = 0; i < isa.matmuls; i++)
    if (isa.matmul[i]->type == type) return isa.matmul[i];
  return nullptr;
}

// y by pieces of `piece` weight rows, input rows prepared in two calls.
std::vector<float> run(const Kernels& isa, Problem& p, int64_t piece) {
  const MatmulKernel* kernel = kernel_of(isa, p.type.id);
  CHECK_THAT(kernel, isa.isa << " has no kernel for " << p.type.name);
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
  for (const BlockType& type : types()) {
    if (k % type.values) continue;
    Problem p(type, m, n, k, payload, bias);
    if (payload == Payload::usual && m * n >= 100) CHECK_THAT(p.error < 0.01, type.name << " is off by " << p.error << " at k = " << k);
    for (const std::string& isa : lt::cpu::isas()) {
      const Kernels& kernels = lt::cpu::choose_isa(isa);
      const int64_t group = kernel_of(kernels, type.id)->group;
      for (const int64_t piece : {m, group, int64_t(5)})
        if (piece <= m) same(run(kernels, p, piece), p, isa.c_str(), piece);
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
}

CHECK_CASE("cpu/block matmuls equal their definition for few weight rows") {
  for (const int64_t m : {1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 64})
    for (const int64_t n : {1, 5}) compare(m, n, 256, Payload::usual, false);
}

CHECK_CASE("cpu/block matmuls equal their definition for extreme scales and inputs") {
  for (const int64_t k : {96, 768, 1024})
    for (const int64_t n : {1, 4, 6, 11}) compare(34, n, k, Payload::extreme, true);
}

CHECK_CASE("cpu/block matmuls equal their definition where a panel does not fit") {
  for (const int64_t k : {32768, 49152, 49408})
    for (const int64_t n : {1, 3}) compare(33, n, k, Payload::usual, true);
}
