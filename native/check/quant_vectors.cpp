// Every block type against the shared vectors, and against a fingerprint of them that travels with the repository.
#include <cctype>
#include <cstring>
#include <map>
#include <vector>

#include "check/check.h"
#include "quant/type.h"

namespace {

using namespace lt;

// "Q4_K" is in files named q4_K.
std::string file_name(const quant::TypeInfo& t) {
  std::string name = t.name;
  const bool k = name.ends_with("_K");
  for (char& c : name) c = static_cast<char>(std::tolower(c));
  if (k) name.back() = 'K';
  return name;
}

uint32_t bits(float x) {
  uint32_t b;
  std::memcpy(&b, &x, sizeof b);
  return b;
}

void compare(const quant::TypeInfo& t) {
  const std::string blocks = check::read_file(check::shared("vectors/quant/" + file_name(t) + ".blocks"));
  const std::string values = check::read_file(check::shared("vectors/quant/" + file_name(t) + ".f32"));
  const size_t n = values.size() / sizeof(float);
  CHECK_THAT(n > 0 && blocks.size() / t.bytes * t.values == n, t.name << ": " << blocks.size() << " bytes for " << n << " values");
  std::vector<float> want(n), got(n);
  std::memcpy(want.data(), values.data(), values.size());
  t.dequantize(got.data(), blocks.data(), static_cast<int64_t>(n));
  for (size_t i = 0; i < n; i++) CHECK_THAT(bits(got[i]) == bits(want[i]), t.name << "[" << i << "]: " << got[i] << ", not " << want[i]);
}

// Of values decoded from pseudo-random blocks whose bytes stay finite as f16 (bit 14 of each half clear).
uint32_t fingerprint(const quant::TypeInfo& t) {
  std::vector<uint8_t> blocks(static_cast<size_t>(t.bytes) * 64);
  uint32_t state = 12345;
  for (size_t i = 0; i < blocks.size(); i++) {
    state = state * 1664525 + 1013904223;
    blocks[i] = static_cast<uint8_t>((state >> 24) & (i % t.bytes % 2 ? 0xbf : 0xff));
  }
  std::vector<float> y(static_cast<size_t>(t.values) * 64);
  t.dequantize(y.data(), blocks.data(), static_cast<int64_t>(y.size()));
  uint32_t hash = 2166136261;
  for (const float x : y) hash = (hash ^ (x != x ? 0x7fc00000u : bits(x))) * 16777619;
  return hash;
}

CHECK_CASE("quant/every block type decodes the shared vectors bit for bit") {
  int compared = 0;
  for (const quant::TypeInfo& t : quant::types()) {
    if (!t.block) continue;
    compare(t);
    compared++;
  }
  CHECK(compared == 25);
}

// Recorded when the decoders agreed with the vectors: other compilers and processors must give the same.
CHECK_CASE("quant/every block type decodes to its fingerprint") {
  const std::map<std::string, uint32_t> recorded = {
      {"F32", 0x2b7dad0a},   {"F16", 0xf509cac5},    {"Q4_0", 0xb795cdc5},    {"Q4_1", 0x32a64a9d},   {"Q5_0", 0x57d0a3c5},
      {"Q5_1", 0x6382a563},  {"Q8_0", 0xf801cdc5},   {"Q2_K", 0xab8876b6},    {"Q3_K", 0x08e9a045},   {"Q4_K", 0x07edf165},
      {"Q5_K", 0xbbc07338},  {"Q6_K", 0x55e472bf},   {"IQ2_XXS", 0x06e3b135}, {"IQ2_XS", 0x78574801}, {"IQ3_XXS", 0xf981bd8d},
      {"IQ1_S", 0x5cf20045}, {"IQ4_NL", 0x557438c5}, {"IQ3_S", 0xddbac585},   {"IQ2_S", 0x0606e25d},  {"IQ4_XS", 0x55a30bb9},
      {"IQ1_M", 0xa83456e5}, {"BF16", 0xc8e86ac5},   {"TQ1_0", 0x267bddc5},   {"TQ2_0", 0x597d7dc5},  {"MXFP4", 0xcf063dc5},
      {"NVFP4", 0xddafddc5}, {"Q1_0", 0x27a8ddc5},   {"Q2_0", 0xb727ddc5},
  };
  for (const quant::TypeInfo& t : quant::types()) {
    if (!t.dequantize) continue;
    const auto found = recorded.find(t.name);
    CHECK_THAT(found != recorded.end(), t.name << ": record fingerprint " << fingerprint(t));
    CHECK_THAT(found->second == fingerprint(t), t.name << ": " << fingerprint(t) << ", not " << found->second);
  }
}

}  // namespace
