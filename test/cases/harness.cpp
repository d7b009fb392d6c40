#include "harness.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <string_view>

#include "check/check.h"
#include "core/hash.h"
#include "core/sizing.h"
#include "quant/block.h"
#include "quant/type.h"

namespace lt::cases {
namespace {

constexpr int guard_cols = 16;
constexpr uint8_t guard_byte = 0xA5;

// A sanitizer of threads sees in what one thread computes nothing that it looks for: it is shown what several do, the rest by all others.
#ifdef LT_SANITIZED_THREADS
constexpr bool threads_alone = true;
#else
constexpr bool threads_alone = false;
#endif

// Where the half-precision scales of a block lie.
const std::map<uint8_t, std::vector<int>> scale_offsets = {{2, {0}},    {3, {0, 2}},  {6, {0}},     {7, {0, 2}}, {8, {0}},  {10, {80, 82}},
                                                           {11, {108}}, {12, {0, 2}}, {13, {0, 2}}, {14, {208}}, {16, {0}}, {17, {0}},
                                                           {18, {0}},   {19, {0}},    {20, {0}},    {21, {0}},   {22, {0}}, {23, {0}},
                                                           {34, {52}},  {35, {64}},   {41, {0}},    {42, {0}}};

void sane_scales(uint8_t* block, Type type, std::mt19937_64& random) {
  std::uniform_real_distribution<float> scale(0.002f, 0.02f);
  const auto id = static_cast<uint8_t>(type);
  if (const auto at = scale_offsets.find(id); at != scale_offsets.end()) {
    for (const int offset : at->second) {
      const uint16_t h = quant::float_to_half(scale(random));
      std::memcpy(block + offset, &h, 2);
    }
  } else if (id == 29) {  // IQ1_M: the scale lies in the top four bits of four words
    const uint16_t h = quant::float_to_half(scale(random));
    for (int i = 0; i < 4; i++) block[48 + 2 * i + 1] = static_cast<uint8_t>((block[48 + 2 * i + 1] & 15) | (h >> 4 * i & 15) << 4);
  } else if (id == 39) {  // MXFP4
    block[0] = static_cast<uint8_t>(118 + random() % 4);
  } else if (id == 40) {  // NVFP4
    for (int i = 0; i < 4; i++) block[i] = static_cast<uint8_t>(16 + random() % 16);
  }
}

double distance(const float* a, const float* b, int64_t n) {
  double error = 0, size = 0;
  for (int64_t i = 0; i < n; i++) {
    error += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    size += static_cast<double>(b[i]) * b[i];
  }
  if (error == 0) return 0;
  return std::isfinite(error) && size > 0 ? std::sqrt(error / size) : HUGE_VAL;
}

// The machine's own processor is opened anew each time, so that a tool that watches memory sees each case by itself. A device is
// slow to open: one stays open for all cases of a variant.
std::vector<float> run_on(const BackendEntry& entry, const BackendOptions& options, const OpCase& c, std::span<const int64_t> rows) {
  static std::map<std::string, std::unique_ptr<Backend>> devices;
  std::unique_ptr<Backend> fresh;
  if (!entry.survey) fresh = open_backend(entry.name, options);
  std::unique_ptr<Backend>& b = entry.survey ? devices[std::string(entry.name) + " " + options.isa] : fresh;
  if (!b) b = open_backend(entry.name, options);
  b->reserve(c.needs);
  Lab lab(*b, std::string(entry.name) + " " + options.isa + " " + std::to_string(options.threads));
  return c.run(lab, rows);
}

// Host memory, and Sizing for ops.
class Measured final : public Backend {
 public:
  std::string description() const override { return "sizing"; }
  Sizing& ops() override { return sizing_; }
  std::unique_ptr<Plan> record(std::function<void(Ops&)>) override { return nullptr; }
  Tensor place(Tensor host) override { return host; }
  Tensor alloc(Type type, int64_t rows, int64_t cols) override {
    const int64_t stride = quant::row_bytes(type, cols);
    held_.emplace_back(static_cast<size_t>(rows * stride));
    return {held_.back().data(), type, rows, cols, stride};
  }
  void write(Tensor to, const void* from) override { std::memcpy(to.data, from, static_cast<size_t>(to.rows * to.stride)); }
  void read(void* to, Tensor from) override { std::memcpy(to, from.data, static_cast<size_t>(from.rows * from.stride)); }
  size_t reserve(const Needs&) override { return 0; }

 private:
  Sizing sizing_;
  std::deque<std::vector<char>> held_;
};

Needs needs_of(const OpCase& c, std::span<const int64_t> rows) {
  Measured measured;
  Lab lab(measured);
  c.run(lab, rows);
  Needs needs = measured.ops().needs();
  needs.partials = c.needs.partials;
  return needs;
}

const BackendEntry& ref() {
  static const BackendEntry& found =
      *std::find_if(backends().begin(), backends().end(), [](const BackendEntry& b) { return b.name == "ref"; });
  return found;
}

std::vector<int64_t> all_rows(const OpCase& c) {
  std::vector<int64_t> rows;
  for (int64_t r = 0; r < c.rows; r++) rows.push_back(r);
  return rows;
}

void same_bytes(const OpCase& c, const float* a, const float* b, int64_t rows, const std::string& what) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t i = 0; i < c.cols; i++)
      CHECK_THAT(std::memcmp(a + r * c.cols + i, b + r * c.cols + i, 4) == 0,
                 what << ": row " << r << " column " << i << " is " << a[r * c.cols + i] << ", expected " << b[r * c.cols + i]);
}

// The whole result of a case on one thread. What ref gives and what a backend's variants are held to is computed once: the variants
// of a case are shown one after the other, so the results of one case are all that is kept.
const std::vector<float>& whole(const OpCase& c, const BackendEntry& entry, const std::string& variant) {
  static std::string kept;  // the case
  static std::map<std::string, std::vector<float>> results;
  if (kept != c.name) results.clear();
  kept = c.name;
  const auto [at, absent] = results.try_emplace(std::string(entry.name) + " " + variant);
  if (!absent) return at->second;
  try {
    BackendOptions options;
    options.isa = variant;
    options.threads = 1;
    return at->second = run_on(entry, options, c, all_rows(c));
  } catch (...) {
    results.erase(at);
    throw;
  }
}

void near_ref(const OpCase& c, const std::vector<float>& found, bool rounds) {
  const std::vector<float>& wanted = whole(c, ref(), "");
  const double tolerance = rounds && c.rounded > 0 ? c.rounded : c.tolerance;
  for (int64_t r = 0; r < c.rows; r++) {
    const double d = distance(&found[r * c.cols], &wanted[r * c.cols], c.cols);
    CHECK_THAT(d <= tolerance, "row " << r << " is " << d << " from ref, expected at most " << tolerance);
  }
}

void show(OpCase& c, const BackendEntry& entry, const std::string& variant) {
  const std::vector<int64_t> rows = all_rows(c);
  c.needs = needs_of(c, rows);
  const std::vector<float>& found = whole(c, entry, variant);
  BackendOptions options;
  options.isa = variant;
  const bool rounds = entry.rounds(variant);
  if (!threads_alone) near_ref(c, found, rounds);
  const std::vector<std::string> variants = entry.variants ? entry.variants() : std::vector<std::string>{};
  for (const int threads : {2, 3}) {
    if (entry.survey) break;                                                         // a device computes
    if (threads == 2 && !variants.empty() && variant != variants.front()) continue;  // all variants are divided by the same code
    options.threads = threads;
    same_bytes(c, run_on(entry, options, c, rows).data(), found.data(), c.rows, std::to_string(threads) + " threads");
  }
  if (threads_alone) return;
  options.threads = 1;
  for (const int64_t r : {int64_t{0}, c.rows / 2, c.rows - 1})
    same_bytes(c, run_on(entry, options, c, std::span(&r, 1)).data(), &found[r * c.cols], 1, "row " + std::to_string(r) + " alone");
  for (const int64_t part : {2, 5, 11}) {
    if (part >= c.rows) break;
    same_bytes(c, run_on(entry, options, c, std::span(rows).first(part)).data(), found.data(), part,
               "first " + std::to_string(part) + " rows");
  }
  if (!entry.variants_agree) return;
  options.isa = *std::find_if(variants.begin(), variants.end(), [&](const std::string& v) { return entry.rounds(v) == rounds; });
  if (options.isa == variant) return;
  same_bytes(c, found.data(), whole(c, entry, options.isa).data(), c.rows, variant + " against " + options.isa);
}

}  // namespace

Tensor Lab::floats(std::span<const float> values, int64_t rows, int64_t cols) {
  const Tensor t = backend_.alloc(Type::f32, rows, cols);
  backend_.write(t, values.data());
  return t;
}

Tensor Lab::ints(std::span<const int32_t> values, int64_t rows, int64_t cols) {
  const Tensor t = backend_.alloc(Type::i32, rows, cols);
  backend_.write(t, values.data());
  return t;
}

Tensor Lab::weights(Type type, std::span<const uint8_t> bytes, int64_t rows, int64_t cols) {
  return backend_.place({const_cast<uint8_t*>(bytes.data()), type, rows, cols, quant::row_bytes(type, cols)});
}

// All bits set: of floats, halves and scales no number.
Tensor Lab::nothing(Type type, int64_t rows, int64_t cols) {
  const Tensor t = backend_.alloc(type, rows, cols);
  backend_.write(t, std::vector<uint8_t>(static_cast<size_t>(t.rows * t.stride), 255).data());
  return t;
}

Tensor Lab::output(int64_t rows, int64_t cols, std::span<const float> values) {
  const Tensor whole = backend_.alloc(Type::f32, rows + 2, cols + guard_cols);
  std::vector<uint8_t> pattern(static_cast<size_t>(whole.rows * whole.stride), guard_byte);
  for (int64_t r = 0; r < rows && !values.empty(); r++)
    std::memcpy(&pattern[static_cast<size_t>((r + 1) * whole.stride)], &values[static_cast<size_t>(r * cols)],
                static_cast<size_t>(cols * 4));
  backend_.write(whole, pattern.data());
  Tensor inner = whole.slice(1, rows);
  inner.cols = cols;
  return inner;
}

std::vector<float> Lab::take(const Tensor& output) {
  Tensor whole = output.slice(-1, output.rows + 2);
  whole.cols += guard_cols;
  std::vector<float> values(static_cast<size_t>(whole.rows * whole.cols)), inner;
  backend_.read(values.data(), whole);
  for (int64_t r = 0; r < whole.rows; r++) {
    for (int64_t c = 0; c < whole.cols; c++) {
      const float v = values[static_cast<size_t>(r * whole.cols + c)];
      if (r > 0 && r + 1 < whole.rows && c < output.cols) {
        inner.push_back(v);
        continue;
      }
      uint8_t bytes[4];
      std::memcpy(bytes, &v, 4);
      for (const uint8_t b : bytes) CHECK_THAT(b == guard_byte, "a guard byte at row " << r - 1 << " column " << c << " was written");
    }
  }
  return inner;
}

std::vector<uint8_t> Lab::bytes(const Tensor& whole) {
  std::vector<uint8_t> all(static_cast<size_t>(whole.rows * whole.stride));
  backend_.read(all.data(), whole);
  return all;
}

Tensor Lab::output_ints(int64_t rows, int64_t cols) {
  Tensor t = output(rows, cols);
  t.type = Type::i32;
  return t;
}

std::vector<int32_t> Lab::take_ints(const Tensor& output) {
  const std::vector<float> values = take(output);
  std::vector<int32_t> ints(values.size());
  std::memcpy(ints.data(), values.data(), values.size() * 4);
  return ints;
}

std::vector<float> gaussian(uint64_t seed, int64_t n, float scale) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal(0, scale);
  std::vector<float> values(static_cast<size_t>(n));
  for (float& v : values) v = normal(random);
  return values;
}

std::vector<float> picked(const std::vector<float>& values, std::span<const int64_t> rows, int64_t cols) {
  std::vector<float> all;
  for (const int64_t r : rows) all.insert(all.end(), values.begin() + r * cols, values.begin() + (r + 1) * cols);
  return all;
}

std::vector<uint8_t> random_weights(Type type, int64_t rows, int64_t cols, uint64_t seed) {
  const quant::TypeInfo& info = quant::info(type);
  std::mt19937_64 random(seed);
  std::vector<uint8_t> bytes(static_cast<size_t>(rows * quant::row_bytes(type, cols)));
  if (!info.block) {
    const std::vector<float> values = gaussian(seed, rows * cols, 0.05f);
    for (size_t i = 0; i < values.size(); i++) {
      const uint16_t half = type == Type::f16 ? quant::float_to_half(values[i]) : quant::float_to_bf16(values[i]);
      type == Type::f32 ? std::memcpy(&bytes[4 * i], &values[i], 4) : std::memcpy(&bytes[2 * i], &half, 2);
    }
    return bytes;
  }
  for (uint8_t& b : bytes) b = static_cast<uint8_t>(random());
  for (size_t at = 0; at < bytes.size(); at += static_cast<size_t>(info.bytes)) sane_scales(&bytes[at], type, random);
  return bytes;
}

void add_case(const OpCase& given) {
  const auto shared = std::make_shared<OpCase>(given);
  const OpCase& c = *shared;
  for (const BackendEntry& b : backends()) {
    if (b.name == "ref") continue;
    const std::string name = "ops/" + c.name + " on " + std::string(b.name);
    if (b.survey && b.survey().devices.empty()) {
      check::cases().push_back({name, [why = b.survey().why_not] { throw check::Skip{why}; }});
      continue;
    }
    if (b.name == "gpu-face" && !c.not_on_face.empty()) {
      check::cases().push_back({name, [why = c.not_on_face] { throw check::Skip{why}; }});
      continue;
    }
    std::vector<std::string> variants = b.variants ? b.variants() : std::vector<std::string>{""};
    if (b.survey && !c.common.empty() && variants.size() > 2) {
      Hash hash;  // the same everywhere, unlike the library's
      hash.add(c.common.data(), c.common.size());
      const size_t other = 1 + (hash.value() >> 16) % (variants.size() - 1);
      variants = {variants.front(), variants[other]};
    }
    for (const std::string& variant : variants)
      check::cases().push_back({name + (variant.empty() ? "" : " ") + variant, [=] { show(*shared, b, variant); }});
  }
}

void add_rowwise(const std::string& name, int64_t rows, int64_t cols, int inputs, const RowwiseCall& call, double tolerance) {
  OpCase c;
  c.name = name + " " + std::to_string(rows) + "x" + std::to_string(cols);
  c.rows = rows;
  c.cols = cols;
  c.tolerance = tolerance;
  std::vector<std::vector<float>> data;
  for (int i = 0; i < inputs; i++) data.push_back(gaussian(static_cast<uint64_t>(i) + 1, rows * cols, 3));
  c.run = [=](Lab& lab, std::span<const int64_t> wanted) {
    const auto n = static_cast<int64_t>(wanted.size());
    std::vector<Tensor> x;
    for (const std::vector<float>& d : data) x.push_back(lab.floats(picked(d, wanted, cols), n, cols));
    const Tensor y = lab.output(n, cols);
    call(lab, y, x, wanted);
    return lab.take(y);
  };
  add_case(c);
}

std::vector<Type> weight_types() {
  std::vector<Type> types;
  for (const quant::TypeInfo& t : quant::types())
    if (t.dequantize) types.push_back(t.id);
  return types;
}

std::string decoded_on_devices(Type type) {
  constexpr std::string_view own[] = {"F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q4_K", "Q6_K"};
  const std::string_view name = quant::info(type).name;
  return std::find(std::begin(own), std::end(own), name) == std::end(own) ? std::string(name) : std::string();
}

}  // namespace lt::cases
